"""Decides when a run observes again: at once after a change, else at growing intervals."""

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

from gitcoord.git.git_cli import Oid

_SOONEST, _LATEST = 2.0, 30.0
"""Shortest and longest time in seconds between two fetches of a remote on which nothing changes."""
_TICK, _LANDING_TICK = 1.0, 0.2
_WATCH = 3.0
_WATCH_SHARE = 0.03
"""The share of one core that the search for clashes may use."""
_POKE = "poke"


class PollIntervals:
    """The intervals of one run. Other commands of this clone report changes by a file in `directory`."""

    def __init__(self, directory: Path) -> None:
        self._poke = directory / _POKE
        self._poked_at = _changed_at(self._poke)
        self._interval = _SOONEST
        self._fetch_at = 0.0
        self._watch_at = 0.0
        self._watch_every = _WATCH
        self._known: Mapping[str, Oid] | None = None

    def fetch_is_due(self) -> bool:
        """Whether the next fetch is due."""
        return time.monotonic() >= self._fetch_at

    def fetched(self, refs: Mapping[str, Oid]) -> None:
        """Records a fetch. The interval grows with each fetch that finds nothing new."""
        changed = self._known != refs
        self._interval = _SOONEST if changed else min(_LATEST, self._interval * 1.5)
        self._known = refs
        self._fetch_at = time.monotonic() + self._interval

    def unreachable(self) -> None:
        """Records that the remote did not answer."""
        self._interval = min(_LATEST, self._interval * 2)
        self._fetch_at = time.monotonic() + self._interval

    def next_fetch(self) -> float:
        """Seconds until the next fetch."""
        return max(0.0, self._fetch_at - time.monotonic())

    def fetch_soon(self) -> None:
        """Makes the next fetch due at once, because something has happened."""
        self._fetch_at = 0.0
        self._interval = _SOONEST

    def change_reported(self) -> bool:
        """Whether a command of this clone has reported a change."""
        changed = _changed_at(self._poke)
        news, self._poked_at = changed != self._poked_at, changed
        return news

    def watch_is_due(self) -> bool:
        """Whether the next search for clashes is due."""
        return time.monotonic() >= self._watch_at

    def watched(self, seconds: float, *, quiet: bool) -> None:
        """Records a search for clashes that took `seconds`; `quiet`: no file had changed since the last."""
        self._watch_every = min(_LATEST, self._watch_every * 1.5) if quiet else _WATCH
        self._watch_at = time.monotonic() + max(self._watch_every, seconds / _WATCH_SHARE)

    def until(self, wake: float | None, *, watching: bool) -> float:
        """The monotonic time at which to look again if nothing happens before."""
        times = [self._fetch_at]
        if watching:
            times.append(self._watch_at)
        if wake is not None:
            times.append(time.monotonic() + max(0.05, wake))
        return min(times)

    def tick(self, *, landing: bool) -> float:
        """Returns the seconds to sleep at a time; the run notices a command's report only after that."""
        return _LANDING_TICK if landing else _TICK


def report_change(directory: Path) -> None:
    """Tells the run of this clone that something has changed."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / _POKE
    path.touch()
    os.utime(path)


class Signals:
    """Handles signals: the first Ctrl-C stops new starts, the second ends attempts; TERM does both.

    After that, Ctrl-C raises KeyboardInterrupt.
    """

    def __init__(self) -> None:
        self._count = 0
        self._seen = 0
        self._before: dict[int, object] = {}

    @property
    def stop(self) -> bool:
        """Whether the run must start no more units."""
        return self._count > 0

    @property
    def end(self) -> bool:
        """Whether running attempts must be ended."""
        return self._count > 1

    def news(self) -> bool:
        """Whether a signal has arrived since the last call."""
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
