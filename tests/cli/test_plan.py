"""`gitcoord plan` as a user runs it: what it prints, what it saves, what it keeps."""

from pathlib import Path

import pytest

from gitcoord.cli.context import open_context
from gitcoord.events import TaskStarted
from tests.cli.plan_shell import DIAMOND, PLAN_REF, Shell, diamond
from tests.support.repos import Repo
from tests.support.tasklists import task, write_tasks


@pytest.fixture
def project(tmp_path: Path) -> tuple[Repo, Repo]:
    return diamond(tmp_path)


@pytest.fixture
def shell(project: tuple[Repo, Repo], capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(project[1].path, capsys)


def start(work: Repo, id: str) -> None:
    context = open_context(work.path)
    context.store.refresh()
    branch = f"feature/level-0-task-{id}"
    at = "2026-01-01T00:00:00Z"
    context.store.record(TaskStarted(at=at, by="w", task=id, branch=branch, base=work.tip("main")))


def test_the_plan_is_printed_and_saved_on_the_remote(project: tuple[Repo, Repo], shell: Shell) -> None:
    ended = shell.plan()
    assert (ended.code, ended.err) == (0, "The plan is saved.\n")
    assert "4 tasks in 3 levels" in ended.out
    assert "Critical path  1 → 2 → 4" in ended.out
    assert PLAN_REF in project[0].refs()


def test_planning_twice_changes_nothing(project: tuple[Repo, Repo], shell: Shell) -> None:
    shell.plan()
    refs = project[0].refs()
    ended = shell.plan()
    assert (ended.code, ended.err) == (0, "The plan is as it was saved before.\n")
    assert project[0].refs() == refs


def test_a_changed_list_is_saved_as_one_more_commit(project: tuple[Repo, Repo], shell: Shell) -> None:
    shell.plan()
    write_tasks(project[1].path, [*DIAMOND, task(5)])
    assert [len(level["tasks"]) for level in shell.plan("--json").json["levels"]] == [2, 2, 1]
    assert project[0].git("rev-list", "--count", PLAN_REF) == "2"


def test_planning_again_when_work_is_done_keeps_levels_and_branches(
    project: tuple[Repo, Repo], shell: Shell
) -> None:
    below = [{"id": 7, "title": "Part", "status": "pending", "dependencies": [1]}]
    asking = {**task(2), "subtasks": below}
    write_tasks(project[1].path, [task(1), asking, task(3, depends_on=[1])])
    first = shell.plan("--json").json
    write_tasks(project[1].path, [{**task(1), "status": "done"}, asking, task(3, depends_on=[1])])
    assert shell.plan("--all", "--dry-run", "--format", "levels").out == "[[1],[2,3]]\n"
    again = shell.plan("--json").json
    for id, planned in first["tasks"].items():
        assert again["tasks"][id]["branch"] == planned["branch"]
        assert again["tasks"][id]["level"] == planned["level"]


def test_a_dry_run_writes_nothing(project: tuple[Repo, Repo], shell: Shell) -> None:
    before = project[0].refs(), sorted(project[0].objects())
    ended = shell.plan("--dry-run")
    assert (ended.code, ended.err) == (0, "Saved nothing: this was a dry run.\n")
    assert (project[0].refs(), sorted(project[0].objects())) == before
    assert shell.plan("--dry-run", "--json").json["saved"] is False


def test_the_json_document_has_what_the_readme_promises(shell: Shell) -> None:
    document = shell.plan("--json", "--strategy", "multi-pr", "--max-parallel", "2").json
    assert document["schema"] == "gitcoord.plan/1"
    assert [document[key] for key in ("base", "strategy", "tag", "saved")] == [
        "main",
        "multi-pr",
        "master",
        True,
    ]
    assert document["levels"][1] == {
        "number": 1,
        "name": "level-1",
        "branch": "feature/level-1-implementation",
        "waves": [["2", "3"]],
        "tasks": ["2", "3"],
    }
    expected = {
        "title": "Task 2",
        "branch": "feature/level-1-task-2",
        "level": 1,
        "wave": 1,
        "depends_on": ["1"],
        "slack": 0,
        "critical": True,
        "estimate": 30,
        "subtask_waves": [],
    }
    assert {key: document["tasks"]["2"][key] for key in expected} == expected
    assert document["critical_path"] == ["1", "2", "4"]
    assert {name: schedule["duration"] for name, schedule in document["schedules"].items()} == {
        "sequential": 120,
        "level_barrier": 90,
        "no_barrier": 90,
        "pipeline": 90,
    }
    assert document["schedules"]["no_barrier"]["efficiency"] == pytest.approx(120 / 90 / 2, abs=1e-6)
    assert document["opportunities"] == [{"depends_on": ["1"], "tasks": ["2", "3"], "saves": 30}]
    assert document["warnings"] == []


def test_the_levels_are_a_plain_list_for_workflow_templates(project: tuple[Repo, Repo], shell: Shell) -> None:
    assert shell.plan("--format", "levels").out == "[[1],[2,3],[4]]\n"
    assert shell.plan("--format", "waves").out == "[[1],[2,3],[4]]\n"
    write_tasks(project[1].path, [task("10"), task("9"), task("a"), task("01x"), task("9" * 20)])
    assert shell.plan("--format", "levels", "--dry-run").out == f'[["01x",9,10,"{"9" * 20}","a"]]\n'


def test_pictures_are_printed_alone(shell: Shell) -> None:
    assert shell.plan("--format", "mermaid").out.startswith("flowchart LR\n")
    assert shell.plan("--format", "dot").out.startswith("digraph plan {\n")


def test_a_token_budget_is_split(shell: Shell) -> None:
    tasks = shell.plan("--json", "--token-budget", "1001").json["tasks"]
    assert {id: task["tokens"] for id, task in tasks.items()} == {"1": 1001, "2": 501, "3": 500, "4": 1001}
    assert "501" in shell.plan("--token-budget", "1001").out


def test_all_plans_what_is_done_too(project: tuple[Repo, Repo], shell: Shell) -> None:
    done = [task(1, status="done"), task(2, depends_on=[1])]
    write_tasks(project[1].path, done)
    assert shell.plan("--format", "levels", "--dry-run").out == "[[2]]\n"
    assert shell.plan("--format", "levels", "--dry-run", "--all").out == "[[1],[2]]\n"


def test_cancelled_tasks_count_as_work_when_asked(project: tuple[Repo, Repo], shell: Shell) -> None:
    write_tasks(project[1].path, [task(1, status="cancelled"), task(2, depends_on=[1])])
    assert shell.plan("--format", "levels", "--dry-run").out == "[[2]]\n"
    assert shell.plan("--format", "levels", "--dry-run", "--plan-cancelled").out == "[[1],[2]]\n"


def test_what_is_under_way_keeps_its_level_and_branch(project: tuple[Repo, Repo], shell: Shell) -> None:
    shell.plan("--strategy", "multi-pr")
    start(project[1], "1")
    write_tasks(project[1].path, [task(1, status="done"), task(0), task(2, depends_on=[0, 1])])
    document = shell.plan("--json").json
    assert [level["tasks"] for level in document["levels"]] == [["1", "0"], ["2"]]
    assert document["strategy"] == "multi-pr"
    assert document["satisfied"] == ["1"]


def test_a_plan_with_work_under_way_is_not_started_afresh(project: tuple[Repo, Repo], shell: Shell) -> None:
    shell.plan()
    assert shell.plan("--reset").code == 0
    start(project[1], "1")
    refs = project[0].refs()
    ended = shell.plan("--reset", "--json")
    assert (ended.code, ended.json["code"]) == (2, "work-under-way")
    assert "task 1 is in progress" in ended.json["message"]
    assert project[0].refs() == refs


def test_a_plan_of_another_tag_is_replaced_only_while_nobody_works_on_it(
    project: tuple[Repo, Repo], shell: Shell
) -> None:
    shell.plan()
    write_tasks(project[1].path, [task(1), task(7)], tag="other")
    assert shell.plan("--json", "--tag", "other").json["tag"] == "other"
    start(project[1], "7")
    write_tasks(project[1].path, DIAMOND)
    ended = shell.plan("--json")
    assert (ended.code, ended.json["code"]) == (2, "other-plan")
    assert "tag other" in ended.json["message"]
    assert "--tag other" in ended.json["hint"]


def test_waves_for_a_template_keep_the_cap_and_list_ids_in_the_order_of_levels(
    project: tuple[Repo, Repo], shell: Shell
) -> None:
    # 12 takes longest and comes first in its wave; what takes equally long goes together.
    minutes = {3: 20, 7: 20, 10: 20, 12: 90}
    tasks = [task(id, estimate=minutes.get(id, 10)) for id in range(1, 13)]
    write_tasks(project[1].path, [*tasks, task(13, depends_on=[12])])
    assert shell.plan("--format", "levels").out == "[[1,2,3,4,5,6,7,8,9,10,11,12],[13]]\n"
    assert shell.plan("--format", "waves").out == "[[3,7,10,12],[1,2,4,5],[6,8,9,11],[13]]\n"
    wide = shell.plan("--format", "waves", "--max-parallel", "20")
    assert wide.out == "[[1,2,3,4,5,6,7,8,9,10,11,12],[13]]\n"


def test_subtasks_are_shown_in_their_waves(project: tuple[Repo, Repo], shell: Shell) -> None:
    subtasks = [
        {"id": number, "title": f"s{number}", "status": "pending", "dependencies": needs}
        for number, needs in ((1, []), (2, [1]), (3, [1]))
    ]
    write_tasks(project[1].path, [task(1, subtasks=subtasks)])
    assert "subtasks 1 → 2 + 3" in shell.plan().out


def test_the_help_has_examples(shell: Shell) -> None:
    ended = shell.plan("--help")
    assert "gitcoord plan --format levels" in ended.out
    assert "--tag TAG" in ended.out
