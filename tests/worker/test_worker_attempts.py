"""Several attempts at one unit: one holder at a time, and what a later attempt makes of an earlier one."""

import signal
import subprocess

from tests.support.agents import ScriptAgent
from tests.support.cli import COMMAND, environment
from tests.support.project import Project
from tests.support.waiting import until
from tests.worker.test_worker import BRANCH, agent, begin, left_over, project, told, work

__all__ = ["agent", "project"]


def test_an_attempt_has_one_holder_and_a_newer_one_shuts_it_out(project: Project, agent: ScriptAgent) -> None:
    """Two clones are two machines: nothing of the first can be ended from the second."""
    elsewhere = project.worker("2").repo
    agent.does("1#1", {"write": {"old.txt": "old\n"}}, {"await": str(agent.directory / "thawed")})
    agent.does("1#2", {"write": {"new.txt": "new\n"}})
    first = begin(project, agent, "1", "--attempt", "1")
    command = ("worker", "1", "--agent", agent.command, "--attempt")
    held = subprocess.run(
        [*COMMAND, *command, "1"], cwd=elsewhere.path, env=environment(), capture_output=True
    )
    assert (held.returncode, b"is held by" in held.stderr) == (75, True)
    first.send_signal(signal.SIGSTOP)
    second = begin(project, agent, "1", "--attempt", "2", at=elsewhere)
    assert second.wait() == 0
    (agent.directory / "thawed").touch()
    first.send_signal(signal.SIGCONT)
    assert first.wait() == 1
    assert told(project)[-1] == "task 1: attempt 2 ended: ok"
    assert [line for line in told(project) if "submitted" in line or "attempt 1 ended" in line] == [
        told(project)[-2]
    ]
    assert "old.txt" not in project.remote.files(BRANCH)


def test_a_killed_worker_is_gone_over_and_its_agent_ended(project: Project, agent: ScriptAgent) -> None:
    agent.does("1#1", {"write": {"half.txt": "half\n"}}, {"flee": 100}, {"hang": True})
    worker = begin(project, agent, "1")
    until(lambda: bool(list(agent.directory.glob("child-*"))))
    worker.kill()
    worker.wait()
    assert left_over(agent)
    agent.does("1#2", {"append": {"half.txt": "and whole\n"}})
    work(project, agent, "1", "--grace", "0.2", ok=0)
    assert left_over(agent) == []
    assert project.remote.read(BRANCH, "half.txt") == "half\nand whole"
    # One whose making was cut off is not taken for work: everything would look deleted.
    checkout = project.desk.path.parent / "desk.gitcoord" / "2"
    branch = "feature/level-0-task-2"
    project.desk.git("worktree", "add", "--quiet", "--no-checkout", "-b", branch, str(checkout))
    work(project, agent, "2", ok=0)
    assert project.remote.files(branch) == ["agent-2.txt", "app.txt", "src/main.rs"]


def test_a_fresh_attempt_begins_anew_wherever_the_earlier_one_got_to(
    project: Project, agent: ScriptAgent
) -> None:
    agent.does(
        "1",
        {"write": {"old.txt": "old\n"}},
        {"commit": "Old"},
        {"git": ["push", "-q", "origin", BRANCH]},
        {"exit": 1},
    )
    assert work(project, agent, "1").code == 1
    agent.does("1", {"write": {"new.txt": "new\n"}})
    work(project, agent, "1", "--fresh", ok=0)
    assert project.remote.files(BRANCH) == ["app.txt", "new.txt", "src/main.rs"]
