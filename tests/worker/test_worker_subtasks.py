"""Workers on subtasks: side by side in checkouts of their own, and the last one hands the parent in."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.agents import ScriptAgent
from tests.support.copies import copy_of
from tests.support.project import Project
from tests.support.tasklists import task
from tests.worker.test_worker import LINES, begin, told, work

PARENT = "feature/level-0-task-1"


def part(id: int, *needs: Any) -> dict[str, Any]:
    return {
        "id": id,
        "title": f"Part {id}",
        "status": "pending",
        "dependencies": list(needs),
        "details": f"Do {id}.",
    }


@pytest.fixture
def project(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    def make(place: Path) -> Project:
        tasks = [
            task(1, title="The whole", details="Why.", subtasks=[part(1), part(2), part(3, 1, 2)]),
            task(2, subtasks=[part(1, "1.1"), part(2)]),
        ]
        return Project.create(place, tasks, files={"app.txt": LINES}, strategy="single-pr")

    return copy_of("worker subtasks", make, tmp_path / "project", tmp_path_factory)


@pytest.fixture
def agent(tmp_path: Path) -> ScriptAgent:
    return ScriptAgent(tmp_path / "agent")


def test_subtasks_meet_on_their_parents_branch_and_the_last_hands_it_in(
    project: Project, agent: ScriptAgent
) -> None:
    go = agent.directory / "go"
    agent.does("*", {"note": True}, {"await": str(go)}, {"write": {"{id}.txt": "{id}\n"}})
    assert work(project, agent, "1").code == 2
    early = work(project, agent, "1.3")
    assert (early.code, "depends on tasks 1.1, 1.2, not done yet" in early.err) == (75, True)
    both = [begin(project, agent, id) for id in ("1.1", "1.2")]
    go.touch()
    assert [worker.wait() for worker in both] == [0, 0]
    assert project.remote.files(PARENT) == ["1.1.txt", "1.2.txt", "app.txt", "src/main.rs"]
    # What another parent's subtask needs of this one is there before this one is whole.
    work(project, agent, "2.1", ok=0)
    assert "1.1.txt" in project.remote.files("feature/level-1-task-2")
    assert told(project) == [f"task 1 started on {PARENT}"]
    agent.does("1.3#1", {"write": {"wrong.txt": "wrong\n"}}, {"commit": "Wrong"}, {"exit": 1})
    work(project, agent, "1.3", ok=1)
    work(project, agent, "1.3", "--fresh", "--check", "cat 1.1.txt 1.2.txt 1.3.txt", ok=0)
    assert "wrong.txt" not in project.remote.files(PARENT)
    seen = agent.noted("1.3")
    assert (seen["environment"]["GITCOORD_TASK_ID"], seen["environment"]["GITCOORD_WAVE"]) == ("1", "2")
    assert "### Details\n\nDo 3.\n" in seen["prompt"]
    assert "Done, and in your working copy:\n\n- 1.1: Part 1\n- 1.2: Part 2\n\n## The whole" in seen["prompt"]
    head = project.remote.tip(PARENT)
    assert told(project)[1] == f"task 1 submitted at {head[:12]}"
    assert told(project, "1.3")[-2:] == [f"task 1.3 folded into {PARENT}", "task 1.3: attempt 2 ended: ok"]
    assert "1.3.txt" in project.remote.files("feature/level-0-implementation")
    assert "is already done" in work(project, agent, "1.2", ok=0).err
    # Nothing stays of branches that have gone into their parent's.
    assert not [ref for ref in (*project.desk.refs(), *project.remote.refs()) if "subtask" in ref]


def test_siblings_that_conflict_are_resolved_by_the_second_or_wait(
    project: Project, agent: ScriptAgent
) -> None:
    go = agent.directory / "go"
    agent.does("1.1", {"replace": ["app.txt", "line 5", "1.1 was here"]})
    agent.does("1.2", {"await": str(go)}, {"replace": ["app.txt", "line 5", "1.2 was here"]})
    agent.does("1.2#rework", {"print": "I leave it as it is"})
    second = begin(project, agent, "1.2")
    work(project, agent, "1.1", ok=0)
    go.touch()
    assert second.wait() == 1
    stage = told(project, "1.2")
    assert stage[1:] == [
        "tasks 1.2 and 1.1 clash in app.txt",
        f"task 1.2 deferred: it conflicts with {PARENT} in app.txt",
        f"task 1.2: attempt 1 ended: conflict: subtask 1.2 conflicts with {PARENT} in app.txt",
    ]
    assert "1.2 was here" in project.remote.read(f"{PARENT}-subtask-2", "app.txt")
    # Another machine takes it up from there.
    elsewhere = project.worker("9")
    agent.does(
        "1.2#rework", {"note": True}, {"write": {"app.txt": LINES.replace("line 5", "both were here")}}
    )
    elsewhere.run("worker", "1.2", "--agent", agent.command, ok=0)
    assert "First: resolve a conflict" in agent.noted("1.2")["prompt"]
    assert "both were here" in project.remote.read(PARENT, "app.txt")
    assert project.remote.find(f"{PARENT}-subtask-2") is None
    # Once within the first attempt, and once in the second.
    assert project.run("report", "--json", ok=0).json["rework"] == 2


def test_a_subtask_in_conflict_is_resolved_by_hand(project: Project, agent: ScriptAgent) -> None:
    (project.desk.path / ".git/info/exclude").write_text(".taskmaster\n")
    agent.does("1.1", {"replace": ["app.txt", "line 5", "1.1 was here"]})
    work(project, agent, "1.1", ok=0)
    other = project.worker("7")
    other.repo.git("switch", "-q", "-c", f"{PARENT}-subtask-2", "origin/main")
    other.write({"app.txt": LINES.replace("line 5", "1.2 was here")})
    other.repo.git("push", "-q", "origin", f"{PARENT}-subtask-2")
    refused = project.run("submit", "1.2", ok=1)
    assert (
        f"{PARENT}-subtask-2 is not checked out anywhere, so {PARENT} cannot be merged into it."
        in refused.err
    )
    project.run("checkout", "1.2", ok=0)
    refused = project.run("submit", ok=1)
    assert f"Subtask 1.2 conflicts with {PARENT} in app.txt." in refused.err
    assert "The conflict is not resolved in app.txt" in project.run("submit", "1.2", ok=1).err
    (project.desk.path / "app.txt").write_text(LINES.replace("line 5", "both were here"))
    project.run("submit", "1.2", "--dry-run", ok=0)
    assert f"subtask 1.2 is in {PARENT}" in project.run("submit", ok=0).err
    assert "both were here" in project.remote.read(PARENT, "app.txt")
    assert project.remote.find(f"{PARENT}-subtask-2") is None
    assert "is already in" in project.run("checkout", "1.2", ok=1).err
    # The last one hands the parent in, and one that nobody has begun begins where an agent would.
    project.run("checkout", "1.3", ok=0)
    assert "both were here" in (project.desk.path / "app.txt").read_text()
    assert "there is nothing to submit" in project.run("submit", ok=1).err
    (project.desk.path / "app.txt").write_text("whole\n")
    project.desk.git("commit", "-qam", "Three")
    assert "task 1 is complete, and submitted" in project.run("submit", "--json", ok=0).err
    assert told(project)[1].startswith("task 1 submitted")


def test_a_subtask_whose_newer_attempt_has_begun_brings_nothing_into_its_parent(
    project: Project, agent: ScriptAgent
) -> None:
    elsewhere = project.worker("2").repo
    gates = {number: agent.directory / f"go-{number}" for number in (1, 2)}
    for number, gate in gates.items():
        agent.does(f"1.1#{number}", {"await": str(gate)}, {"write": {f"{number}.txt": "x\n"}})
    first = begin(project, agent, "1.1")
    second = begin(project, agent, "1.1", "--attempt", "2", at=elsewhere)
    gates[1].touch()
    assert first.wait() != 0
    assert project.remote.find(f"refs/heads/{PARENT}") is None or "1.txt" not in project.remote.files(PARENT)
    gates[2].touch()
    assert second.wait() == 0
    assert "2.txt" in project.remote.files(PARENT)
    assert "1.txt" not in project.remote.files(PARENT)
