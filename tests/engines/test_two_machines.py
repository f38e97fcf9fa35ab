"""Two machines that run one plan at once on every engine, and one of them dies for good in the middle."""

import os
import re
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from gitcoord.events import AttemptEnded
from tests.engines.contract import lasting
from tests.state.world import store_of
from tests.support.cli import start_gitcoord
from tests.support.engines import asked_for
from tests.support.processes import send
from tests.support.project import Project
from tests.support.ready_engines import Ready, kinds
from tests.support.tasklists import task

TASKS = [
    task(1),
    task(2),
    task(3),
    task(4, depends_on=[1, 2]),
    task(5, subtasks=[task(1), task(2, depends_on=[1])]),
    task(6, depends_on=[3, 5]),
]
# Tasks 2 and 3 add a line at the same place; whoever resolves that keeps both.
WORK = (
    'name=$GITCOORD_TASK_ID-$GITCOORD_SUBTASK; echo "$name" > "work-$name"; case $name in 2-|3-) '
    "{ grep -v '^[<=>|]' notes; echo $name; } | sort -u > all; mv all notes ;; esac"
)
_SLOTS, _PATIENCE = 6, 400.0
_OURS = re.compile(r"gitcoord(\.engines\.supervisor| worker| engine-host)\b")


@pytest.mark.parametrize("name", [pytest.param(name, marks=asked_for(name)) for name in kinds()])
def test_the_other_machine_lands_everything_when_one_dies_for_good(name: str, tmp_path: Path) -> None:
    kind = kinds()[name]
    if kind.skip:
        pytest.skip(kind.skip)
    with kind.make(tmp_path / "engine", _SLOTS) as ready:
        alone = shared_project(tmp_path / "alone", ready)
        reference = start(alone.desk.path, "alone", ready, "--engine", "local", "--agent", WORK)
        told = os.fsdecode(reference.communicate(timeout=_PATIENCE)[1])
        assert reference.returncode == 0, told

        project = shared_project(tmp_path / "both", ready)
        other = project.remote.clone(tmp_path / "both/other")
        mark = f"{tmp_path}/hung"
        # The dead one does one unit, and hangs in all others; the other one waits for that.
        hang = f"mkdir {tmp_path}/one || {{ touch {mark}; exec sleep 1000; }}; {WORK}"
        wait = f"until [ -e {tmp_path}/hu*g ]; do sleep 0.1; done; {WORK}"
        where = ("--engine", name, *ready.options)
        dying = start(project.desk.path, "dying", ready, *where, "--agent", hang, "--max-parallel", "4")
        living = start(other.path, "living", ready, *where, "--agent", wait, "--max-parallel", "2")
        try:
            err = end_of(living, mark)
        finally:
            send(everything_with(str(tmp_path)), signal.SIGKILL)
        dying.communicate()

    assert living.returncode == 0, err
    assert lasting(project) == lasting(alone)
    landings = project.remote.git(
        "log", "--format=%(trailers:key=Gitcoord-Landed,valueonly,separator=%x0A)", "main"
    )
    landed = re.findall(r"^(\d+)\b", landings, re.MULTILINE)
    assert sorted(landed) == [str(one["id"]) for one in TASKS]
    ends = [entry.event for entry in store_of(other).journal() if isinstance(entry.event, AttemptEnded)]
    assert "lost" in [end.outcome for end in ends]


def shared_project(place: Path, ready: Ready) -> Project:
    """A planned project whose settings every machine reads in the base."""
    files = {"gitcoord.toml": f'[run]\nlease = "8s"\n{ready.settings}', "notes": "-\n"}
    return Project.create(place, TASKS, files=files)


def start(clone: Path, machine: str, ready: Ready, *words: str) -> "subprocess.Popen[bytes]":
    """Starts a run on a machine with a user, a home and so a clone cache of its own."""
    home = clone.parent / f"home-{machine}"
    home.mkdir()
    env = {**ready.environment, "HOME": str(home), "USER": machine}
    return start_gitcoord("run", *words, "--shell", "--land", "--yes", cwd=clone, env=env)


def end_of(living: "subprocess.Popen[bytes]", mark: str) -> str:
    """Kills the other machine when it hangs, and what its engine begins late; the other run's stderr."""
    until_then = time.monotonic() + _PATIENCE
    while True:
        if Path(mark).exists():
            send(everything_with(mark), signal.SIGSTOP)  # none of them sees another one go
            send(everything_with(mark), signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            return os.fsdecode(living.communicate(timeout=1)[1])
        assert time.monotonic() < until_then, "the run did not end"


def everything_with(mark: str) -> list[psutil.Process]:
    """The processes with `mark` in their command, what they have started, and gitcoord's own above them."""
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if mark in " ".join(process.cmdline()):
                ours = [one for one in process.parents() if _OURS.search(" ".join(one.cmdline()))]
                found |= {one.pid: one for one in (process, *process.children(recursive=True), *ours)}
    return list(found.values())
