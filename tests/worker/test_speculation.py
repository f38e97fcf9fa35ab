"""`run --speculate`: work begins on what is handed in, and follows what lands in its place."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from gitcoord.events import TaskDeferred
from gitcoord.landing.model import TaskState
from gitcoord.landing.retry_deferred import still_failing
from gitcoord.schedule.model import Policy
from gitcoord.state.task_history import Progress
from gitcoord.tasks.model import TaskId
from tests.planning.lists import a_plan, a_task
from tests.schedule.test_decide import at_work, decide, names, some, started
from tests.support.agents import ScriptAgent
from tests.support.project import Project
from tests.support.tasklists import task as entry

LINES = "".join(f"line {number}\n" for number in range(1, 7))
CHECK = "if grep -qx bad state; then until [ -e $0.go ]; do sleep 0.05; done; echo it is bad; exit 1; fi"
TASKS = [entry(1), entry(2, depends_on=[1]), entry(3, depends_on=[1])]


@pytest.mark.parametrize("strategy", ["single-pr", "multi-pr"])
def test_work_on_what_landed_otherwise_is_moved_onto_it_or_begins_anew_where_that_conflicts(
    strategy: str, tmp_path: Path
) -> None:
    project = Project.create(
        tmp_path / "project", TASKS, strategy=strategy, files={"lines": LINES, "state": "fine\n"}
    )
    (check := tmp_path / "check.sh").write_text(CHECK)
    project.desk.commit(
        {".gitcoord.toml": f'[landing]\ncheck = "sh {check}"\n[run]\nkeep-checkout = "always"\n'}
    )
    agent = ScriptAgent(tmp_path / "agent")
    branches = [str(project.remote.path / f"refs/heads/feature/level-1-task-{number}") for number in "23"]
    agent.does("1", {"replace": ["lines", "line 2", "line two"]}, {"write": {"state": "bad\n", "old": "1"}})
    agent.does(
        "1#rework",
        {"git": ["reset", "--quiet", "--hard", "HEAD~1"]},
        {"replace": ["lines", "line 2", "line zwei"]},
        *({"await": branch} for branch in branches),
    )
    agent.does("2", {"write": {"two": "2"}})
    agent.does("3", {"replace": ["lines", "line 3", "line three"]}, {"touch": f"{check}.go"})
    command = ("run", "--agent", agent.command, "--speculate", "--land", "--method", "squash")
    shown = " ".join(project.run(*command, "--dry-run", ok=0).out.split())
    assert "submitted, before they land (--speculate); without it, the run takes about 1 h" in shown
    ran = project.run(*command, "--yes", ok=0)
    assert "task 2 deferred: it was built on" in ran.err
    assert "its work is moved onto main" in ran.err
    assert "its work conflicts with that in lines, so the task starts again" in ran.err
    begun = sorted((run.id, run.attempt) for run in agent.runs() if run.what == "start" and run.id != "1")
    assert begun == [("2", 1), ("3", 1), ("3", 2)]
    # What task 1 took back stays away, and what task 3 did at first is kept.
    changed = LINES.replace("line 2", "line zwei").replace("line 3", "line three")
    assert project.remote.read("main", "lines") == changed.rstrip()
    assert project.remote.files("main") == ["lines", "src/main.rs", "state", "two"]
    kept = project.desk.git("show", "refs/gitcoord-kept/3-1:lines")
    assert kept == LINES.replace("line 2", "line two").replace("line 3", "line three").rstrip()
    figures = project.run("report", "--json", ok=0).json["speculation"]
    assert (figures["begun"], figures["moved"], figures["thrown_away"]) == (2, 1, 1)
    assert figures["ahead"] > 0
    told = "2 attempts began before dependencies had landed, 1 moved, 1 thrown away"
    assert told in project.run("report").out


def test_landing_does_not_take_a_clean_merge_for_work_that_stands_on_what_landed_otherwise() -> None:
    """That merge would bring back what the rewritten parent has not any more."""
    task = TaskId("2")
    work = TaskState(task=task, title="", branch="b", wave=1, standing="deferred", head="h")
    event = TaskDeferred(at="", by="", task="2", head="h", reason="", stands_on={"1": "p"})
    assert still_failing([work], {task: Progress(deferral=event)}, None) == {task}
    other = msgspec.structs.replace(event, stands_on={})
    assert still_failing([work], {task: Progress(deferral=other)}, None) == set()


def test_speculation_builds_on_nothing_that_stands_on_work_sent_back_or_does_not_merge() -> None:
    plan = a_plan([a_task(1), a_task(2, 1), a_task(3, 2), a_task(4), a_task(5, 4)], strategy="multi-pr")
    policy = Policy(pipeline=True, speculate=True)
    handed_in: dict[str, Any] = {"done": some(1, 2, 4), "submitted": some(1, 2, 4)}
    assert sorted(started(decide(plan, policy=policy, **handed_in))) == ["3", "5"]
    sent_back: dict[str, Any] = {"done": some(2, 4), "submitted": some(2, 4), "running": at_work(1)}
    assert sorted(started(decide(plan, policy=policy, **sent_back))) == ["5"]
    assert names(decide(plan, policy=policy, **sent_back)) == {"3": "landing"}
    assert sorted(started(decide(plan, policy=policy, **handed_in, apart=some(5)))) == ["3"]
    assert sorted(started(decide(plan, policy=policy, **sent_back, apart=some(5), landed=some(1, 4)))) == [
        "3",
        "5",
    ]
