"""Planning again: what the options leave open stays, `--format` only reads, and a plan can be given up."""

from pathlib import Path

import pytest

from gitcoord.cli.context import open_context
from gitcoord.tasks.reader import read_task_list
from tests.support.project import Project, independent
from tests.support.tasklists import task, write_tasks


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project.create(tmp_path, independent("1", "2", "3"))
    project.remote.git("branch", "develop", "main")
    return project


def plan_of(project: Project) -> dict[str, object]:
    return dict(project.run("show", "--json", ok=0).json)


GIVEN = ("--base", "develop", "--strategy", "single-pr", "--max-parallel", "7", "--token-budget", "900")


def test_what_is_not_given_is_taken_from_the_saved_plan(project: Project) -> None:
    project.run("plan", *GIVEN, "--all", "--plan-cancelled", ok=0)
    write_tasks(project.desk.path, independent("1", "2", "3", "4"))
    ended = project.run("plan", "--json", ok=0)
    plan = ended.json
    kept = ("base", "strategy", "max_parallel", "token_budget", "everything", "cancelled_satisfies")
    assert [plan[name] for name in kept] == ["develop", "single-pr", 7, 900, True, False]
    assert plan["changes"] == []
    assert "4" in plan["tasks"]
    back = ("--token-budget", "0", "--no-all", "--no-plan-cancelled")
    plan = project.run("plan", "--json", *back, ok=0).json
    assert [plan[name] for name in kept[3:]] == [None, False, True]


def test_a_change_is_said(project: Project) -> None:
    ended = project.run("plan", *GIVEN, ok=0)
    assert "base: main -> develop\nstrategy: multi-pr -> single-pr\nmax-parallel: 4 -> 7\n" in ended.err
    ended = project.run("plan", "--base", "main", "--json", "--dry-run", ok=0)
    assert ended.json["changes"] == [{"name": "base", "before": "develop", "now": "main"}]


def test_a_tag_stays_as_long_as_the_list_has_it(project: Project) -> None:
    path = write_tasks(project.desk.path, independent("1"), tag="api")
    path.write_text('{"master": {"tasks": [{"id": 9, "title": "nine"}]}, ' + path.read_text().strip()[1:])
    project.run("plan", "--tag", "api", ok=0)
    assert project.run("plan", "--json", ok=0).json["tag"] == "api"
    assert "tag: api -> master" in project.run("plan", "--tag", "master", ok=0).err


def test_the_list_that_was_named_stays_as_long_as_it_is_there(project: Project, tmp_path: Path) -> None:
    usual = write_tasks(project.desk.path, independent("1", "2", "3"))
    own = project.desk.path / "lists" / "own.json"
    own.parent.mkdir()
    own.write_text(write_tasks(tmp_path / "elsewhere", independent("1", "2", "3", "4")).read_text())
    assert "lists/own.json" in project.run("plan", "--tasks", str(own), ok=0).err
    again = project.run("plan", "--json", ok=0).json
    assert (len(again["tasks"]), again["source"], again["changes"]) == (4, "lists/own.json", [])
    assert "list-changed" not in project.run("show", ok=0).err
    own.unlink()
    name = str(usual.relative_to(project.desk.path))
    gone = project.run("plan", "--dry-run", "--json", ok=0).json
    assert gone["changes"] == [{"name": "tasks", "before": "lists/own.json", "now": name}]


def test_a_list_that_the_plan_names_outside_of_the_repository_is_not_read(tmp_path: Path) -> None:
    outside = write_tasks(tmp_path, independent("secret"))
    desk = tmp_path / "desk"
    write_tasks(desk, independent("1"))
    for kept in (str(outside), "../.taskmaster/tasks/tasks.json"):
        listed = read_task_list(root=desk, tasks=None, tag=None, kept_list=kept)
        assert [task.id for task in listed.tasks] == ["1"]


def test_settings_that_the_plan_does_not_follow_are_named(project: Project) -> None:
    (project.desk.path / "gitcoord.toml").write_text("max-parallel = 9\n")
    ended = project.run("plan", "--json", ok=0)
    assert ended.json["max_parallel"] == 4
    assert "settings-not-taken" in [warning["code"] for warning in ended.json["warnings"]]
    assert project.run("plan", "--reset", "--json", ok=0).json["max_parallel"] == 9


@pytest.mark.parametrize("command", [("plan", "--format", "waves"), ("show", "--format", "waves")])
def test_a_format_alone_only_reads(project: Project, command: tuple[str, ...]) -> None:
    refs = project.remote.refs()
    (project.desk.path / "gitcoord.toml").write_text('base = "develop"\n')
    write_tasks(project.desk.path, [*independent("1", "2"), task(3, depends_on=[1]), task(4)])
    ended = project.run(*command, ok=0)
    assert ended.out == "[[1,2,3]]\n"
    assert "1 added" in ended.err
    assert "[list-changed]" in ended.err
    assert project.remote.refs() == refs
    assert project.run("plan", "--format", "waves", "--dry-run", ok=0).out == "[[1,2,4],[3]]\n"


def test_a_format_without_a_plan_makes_one(tmp_path: Path) -> None:
    project = Project.create(tmp_path, independent("1"))
    project.remote.git("update-ref", "-d", "refs/gitcoord/plan")
    assert project.run("show").code == 2
    assert project.run("plan", "--format", "levels", ok=0).out == "[[1]]\n"
    assert project.run("show", "--format", "levels", ok=0).out == "[[1]]\n"


def test_next_says_what_can_start(tmp_path: Path) -> None:
    project = Project.create(tmp_path, [task(1), task(2, depends_on=[1]), task(3)])
    ended = project.run("next", "--json", ok=0)
    assert [start["unit"] for start in ended.json["starts"]] == ["1", "3"]
    assert ended.json["starts"][0]["branch"] == "feature/level-0-task-1"
    assert ended.json["waiting"]["2"]["name"] == "dependencies"
    for id in ("1", "3"):
        project.worker(id).run("checkout", id, ok=0)
    ended = project.run("next", "--json")
    assert (ended.code, ended.json["state"], ended.json["running"]) == (1, "working", ["1", "3"])
    for id in ("1", "3"):
        project.worker(id).do({f"{id}.txt": id})
    project.run("merge-level")
    assert project.run("next", ok=0).out == "2  Task 2  feature/level-1-task-2\n"
    project.run("worker", "2", "--shell", "--agent", "exit 65", ok=65)
    failed = project.run("next", ok=1).err.splitlines()
    assert failed[1].startswith("2 cannot start: its agent says that the task itself is wrong")
    assert failed[2:] == ["  hint: `gitcoord retry TASK` retries a failed task."]
    project.worker("2").do({"2.txt": "2"})
    project.run("merge-level")
    ended = project.run("next", "--json")
    assert (ended.code, ended.json["state"]) == (1, "finished")
    assert project.run("next", env={"GITCOORD_STATE_PREFIX": "refs/none/"}).code == 2


def test_what_was_cancelled_or_has_landed_is_over(project: Project) -> None:
    project.worker("1").do({"1.txt": "1"})
    project.worker("2").run("checkout", "2", ok=0)
    project.run("cancel", "2", "3", ok=0)
    landing = project.run("merge-level", ok=1)
    for id in ("2", "3"):
        assert f"cancelled; `gitcoord retry {id}` undoes that" in " ".join(landing.out.split())
    assert "Nobody works on tasks 2, 3" in landing.out
    project.run("retry", "3", ok=0)
    ended = project.run("plan", "--reset", ok=0)
    assert "Discarded task 2 (Task 2), cancelled, on feature/level-0-task-2" in ended.err
    states = {id: one["state"] for id, one in project.run("status", "--json", ok=0).json["tasks"].items()}
    assert states == {"1": "landed", "2": "pending", "3": "pending"}
    assert project.worker("2").run("checkout", "2", ok=0).out == "feature/level-0-task-2-g2\n"


def test_work_under_way_is_given_up_by_name_and_force(project: Project) -> None:
    project.worker("2").do({"2.txt": "2"})
    refs = project.remote.refs()
    ended = project.run("plan", "--reset", "--json")
    assert (ended.code, ended.json["code"]) == (2, "work-under-way")
    assert "--force" in ended.json["hint"]
    ended = project.run("plan", "--reset", "--force", "--dry-run", "--json", ok=0)
    assert [(one["task"], one["branch"], one["state"]) for one in ended.json["given_up"]] == [
        ("2", "feature/level-0-task-2", "submitted")
    ]
    assert project.remote.refs() == refs
    project.run("plan", "--reset", "--force", ok=0)
    assert (
        refs.items() - {("refs/gitcoord/plan", refs["refs/gitcoord/plan"])} <= project.remote.refs().items()
    )
    project.run("merge-level")
    assert "2.txt" not in project.remote.git("ls-tree", "--name-only", "main")
    assert (project.run("plan", "--force").code, project.run("plan", "--reset", "--new-list").code) == (2, 2)


def test_a_branch_made_by_hand_is_given_up_by_name_too(project: Project) -> None:
    project.work("2", {"2.txt": "2"})
    assert project.run("plan", "--reset").code == 2
    given = project.run("plan", "--reset", "--force", "--json", ok=0).json["given_up"]
    assert [(one["task"], one["branch"]) for one in given] == [("2", "feature/level-0-task-2")]
    project.run("merge-level")
    assert "2.txt" not in project.remote.files("main")


def test_landed_work_alone_needs_no_new_names(project: Project) -> None:
    project.worker("1").do({"1.txt": "1"})
    project.run("merge-level")
    plan = project.run("plan", "--reset", "--json", ok=0).json
    assert (plan["generation"], plan["given_up"]) == (1, [])
    assert project.run("status", "--json", ok=0).json["tasks"]["1"]["state"] == "landed"


def test_who_is_at_work_for_the_old_plan_is_told(project: Project) -> None:
    context = open_context(project.desk.path)
    context.store.refresh()
    assert context.store.generation == 1
    project.worker("1").run("checkout", "1", ok=0)
    project.run("plan", "--new-list", ok=0)
    context.store.refresh()
    with pytest.raises(Exception, match="the plan of another task list"):
        context.store.require_plan()
