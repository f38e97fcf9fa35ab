"""`gitcoord logs` and `gitcoord cancel`: what a worker's agent prints, and its end from outside."""

import re
import shlex
import signal
import subprocess

import pytest

from gitcoord.errors import GitcoordError
from gitcoord.worker.attempt.broken_off import outcome_of
from tests.support.agents import ScriptAgent
from tests.support.cli import COMMAND, environment, start_gitcoord
from tests.support.project import Project
from tests.support.waiting import until
from tests.worker.test_worker import BRANCH, agent, begin, left_over, project, told, work

__all__ = ["agent", "project"]  # fixtures


def test_cancelling_ends_the_work_here_and_nothing_begins_it_again(
    project: Project, agent: ScriptAgent
) -> None:
    agent.does("1", {"ignore": "TERM"}, {"flee": 100}, {"hang": True})
    worker = begin(project, agent, "1", "--grace", "0.2")
    several = project.run("cancel", "1", "2", "--dry-run", "--json", ok=0).json
    assert (several["tasks"], several["running"]) == (["1", "2"], ["1"])
    assert worker.poll() is None
    assert project.run("cancel", "1", "--json", ok=0).json["ended"] == ["1"]
    assert worker.wait() == 143
    assert left_over(agent) == []
    assert "attempt 1 ended: cancelled" in told(project)[-1]
    assert work(project, agent, "1").code == 143
    assert len(agent.runs()) == 1
    assert project.run("cancel", "9").code == 2


def test_cancel_says_where_the_processes_are_that_it_did_not_end(
    project: Project, agent: ScriptAgent
) -> None:
    """Another clone of one machine has no place from which these could be ended, and says that."""
    agent.does("1", {"await": str(agent.directory / "go")})
    elsewhere = project.worker("2")
    worker = begin(project, agent, "1")
    said = elsewhere.run("cancel", "1", ok=0).err
    assert "attempt 1 at 1 was not started from this clone: its worker stops by itself" in said
    assert worker.poll() is None
    worker.kill()
    worker.wait()
    project.run("cancel", "1", ok=0)
    assert left_over(agent) == []
    said = project.run("cancel", "1", ok=0).err
    assert "attempt 1 at 1 is no longer running" in said


def test_an_agent_that_prints_without_end_fills_neither_disk_nor_memory(
    project: Project, agent: ScriptAgent
) -> None:
    (project.desk.path / "gitcoord.toml").write_text("[run]\nlog-megabytes = 0.25\n")
    agent.does(
        "1",
        {"print": "the beginning \x1b[31mred\x1b[0m"},
        {"spew": 3_072_000},
        {"print": "the end"},
        {"exit": 1},
    )
    ran = work(project, agent, "1")
    assert told(project)[-1].endswith("code 1: the end")
    assert len(ran.err) < 300_000
    log = project.desk.path / ".git/gitcoord/run/1-1/log"
    assert log.stat().st_size < 300_000
    shown = project.run("logs", "1", ok=0).out.splitlines()
    assert shown[2:3] == ["the beginning red"]
    assert shown[-2:] == ["the end", "[gitcoord] failed: the agent ended with code 1: the end"]
    assert len([line for line in shown if "bytes are left out here" in line]) == 1
    assert project.run("logs", "1", "--json", ok=0).json["logs"][0]["path"] == str(log)
    assert project.run("logs", "2").code == 2


def test_an_agent_gets_its_prompt_from_a_worker_without_streams_and_may_close_them(project: Project) -> None:
    script = "cat > seen; exec <&- >&- 2>&-; echo 1 > x"
    closed = f"exec {' '.join(COMMAND)} worker 1 --shell --agent {shlex.quote(script)} <&- >&- 2>&-"
    subprocess.run(["sh", "-c", closed], cwd=project.desk.path, env=environment(), check=True)
    assert "Do it" in project.remote.read(BRANCH, "seen")
    assert project.remote.read(BRANCH, "x") == "1"


def test_a_log_is_followed_from_before_it_begins_until_the_attempt_ends(
    project: Project, agent: ScriptAgent
) -> None:
    agent.does("1", {"print": "first"}, {"await": str(agent.directory / "go")}, {"print": "last"})
    follower = start_gitcoord("logs", "1", "-f", cwd=project.desk.path)
    assert follower.stdout is not None
    assert follower.stderr is not None
    assert b"Task 1 has not started" in follower.stderr.readline()
    worker = begin(project, agent, "1")
    lines = [follower.stdout.readline() for _ in range(3)]
    assert lines[-1] == b"first\n"
    (agent.directory / "go").touch()
    rest, _ = follower.communicate(timeout=60)
    assert rest.splitlines()[0] == b"last"
    worker.wait()
    # Of what is over nothing more is awaited.
    assert "last" in project.run("logs", "1", "-f", ok=0).out


def test_work_is_not_lost_while_the_remote_is_away(project: Project, agent: ScriptAgent) -> None:
    agent.does("1", {"await": str(agent.directory / "go")}, {"write": {"one.txt": "1\n"}})
    worker = begin(project, agent, "1")
    here, away = project.remote.path, project.remote.path.with_name("away.git")
    here.rename(away)
    (agent.directory / "go").touch()
    log = project.desk.path / ".git/gitcoord/run/1-1/log"
    until(lambda: "cannot be read" in log.read_text())
    away.rename(here)
    assert worker.wait() == 0
    assert "one.txt" in project.remote.files("feature/level-0-task-1")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_finished_work_is_handed_in_by_the_next_attempt_and_not_done_again(
    project: Project, agent: ScriptAgent, number: signal.Signals
) -> None:
    agent.does("1", {"await": str(agent.directory / "go")}, {"write": {"one.txt": "1\n"}})
    worker = begin(project, agent, "1", "--check", "test -e one.txt")
    here, away = project.remote.path, project.remote.path.with_name("away.git")
    here.rename(away)
    (agent.directory / "go").touch()
    log = project.desk.path / ".git/gitcoord/run/1-1/log"
    until(lambda: "Trying again" in log.read_text())
    worker.send_signal(number)
    worker.communicate()
    away.rename(here)
    work(project, agent, "1", "--check", "test -e one.txt", ok=0)
    assert [run.what for run in agent.runs()] == ["start", "end"]
    assert "one.txt" in project.remote.files("feature/level-0-task-1")
    assert "submitting it as it is" in project.run("logs", "1", ok=0).out


def test_a_person_who_asks_for_another_try_gets_one(project: Project, agent: ScriptAgent) -> None:
    here, away = project.remote.path, project.remote.path.with_name("away.git")
    agent.does("1", {"await": str(agent.directory / "go")}, {"write": {"one.txt": "1\n"}})
    worker = begin(project, agent, "1")
    here.rename(away)
    (agent.directory / "go").touch()
    log = project.desk.path / ".git/gitcoord/run/1-1/log"
    until(lambda: "Trying again" in log.read_text())
    worker.kill()
    worker.communicate()
    away.rename(here)
    said = project.run("retry", "1", ok=0).err
    assert re.match(
        r"Task 1 is running \(attempt 1 by \S+\); it will be retried if this attempt fails, or at once by",
        said,
    )
    work(project, agent, "1", ok=0)
    assert [run.what for run in agent.runs()] == ["start", "end"] * 2
    assert "Task 2 will be retried, by this run or the next" in project.run("retry", "2", ok=0).err


def test_a_remote_that_goes_away_after_the_claim_is_no_failure() -> None:
    errors = [
        GitcoordError("unreachable", "So it is.", passing="passes"),
        GitcoordError("push-refused", "So it is."),
    ]
    assert [outcome_of(error) for error in errors] == ["again", "failed"]


def test_a_claim_whose_answer_is_lost_is_found_again(project: Project, agent: ScriptAgent) -> None:
    hook = project.remote.path / "hooks/post-receive"
    hook.write_text(
        "#!/bin/sh\n[ -e once ] && exit 0\ntouch once\n"
        'mv "$PWD" "$PWD.away"; (sleep 1; mv "$PWD.away" "$PWD") < /dev/null > /dev/null 2>&1 &\n'
        "sleep 0.1; kill -9 $PPID\n"
    )
    hook.chmod(0o755)
    work(project, agent, "1", ok=0)
    begun = [line for line in told(project) if "attempt" in line]
    assert begun == [f"task 1: attempt 1 started on {BRANCH}", "task 1: attempt 1 ended: ok"]
