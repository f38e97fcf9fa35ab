"""A branch in the way of the plan's branches: said before any work begins, and final when it comes later."""

import json
from pathlib import Path

import pytest

from tests.support.agents import ScriptAgent
from tests.support.project import Project
from tests.support.tasklists import task

IN_THE_WAY = ["feature", "feature/level-0-task-1/wip", "feature/level-0-task-2-subtask-1/wip"]
TASKS = [task(1), task(2, subtasks=[task(1)]), task(3, depends_on=[1])]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.create(tmp_path / "project", TASKS, strategy="single-pr")


@pytest.mark.parametrize("name", [*IN_THE_WAY, "feature/level-0-implementation/x"])
def test_plan_doctor_and_run_name_the_branch_before_anything_is_changed(
    project: Project, tmp_path: Path, name: str
) -> None:
    project.remote.branch(name)
    before = project.remote.refs()
    agent = ScriptAgent(tmp_path / "agent")
    for command in (("plan",), ("plan", "--dry-run"), ("run", "--agent", agent.command, "--yes")):
        refused = project.run(*command, "--json", ok=2).json
        assert refused["code"] == "name-taken"
        assert f"cannot be made on the remote origin: {name} exists" in refused["message"]
        assert f"Delete or rename {name}" in refused["hint"]
    found = {one["name"]: one for one in project.run("doctor", "--json").json["findings"]}
    assert found["branches"]["verdict"] == "failed"
    assert name in found["branches"]["message"]
    assert agent.runs() == []
    assert project.remote.refs() == before


def test_doctor_names_it_without_a_plan_too(project: Project) -> None:
    project.remote.git("update-ref", "-d", "refs/gitcoord/plan")
    assert "FAILED" not in project.run("doctor").out
    found = {one["name"]: one["verdict"] for one in project.run("doctor", "--json").json["findings"]}
    assert found["branches"] == "ok"
    project.remote.branch("feature")
    found = {one["name"]: one["verdict"] for one in project.run("doctor", "--json").json["findings"]}
    assert found["branches"] == "failed"


@pytest.mark.parametrize("name", IN_THE_WAY[:2])
@pytest.mark.parametrize("here", [True, False])
def test_checkout_names_it_where_it_is(project: Project, name: str, here: bool) -> None:
    (project.desk if here else project.remote).branch(name)
    refused = project.run("checkout", "1", "--json", ok=2).json
    where = "in this repository" if here else "on the remote origin"
    assert (refused["code"], f"{where}: {name} exists" in refused["message"]) == ("name-taken", True)


def test_checkout_of_a_subtask_names_it(project: Project) -> None:
    project.remote.branch(IN_THE_WAY[2])
    assert project.run("checkout", "2.1", "--json", ok=2).json["code"] == "name-taken"
    project.run("checkout", "1", ok=0)


def test_what_has_landed_needs_no_branch_any_more(project: Project) -> None:
    project.work("1", {"1.txt": "1\n"})
    project.run("merge-level", "0", "--partial", "--delete-branches")
    project.remote.branch("feature/level-0-task-1/wip")
    project.run("plan", ok=0)


def test_one_that_comes_while_the_agent_works_ends_the_attempt_for_good(
    project: Project, tmp_path: Path
) -> None:
    agent = ScriptAgent(tmp_path / "agent")
    git = f"git -C {project.remote.path}"
    command = f"sh -c '{git} branch feature/level-0-task-1/wip main; echo x > one; exit 0'"
    ran = project.run(
        "run", "--agent", command, "--independent-only", "--yes", "--retries", "0", "--json", ok=1
    )
    assert agent.runs() == []
    state = next(unit for unit in ran.json["units"] if unit["unit"] == "1")
    assert (state["state"], state["attempts"]) == ("failed", 1), json.dumps(ran.json)
    assert "feature/level-0-task-1/wip exists" in state["reason"]
