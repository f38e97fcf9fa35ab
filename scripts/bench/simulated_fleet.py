"""A simulated engine with many slots, on a simulated clock, whose workers write into a real remote.

Nothing of gitcoord is replaced but the engine, the clock and the workers. While the coordinator computes, the
clock goes on by the CPU that it uses, so that a slow coordinator leaves slots empty here as well.
"""

import heapq
import math
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pygit2  # noqa: TID251 - the simulated workers write with it, not gitcoord

from gitcoord import event_stamp
from gitcoord.engines.engine import AttemptView, EngineTrouble, Launch
from gitcoord.events import AnyEvent, AttemptEnded, AttemptStarted, TaskStarted, TaskSubmitted
from gitcoord.git.json_commits import encode
from gitcoord.state.heartbeats import Beat
from gitcoord.tasks.model import TaskId

_EPOCH = 1_800_000_000.0
_PACKED_AFTER = 4_000
"""Moves of refs after which the remote packs its refs, as a server does now and then."""


class Clock:
    """Seconds since the epoch: simulated time, and the CPU of the coordinator and its git processes."""

    def __init__(self) -> None:
        self._slept = self._simulating = self.own_simulating = 0.0
        self._before = _cpu()

    @property
    def cpu(self) -> float:
        """CPU seconds of the coordinator, without the simulation."""
        return _cpu() - self._before - self._simulating

    def now(self) -> float:
        return _EPOCH + self._slept + self.cpu

    def stamp(self) -> str:
        """The time as events have it."""
        return datetime.fromtimestamp(self.now(), UTC).isoformat(timespec="microseconds")

    def go_to(self, moment: float) -> None:
        """Lets the time pass until `moment`."""
        self._slept += max(0.0, moment - self.now())

    @contextmanager
    def simulating(self) -> Iterator[None]:
        """What happens inside takes no time."""
        before, own = _cpu(), time.process_time()
        yield
        self._simulating += _cpu() - before
        self.own_simulating += time.process_time() - own

    def install(self, fleet: "Fleet") -> None:
        """Makes this the clock of the whole process."""
        real = event_stamp.now
        time.time = self.now
        time.monotonic = self.now
        time.sleep = lambda seconds: fleet.wait((), float(seconds))
        for module in [one for name, one in sys.modules.items() if name.startswith("gitcoord.")]:
            if getattr(module, "now", None) is real:
                module.now = self.stamp  # type: ignore[attr-defined]


def _cpu() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)


class Habits(NamedTuple):
    """How simulated workers behave: seconds, and shares of the attempts."""

    median: float = 600.0
    spread: float = 0.5
    stragglers: float = 0.01
    straggle: float = 8.0
    deaths: float = 0.02
    beat: float = 60.0
    start: float = 0.05
    """Seconds that the engine takes to start one attempt."""


class _Attempt:
    def __init__(self, unit: str, number: int) -> None:
        self.unit, self.number = unit, number
        self.claimed = self.over = False
        self.code: int | None = None


class Remote:
    """The bare repository that everybody shares, as the simulated workers write it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open()
        self._who = pygit2.Signature("worker", "worker@localhost", int(_EPOCH), 0)
        self._nothing = self._repository.TreeBuilder().write()
        self._moves = 0
        self.written = 0

    def _open(self) -> None:
        self._repository = pygit2.Repository(str(self._path))
        self.base = self._repository.references["refs/heads/main"].peel(pygit2.Commit)

    def record(self, unit: str, *events: AnyEvent) -> None:
        """Appends events to the journal of a unit."""
        self._put(
            f"refs/gitcoord/tasks/{unit}", [(one.sentence(), encode(one)) for one in events], chain=True
        )

    def beat(self, beat: Beat) -> None:
        """Replaces a heartbeat."""
        text = (f"attempt {beat.attempt} at {beat.unit} is at work", encode(beat))
        self._put(f"refs/gitcoord/alive/1/{beat.attempt}/{beat.unit}", [text], chain=False)

    def forget(self, unit: str, attempt: int) -> None:
        """Deletes a heartbeat."""
        name = f"refs/gitcoord/alive/1/{attempt}/{unit}"
        if name in self._repository.references:
            self._repository.references.delete(name)

    def work(self, unit: str) -> str:
        """Pushes a branch with one new file; returns its commit."""
        builder = self._repository.TreeBuilder(self.base.tree)
        blob = self._repository.create_blob(f"{unit}\n".encode())
        builder.insert(f"work-{unit}", blob, pygit2.enums.FileMode.BLOB)
        made = self._repository.create_commit(
            None, self._who, self._who, "work", builder.write(), [self.base.id]
        )
        self._repository.references.create(f"refs/heads/feature/level-0-task-{unit}", made, force=True)
        return str(made)

    def _put(self, name: str, texts: Sequence[tuple[str, bytes]], *, chain: bool) -> None:
        before = self._repository.references.get(name) if chain else None
        parents = [] if before is None else [before.target]
        for subject, body in texts:
            message = f"{subject}\n\n{body.decode()}\n\nGitcoord-Nonce: {os.urandom(8).hex()}\n"
            made = self._repository.create_commit(None, self._who, self._who, message, self._nothing, parents)
            parents = [made]
            self.written += 1
        self._repository.references.create(name, parents[0], force=True)
        self._moves += 1
        if self._moves % _PACKED_AFTER == 0:
            subprocess.run(["git", "pack-refs", "--all"], cwd=self._path, check=True)
            self._open()


class Fleet:
    """The engine: `slots` simulated workers."""

    name = "simulated"

    def __init__(self, remote: Remote, clock: Clock, slots: int, habits: Habits, seed: int) -> None:
        self._remote, self._clock, self._slots, self._habits = remote, clock, slots, habits
        self._dice = random.Random(seed)
        self._attempts: dict[str, _Attempt] = {}
        self._due: list[tuple[float, int, str, str]] = []
        self._count = 0
        self.running = 0
        self.busy = 0.0
        """Seconds that all slots together have worked."""
        self.started = self.died = 0

    def check(self) -> EngineTrouble | None:
        return None

    def free(self) -> int | None:
        return self._slots - self.running

    def start(self, launch: Launch) -> None:
        with self._clock.simulating():
            if launch.key in self._attempts:
                return
            unit, number = launch.argv[0], int(launch.argv[1])
            attempt = self._attempts[launch.key] = _Attempt(unit, number)
            habits, dice = self._habits, self._dice
            takes = dice.lognormvariate(math.log(habits.median), habits.spread)
            takes *= habits.straggle if dice.random() < habits.stragglers else 1.0
            self._clock.go_to(self._clock.now() + habits.start)
            now = self._clock.now()
            dies = dice.random() < habits.deaths
            takes = takes * dice.random() if dies else takes
            self._plan(now + 2.0, "claim", launch.key)
            self._plan(now + max(takes, 3.0), "die" if dies else "end", launch.key)
            self._plan(now + habits.beat, "beat", launch.key)
            self.running += 1
            self.started += 1
            self.busy += takes
            attempt.code = None

    def poll(self, keys: Sequence[str]) -> Mapping[str, AttemptView]:
        return {key: self._view(key) for key in keys}

    def wait(self, keys: Sequence[str], seconds: float) -> None:
        """Lets simulated time pass until an attempt ends."""
        with self._clock.simulating():
            until = self._clock.now() + seconds
            while self._due and self._due[0][0] <= until:
                at, _, what, key = heapq.heappop(self._due)
                self._clock.go_to(at)
                if self._happen(what, self._attempts[key], key) and keys:
                    return
            self._clock.go_to(until)

    def cancel(self, key: str) -> bool:
        return True

    def log(self, key: str) -> str | None:
        return None

    def fetch_log(self, key: str) -> bool:
        return False

    def _view(self, key: str) -> AttemptView:
        attempt = self._attempts.get(key)
        if attempt is None:
            return AttemptView(key=key, state="absent")
        return AttemptView(key=key, state="ended" if attempt.over else "running", code=attempt.code)

    def _plan(self, at: float, what: str, key: str) -> None:
        self._count += 1
        heapq.heappush(self._due, (at, self._count, what, key))

    def _happen(self, what: str, one: _Attempt, key: str) -> bool:
        """Plays an event; returns whether the attempt has ended."""
        if one.over:
            return False
        unit, stamp, branch = TaskId(one.unit), self._clock.stamp(), f"feature/level-0-task-{one.unit}"
        who, base = "worker@simulated", str(self._remote.base.id)
        if what == "claim":
            begun = AttemptStarted(
                at=stamp, by=who, task=unit, attempt=one.number, branch=branch, base=base, lease=300.0
            )
            first = TaskStarted(at=stamp, by=who, task=unit, branch=branch, base=base)
            self._remote.record(unit, *([first] if one.number == 1 else []), begun)
            one.claimed = True
        elif what == "beat":
            self._remote.beat(Beat(unit=unit, attempt=one.number, by=who, at=stamp))
            self._plan(self._clock.now() + self._habits.beat, "beat", key)
        else:
            one.over, self.running = True, self.running - 1
            if what == "die":
                one.code = -9
                self.died += 1
                return True
            head = self._remote.work(one.unit)
            handed_in = TaskSubmitted(at=stamp, by=who, task=unit, branch=branch, head=head)
            ended = AttemptEnded(
                at=stamp, by=who, task=unit, attempt=one.number, outcome="ok", head=head, code=0
            )
            self._remote.record(unit, handed_in, ended)
            self._remote.forget(one.unit, one.number)
            one.code = 0
        return one.over
