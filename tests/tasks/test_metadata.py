"""gitcoord's hints and TaskMaster's complexity."""

import json
from pathlib import Path
from typing import Any

import pytest

from gitcoord.tasks.model import Task
from gitcoord.tasks.reader import read_task_list
from tests.support.tasklists import task, write_tasks
from tests.tasks.conftest import Read, codes


def hints(found: Task) -> tuple[Any, ...]:
    return found.estimate, found.modifies, found.parallel_safe, found.conflicts_with, found.repo


GIVEN: dict[str, Any] = {
    "estimate": 30,
    "modifies": ["src/**/*.rs", "Cargo.toml"],
    "parallel_safe": False,
    "conflicts_with": [2],
    "repo": "kitchen",
}
UNDERSTOOD = (30.0, ("src/**/*.rs", "Cargo.toml"), False, ("2",), "kitchen")


def test_hints_stand_at_the_task_or_under_its_metadata(read: Read) -> None:
    found = read(task(1, **GIVEN), task(2), task(3, metadata={"gitcoord": GIVEN, "own": 1}))
    assert [hints(one) for one in found.tasks] == [UNDERSTOOD, (None, (), True, (), None), UNDERSTOOD]
    assert codes(found) == []


def test_metadata_counts_more_than_the_task(read: Read) -> None:
    assert read(task(1, estimate=10, metadata={"gitcoord": {"estimate": 2.5}})).tasks[0].estimate == 2.5


@pytest.mark.parametrize(
    "hint",
    [
        {"estimate": "2 hours"},
        {"estimate": 0},
        {"estimate": -5},
        {"estimate": True},
        {"estimate": 1e308},
        {"modifies": "src/*"},
        {"modifies": [1]},
        {"parallel_safe": "no"},
        {"conflicts_with": 2},
        {"conflicts_with": [None]},
        {"repo": [3]},
        {"repo": " "},
        {"modify": ["typo"]},
    ],
)
def test_a_hint_of_the_wrong_kind_is_ignored_with_a_warning(read: Read, hint: dict[str, Any]) -> None:
    found = read(task(1, metadata={"gitcoord": hint}), task(2))
    assert hints(found.tasks[0]) == (None, (), True, (), None)
    assert codes(found) == [("bad-hint", "1")]
    assert next(iter(hint)) in found.warnings[0].message


def test_hints_that_are_no_object_are_ignored_with_a_warning(read: Read) -> None:
    assert codes(read(task(1, metadata={"gitcoord": "fast"}), task(2, metadata="x"))) == [("bad-hint", "1")]


def test_a_conflict_with_an_unknown_task_is_mentioned(read: Read) -> None:
    found = read(task(1, conflicts_with=[1, 2, 9]), task(2))
    assert found.tasks[0].conflicts_with == ("2",)
    assert codes(found) == [("unknown-conflict", "1")]


def test_subtasks_have_hints_and_conflict_with_siblings(read: Read) -> None:
    subtasks = [
        {"id": 1, "conflicts_with": [2, "3.3"], "estimate": 5},
        {"id": 2, "modifies": ["a"], "parallel_safe": False},
        {"id": 3},
    ]
    first, second, _ = read(task(3, subtasks=subtasks)).tasks[0].subtasks
    assert (first.conflicts_with, first.estimate) == (("3.2", "3.3"), 5.0)
    assert (second.modifies, second.parallel_safe) == (("a",), False)


def test_a_subtasks_conflict_with_another_task_concerns_its_task(read: Read) -> None:
    found = read(
        task(3, subtasks=[{"id": 1, "conflicts_with": [4, "5.1"]}]), task(4), task(5, subtasks=[{"id": 1}])
    )
    assert found.tasks[0].conflicts_with == ("4", "5")
    assert found.tasks[0].subtasks[0].conflicts_with == ()


def report(root: Path, name: str, content: Any) -> None:
    folder = root / ".taskmaster" / "reports"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))


def analysis(*scores: tuple[Any, Any]) -> dict[str, Any]:
    return {"complexityAnalysis": [{"taskId": id, "complexityScore": score} for id, score in scores]}


def complexities(root: Path, tag: str) -> list[float | None]:
    return [one.complexity for one in read_task_list(root=root, tasks=None, tag=tag, environ={}).tasks]


def test_complexity_comes_from_the_task_else_from_the_report(tmp_path: Path) -> None:
    tasks = [task(1, complexity=3), task("2"), task(3, complexity="medium"), task(4), task(5, complexity=11)]
    write_tasks(tmp_path, tasks)
    report(tmp_path, "task-complexity-report.json", analysis((1, 9), (2, 7), ("3", 4), (5, 0), (6, 2)))
    assert complexities(tmp_path, "master") == [3, 7, 4, None, None]


def test_another_tag_has_a_report_of_its_own(tmp_path: Path) -> None:
    write_tasks(tmp_path, [task(1)], tag="garden")
    report(tmp_path, "task-complexity-report.json", analysis((1, 9)))
    assert complexities(tmp_path, "garden") == [None]
    report(tmp_path, "task-complexity-report_garden.json", analysis((1, 8)))
    assert complexities(tmp_path, "garden") == [8]


@pytest.mark.parametrize("content", ["{", "[]", '{"complexityAnalysis": {}}', "[" * 100_000])
def test_a_broken_report_is_ignored_with_a_warning(tmp_path: Path, content: str) -> None:
    write_tasks(tmp_path, [task(1)])
    report(tmp_path, "task-complexity-report.json", content)
    found = read_task_list(root=tmp_path, tasks=None, tag=None, environ={})
    assert codes(found) == [("bad-complexity-report", None)]


def test_a_tags_name_never_leads_out_of_the_reports(tmp_path: Path) -> None:
    write_tasks(tmp_path, [task(1)], tag="x/../../../elsewhere")
    (tmp_path / ".taskmaster" / "reports" / "task-complexity-report_x").mkdir(parents=True)
    (tmp_path / "elsewhere.json").write_text(json.dumps(analysis((1, 8))))
    found = read_task_list(root=tmp_path, tasks=None, tag=None, environ={})
    assert found.tasks[0].complexity is None


def test_a_broken_member_of_a_report_does_not_spoil_the_others(tmp_path: Path) -> None:
    write_tasks(tmp_path, [task(1)])
    members = {"complexityAnalysis": [None, 3, {}, {"taskId": [1]}, {"taskId": 1, "complexityScore": 6}]}
    report(tmp_path, "task-complexity-report.json", members)
    assert complexities(tmp_path, "master") == [6]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("src\\main.rs", "src/main.rs"),
        ("src\\api\\", "src/api/"),
        (".\\a.py", "/a.py"),
        ("a.py:12", "a.py"),
        ("src/a.py:12-40", "src/a.py"),
        ("src\\a.py:12:5", "src/a.py"),
        ("a.py#L12-L40", "a.py"),
        ("a.py:L3-L9", "a.py"),
        ("tests/test_a.py::Case::test_it[x-1]", "tests/test_a.py"),
        ("`src/a.py`", "src/a.py"),
        ("src/../a.py", "a.py"),
        # What leads outside is named, and stays.
        ("../a.py", "../a.py"),
        ("src/../../a.py", "../a.py"),
        ("~/app/a.py", "~/app/a.py"),
        ("C:\\app\\a.py", "C:\\app/a.py"),
        ("https://github.com/a/b/blob/main/a.py", "https://github.com/a/b/blob/main/a.py"),
        ("$HOME/app/a.py", "$HOME/app/a.py"),
    ],
)
def test_paths_as_editors_and_windows_write_them_are_read_as_meant(
    read: Read, written: str, meant: str
) -> None:
    found = read(task(1, modifies=[written, "b.py"]))
    assert found.tasks[0].modifies == (meant, "b.py")
    assert codes(found) == [("odd-path", "1")]
    outside = meant.startswith(("../", "~/", "C:", "https:", "$"))
    assert ("outside of the repository" in found.warnings[0].message) == outside


@pytest.mark.parametrize(
    "glob", ["src/**/*.py", "\\#odd", "a\\*b", "[a-z]:1x", "a\\ b", "src/v1:2/x", "~a.py", "Foo::Bar"]
)
def test_what_gitignore_knows_is_left_alone(read: Read, glob: str) -> None:
    found = read(task(1, modifies=[glob]))
    assert (found.tasks[0].modifies, codes(found)) == ((glob,), [])
