"""Agents that hang: what counts as doing something, by the test's clock, and the end of one that does not."""

import shlex
from pathlib import Path

from gitcoord.git.locate_repository import locate
from gitcoord.git.worktree import WorkingCopy
from gitcoord.worker.attempt.idle import Idle
from gitcoord.worker.attempt.log import Log
from tests.support.project import Project
from tests.support.repos import Repo
from tests.support.tasklists import task


def test_output_files_commits_and_cpu_count_and_a_counter_does_not(tmp_path: Path) -> None:
    _, desk = Repo.pair(tmp_path)
    log = Log(tmp_path / "log", 100_000, echo=None)
    copy = WorkingCopy(locate(desk.path).open(), desk.path)
    now = [0.0]
    used = [0.0]
    idle = Idle(100, log, copy, cpu=lambda: used[0], clock=lambda: now[0])

    def later(seconds: float) -> bool:
        now[0] += seconds
        return idle.look()

    log.write(b"[gitcoord] the agent begins\nReconnecting 1/5\n")
    assert not later(50)
    log.write(b"Reconnecting 2/5\n")
    assert not later(90)
    assert later(10)
    for act in (
        lambda: log.write(b"Connected\n"),
        lambda: (desk.path / "new.txt").write_text("1"),
        lambda: (desk.path / "new.txt").write_text("22"),
        lambda: desk.git("commit", "--quiet", "--allow-empty", "-m", "x"),
        lambda: used.__setitem__(0, used[0] + 3),
    ):
        act()
        assert not later(99)
        used[0] += 0.5  # less than anything that works
    assert later(100)
    assert "its last output: Connected" in idle.why()
    assert not Idle(0, log, copy, clock=lambda: now[0]).look()


def test_an_agent_that_only_says_that_it_reconnects_is_ended(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", [task(1)])
    (project.desk.path / "gitcoord.toml").write_text('[run]\nidle-timeout = "2s"\nshell = true\n')
    agent = "n=0; while sleep 0.2; do n=$((n+1)); echo Reconnecting $n; done"
    ran = project.run("worker", "1", f"--agent={agent}", "--json", ok=124).json
    assert ran["outcome"] == "timeout"
    assert ran["reason"].startswith("the agent was ended: for 2 seconds it printed nothing new")
    assert "Reconnecting #" in ran["reason"]
    busy = shlex.quote("import time; t = time.time()\nwhile time.time() < t + 5: pass")
    project.run("worker", "1", f"--agent=python3 -c {busy}; touch done", ok=0)
