"""When a run looks again: after news at once, else at intervals that grow while nothing changes."""

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

from gitcoord.git.git_cli import Oid

_SOONEST, _LATEST = 2.0, 30.0
"""Seconds between fetches of a remote on which nothing changes."""
_TICK, _LANDING_TICK = 1.0, 0.2
_WATCH = 3.0
_WATCH_SHARE = 0.03
"""How much of one core watching for clashes may take."""
_POKE = "poke"


class PollIntervals:
    """The intervals of one run. `directory` is where commands of this clone leave word that there is news."""

    def __init__(self, directory: Path) -> None:
        self._poke = directory / _POKE
        self._poked_at = _changed_at(self._poke)
        self._interval = _SOONEST
        self._fetch_at = 0.0
        self._watch_at = 0.0
        self._watch_every = _WATCH
        self._known: Mapping[str, Oid] | None = None

    def fetch_is_due(self) -> bool:
        """Whether the remote should be asked now."""
        return time.monotonic() >= self._fetch_at

    def fetched(self, refs: Mapping[str, Oid]) -> None:
        """The remote was asked; the more often nothing is new, the longer until the next time."""
        changed = self._known != refs
        self._interval = _SOONEST if changed else min(_LATEST, self._interval * 1.5)
        self._known = refs
        self._fetch_at = time.monotonic() + self._interval

    def unreachable(self) -> None:
        """The remote did not answer."""
        self._interval = min(_LATEST, self._interval * 2)
        self._fetch_at = time.monotonic() + self._interval

    def next_fetch(self) -> float:
        """Seconds until the remote is asked again."""
        return max(0.0, self._fetch_at - time.monotonic())

    def hurry(self) -> None:
        """Something happened: ask at once."""
        self._fetch_at = 0.0
        self._interval = _SOONEST

    def poked(self) -> bool:
        """Whether a command of this clone left word."""
        changed = _changed_at(self._poke)
        news, self._poked_at = changed != self._poked_at, changed
        return news

    def watch_is_due(self) -> bool:
        """Whether the work under way should be looked at for clashes."""
        return time.monotonic() >= self._watch_at

    def watched(self, seconds: float, *, quiet: bool) -> None:
        """It was looked at, which took so long; `quiet`: nobody had written anything since the last time."""
        self._watch_every = min(_LATEST, self._watch_every * 1.5) if quiet else _WATCH
        self._watch_at = time.monotonic() + max(self._watch_every, seconds / _WATCH_SHARE)

    def until(self, wake: float | None, *, watching: bool) -> float:
        """When, on the monotonic clock, to look again if nothing happens before."""
        times = [self._fetch_at]
        if watching:
            times.append(self._watch_at)
        if wake is not None:
            times.append(time.monotonic() + max(0.05, wake))
        return min(times)

    def tick(self, *, landing: bool) -> float:
        """How long to wait in one go; a word left by a command is seen after that."""
        return _LANDING_TICK if landing else _TICK


def poke(directory: Path) -> None:
    """Leaves word for a run of this clone that there is news."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / _POKE
    path.touch()
    os.utime(path)


class Signals:
    """Ctrl-C: the first stops starting, the second ends what is at work. TERM is both at once."""

    def __init__(self) -> None:
        self._count = 0
        self._seen = 0
        self._before: dict[int, object] = {}

    @property
    def stop(self) -> bool:
        """Nothing more is to be started."""
        return self._count > 0

    @property
    def end(self) -> bool:
        """What is at work is to be ended."""
        return self._count > 1

    def news(self) -> bool:
        """Whether a signal came since this was asked last."""
        new, self._seen = self._count != self._seen, self._count
        return new

    def __enter__(self) -> "Signals":
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _take(self, number: int, frame: FrameType | None) -> None:
        self._count += 2 if number == signal.SIGTERM else 1
        if self._count > 2 and number == signal.SIGINT:
            raise KeyboardInterrupt


def _changed_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
