"""The report on a level: states of branches, waves, order, proof, and what does not count."""

from pathlib import Path

import pytest

from gitcoord.conflicts.check_level import changed_paths
from gitcoord.errors import GitcoordError
from gitcoord.git.locate_repository import locate
from gitcoord.planning.arrange_waves import Candidate
from gitcoord.tasks.model import TaskId
from tests.conflicts.level import LINES, Level, edited, only_pair


def test_every_state_of_a_branch_is_told_and_none_is_an_error(tmp_path: Path) -> None:
    level = Level(tmp_path, {"a": LINES})
    level.branch("ready", {"a": edited(3)})
    level.repo.branch("empty")
    level.branch("landed", {"z": "z\n"})
    report = level.examine("ready", "missing", "empty", "landed", "gone", landed=("landed", "gone"))
    assert [(b.task, b.state) for b in report.branches] == [
        ("ready", "ready"),
        ("missing", "missing"),
        ("empty", "empty"),
        ("landed", "landed"),
        ("gone", "landed"),
    ]
    assert report.branches[0].changed_paths == ("a",)
    assert report.waves == (("ready",),)
    assert report.one_wave()


def test_a_branch_behind_the_base_without_work_of_its_own_is_empty(tmp_path: Path) -> None:
    level = Level(tmp_path, {"a": LINES})
    level.repo.branch("1")
    level.repo.commit({"a": edited(3)}, "the base moves")
    assert level.examine().branches[0].state == "empty"


def test_wrong_clocks_make_no_branch_a_stranger_to_the_base(tmp_path: Path) -> None:
    level = Level(tmp_path, {"a": LINES})
    start, level.repo._clock = level.repo.tip("main"), 0
    for number in range(9):
        level.repo.commit({"b": f"{number}\n"})
    level.repo._clock = 1_700_000_000
    for name, line in (("1", 2), ("2", 12)):
        level.repo.commit({"a": edited(line)}, branch=name, at=start)
    assert start in level.repo.git("rev-list", "1", "^main").split()
    assert [(b.state, b.changed_paths) for b in level.examine("1", "2").branches] == [("ready", ("a",))] * 2


def test_changed_paths_count_from_the_merge_base_with_both_ends_of_renames(tmp_path: Path) -> None:
    level = Level(tmp_path, {"a": LINES, "b": LINES + "b"})
    level.branch("1", {"a": None, "c": LINES, "d": "new\n"})
    level.repo.commit({"b": edited(3)}, "the base moves")
    report = level.examine()
    assert report.branches[0].changed_paths == ("a", "c", "d")
    repository = locate(level.repo.path).open()
    tip = level.repo.tip("1")
    assert changed_paths(repository.git, report.base_commit, [tip]) == {tip: {"a", "c", "d"}}


def test_the_heavier_task_of_a_clash_lands_first(tmp_path: Path) -> None:
    level = Level(tmp_path, {"a": LINES})
    level.branch("1", {"a": edited(3, by="one")})
    level.branch("2", {"a": edited(3, by="two")})
    weights = [
        Candidate(id=TaskId("1"), weight=10, priority=10),
        Candidate(id=TaskId("2"), weight=90, priority=90),
    ]
    assert level.examine(candidates=weights).waves == (("2",), ("1",))


def test_overlap_mode_serialises_what_would_merge(tmp_path: Path) -> None:
    level = Level(tmp_path, {"a": LINES})
    level.branch("1", {"a": edited(3)})
    level.branch("2", {"a": edited(33)})
    report = level.examine(serialize_on="overlap")
    assert only_pair(report).verdict == "clean"
    assert report.waves == (("1",), ("2",))


def test_an_ignored_overlap_does_not_serialise(tmp_path: Path) -> None:
    level = Level(tmp_path, {"Cargo.lock": LINES, "docs/a.md": LINES})
    level.branch("1", {"Cargo.lock": edited(3), "docs/a.md": edited(3)})
    level.branch("2", {"Cargo.lock": edited(33), "docs/a.md": edited(33)})
    report = level.examine(serialize_on="overlap", ignore=["*.lock", "docs/"])
    pair = only_pair(report)
    assert (pair.overlap, pair.ignored, pair.clash) == ((), ("Cargo.lock", "docs/a.md"), False)
    assert report.metrics.overlapping == 0
    assert report.one_wave()


def test_a_merge_that_fails_in_an_ignored_path_is_still_a_conflict_and_marked(tmp_path: Path) -> None:
    level = Level(tmp_path, {"Cargo.lock": LINES})
    level.branch("1", {"Cargo.lock": edited(3, by="one")})
    level.branch("2", {"Cargo.lock": edited(3, by="two")})
    pair = only_pair(level.examine(ignore=["*.lock"]))
    assert (pair.verdict, pair.only_ignored, pair.clash) == ("conflict", True, True)


def test_a_pattern_that_is_none_is_named(tmp_path: Path) -> None:
    level = Level(tmp_path, {"a": LINES})
    with pytest.raises(GitcoordError, match=r"'!' is not a pattern") as raised:
        level.examine("1", ignore=["docs/", "!"])
    assert raised.value.exit == 2


def test_the_landing_order_is_proved_step_by_step(tmp_path: Path) -> None:
    level = Level(tmp_path, {"a": LINES, "b": LINES})
    level.branch("1", {"a": edited(3)})
    level.repo.commit({"b": edited(20)}, "the base moves")
    level.branch("2", {"a": edited(33)})
    report = level.examine()
    work = level.repo.clone(tmp_path / "by-hand")
    trees = []
    for task in report.landing_order:
        work.git("merge", "--quiet", "--no-ff", "-m", "by hand", f"origin/{task}")
        trees.append(work.tree("HEAD"))
    [wave] = report.proof
    assert [step.tree for step in wave] == trees
    assert [step.head for step in wave] == [level.repo.tip(task) for task in report.landing_order]


def test_nothing_is_written_into_the_repository(tmp_path: Path) -> None:
    level = Level(tmp_path, {"a": LINES}, bare=False)
    level.branch("1", {"a": edited(3, by="one")})
    level.branch("2", {"a": edited(3, by="two")})
    level.branch("3", {"b": "new\n"})
    level.repo.commit({"c": "c\n"}, "the base moves")
    before = everything(level.repo.path)
    assert len(level.examine().waves) == 2
    assert everything(level.repo.path) == before


def everything(path: Path) -> dict[str, bytes]:
    files = [file for file in sorted(path.rglob("*")) if file.is_file() and "gitcoord" not in file.parts]
    return {str(file): file.read_bytes() for file in files}
