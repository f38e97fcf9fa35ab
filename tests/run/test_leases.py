"""Attempts on machines that die: told by one's own clock, taken over, shut out when they come back."""

import re
import signal
from pathlib import Path

import pytest

from gitcoord.events import AttemptEnded
from gitcoord.state.heartbeats import beats_prefix, read_beats
from gitcoord.tasks.model import TaskId
from gitcoord.worker.leases import Leases, Silence
from tests.state.world import store_of
from tests.support.agents import ScriptAgent
from tests.support.cli import Ran, gitcoord, start_gitcoord
from tests.support.processes import everything_of, send
from tests.support.project import Project
from tests.support.repos import Repo
from tests.support.tasklists import task
from tests.support.waiting import until

ONE = TaskId("1")


def seen(leases: Leases, moment: float, sign: str | None, *, attempt: int = 1, claim: str = "c") -> Silence:
    leases.look([(ONE, Silence(attempt=attempt, claim=claim, lease=300, sign=sign))], moment)
    known = leases.of(ONE)
    assert known is not None
    return known


def test_silence_is_measured_between_looks_that_the_remote_answered() -> None:
    leases = Leases()
    assert seen(leases, 1000, "a").doubtful
    for moment in range(1030, 1270, 30):
        assert seen(leases, moment, "a").silent == moment - 1000
    lives = seen(leases, 1280, "b")
    assert (lives.silent, lives.doubtful, lives.over) == (0, False, False)
    # The remote was away for an hour, and the worker could not get through either.
    assert seen(leases, 4880, "b").silent == 60
    assert seen(leases, 4880, "b").silent == 60
    # The machine slept, and its clock stood still or went back.
    assert seen(leases, 4000, "b").silent == 60
    silent = [seen(leases, 4000 + 30 * step, "b") for step in range(1, 10)]
    assert [one.over for one in silent] == [False] * 7 + [True, True]
    assert silent[-1].doubtful
    # Another attempt, or the same number claimed anew, begins afresh, and was seen to begin.
    assert not seen(leases, 4300, None, attempt=2).doubtful
    assert seen(leases, 4330, None, attempt=2).silent == 30
    assert seen(leases, 4360, None, attempt=2, claim="d").silent == 0


@pytest.mark.parametrize("comes_back", [False, True])
def test_what_a_dead_machine_held_is_taken_over_and_it_hands_nothing_in_when_it_comes_back(
    tmp_path: Path, comes_back: bool
) -> None:
    """All its processes are killed for good, or frozen and go on after everything has landed."""
    project = Project.create(tmp_path / "project", [task(1), task(2), task(3, depends_on=[1, 2])])
    other = project.remote.clone(tmp_path / "other")
    for repo in (project.desk, other):
        (repo.path / "gitcoord.toml").write_text('[run]\nlease = "4s"\n')
    doomed, agent = ScriptAgent(tmp_path / "doomed"), ScriptAgent(tmp_path / "agent")
    go = tmp_path / "go"
    doomed.does("*", {"await": str(go)}, {"write": {"{id}.txt": "from the dead\n"}})
    agent.does("*", {"write": {"{id}.txt": "{id}\n"}})
    dead = start_gitcoord("run", "--agent", doomed.command, "--land", "--yes", cwd=project.desk.path)
    until(lambda: len(doomed.runs()) == 2)
    store = store_of(other)

    def alive() -> bool:
        store.refresh()
        return len(read_beats(store)) == 2

    until(alive)
    gone = everything_of(dead.pid)
    send(gone, signal.SIGSTOP)  # none of them sees another one go
    if not comes_back:
        send(gone, signal.SIGKILL)
        dead.communicate()

    ran = take_over(project, other, agent)
    assert [unit["state"] for unit in ran.json["units"]] == ["landed"] * 3
    assert len(re.findall(r"sent no heartbeat for [1-9]\d* s", ran.err)) == 2
    landed = project.remote.tip("main")
    assert [project.remote.git("show", f"main:{id}.txt") for id in ("1", "2", "3")] == ["1", "2", "3"]

    if comes_back:
        go.touch()
        send(gone, signal.SIGCONT)
        dead.communicate(timeout=120)
    else:
        back = gitcoord("run", "--agent", doomed.command, "--land", "--yes", cwd=project.desk.path, ok=0)
        assert "Nothing is left to run" in back.err
    assert project.remote.tip("main") == landed
    store.refresh()
    ends = [entry.event for entry in store.journal() if isinstance(entry.event, AttemptEnded)]
    assert sorted(end.outcome for end in ends) == ["lost", "lost", "ok", "ok", "ok"]
    assert not store.shared.list(beats_prefix(store))


def take_over(project: Project, other: Repo, agent: ScriptAgent) -> Ran:
    return gitcoord(
        "run", "--agent", agent.command, "--land", "--yes", "--json", cwd=other.path, env=project.env, ok=0
    )
