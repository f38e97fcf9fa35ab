"""A record that gitcoord did not write, or cannot read, holds its own task and no other, in every command."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.agents import ScriptAgent
from tests.support.project import Project, independent
from tests.support.repos import Repo
from tests.support.tasklists import write_tasks

RECORD = "refs/gitcoord/tasks/1"


def foreign(project: Project) -> None:
    project.remote.git("update-ref", RECORD, project.remote.tip("main"))


def on_top(project: Project) -> None:
    before = project.remote.find(RECORD)
    parents = ["-p", before] if before else []
    commit = project.remote.git("commit-tree", *parents, "-m", "mine", project.remote.tree("main"))
    project.remote.git("update-ref", RECORD, commit)


KINDS = pytest.mark.parametrize("spoil", [foreign, on_top])


@KINDS
@pytest.mark.parametrize("strategy", ["single-pr", "multi-pr"])
def test_the_others_land_and_it_is_named(
    strategy: str, spoil: Callable[[Project], None], tmp_path: Path
) -> None:
    project = Project.create(tmp_path, independent("1", "2"), strategy=strategy)
    for id in ("1", "2"):
        assert project.worker(id).do({f"{id}.txt": f"{id}\n"}).code == 0
    if strategy == "single-pr":
        project.remote.git("update-ref", "-d", "refs/heads/feature/level-0-implementation")
    spoil(project)
    assert "wait for task 1: refs/gitcoord/tasks/1" in project.run("merge-level", "--dry-run").out
    partial = ("--partial",) if strategy == "single-pr" else ()
    ran = project.run("merge-level", *partial, "--json")
    assert (ran.code, [one["task"] for one in ran.json["landed"]]) == (1, ["2"]), ran.err
    assert [(one["task"], one["needs"]) for one in ran.json["waiting"]] == [("1", "work")]
    assert ran.json["waiting"][0]["reason"].startswith(RECORD)
    for command in (("status",), ("check-conflicts", "0"), ("plan",), ("log",)):
        done = project.run(*command)
        assert done.code in (0, 1), (command, done.err)
    assert RECORD in project.run("status").err


@KINDS
def test_a_run_does_the_others(spoil: Callable[[Project], None], tmp_path: Path) -> None:
    project = Project.create(tmp_path, independent("1", "2"))
    spoil(project)
    ran = project.run("run", "--agent", ScriptAgent(tmp_path / "agent").command, "--yes", "--land")
    assert ran.code == 1, ran.err
    assert RECORD in ran.out + ran.err
    assert project.run("status", "--json").json["progress"]["landed"] == 1


@pytest.mark.parametrize("strategy", ["single-pr", "multi-pr"])
def test_without_a_remote_a_record_that_is_broken_holds_no_other(strategy: str, tmp_path: Path) -> None:
    desk = Repo.create(tmp_path / "desk")
    desk.commit({"a": "a"})
    project = Project(desk, desk)
    write_tasks(desk.path, independent("1", "2"))
    project.run("plan", "--strategy", strategy, ok=0)
    for id in ("1", "2"):
        project.work(id, {f"{id}.txt": f"{id}\n"})
    path = desk.path / ".git" / RECORD
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    partial = ("--partial",) if strategy == "single-pr" else ()
    ran = project.run("merge-level", *partial, "--json")
    assert (ran.code, [one["task"] for one in ran.json["landed"]]) == (1, ["2"]), ran.err
    assert ran.json["waiting"][0]["reason"].startswith(RECORD)
    ran = project.run("run", "--agent", ScriptAgent(tmp_path / "agent").command, "--yes")
    assert (ran.code, RECORD in ran.err) == (1, True)


def test_a_remote_that_takes_no_push_because_of_one_is_still_read_and_the_ref_named(tmp_path: Path) -> None:
    project = Project.create(tmp_path, independent("1", "2"))
    project.work("2", {"2.txt": "2\n"})
    path = project.remote.path / RECORD
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    shown = project.run("status", ok=0)
    assert RECORD in shown.err
    assert "wait for task 1: refs/gitcoord" in project.run("merge-level", "--dry-run", ok=0).out
    ran = project.run("merge-level")
    assert (ran.code, f"accepts no push while {RECORD} points to nothing" in ran.err) == (3, True)
