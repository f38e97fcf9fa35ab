"""The memory of an attempt's processes, looked at again and again: nobody here has the right to limit it."""

import os
import time
from pathlib import Path

import psutil

from gitcoord.engines.processes import descendants, end

WHY_FILE = "why"
_EVERY = 1.0
_MIB = 1 << 20


def said_why(place: Path) -> str:
    """Why the engine ended the attempt at `place`, or nothing."""
    try:
        return (place / WHY_FILE).read_text(encoding="utf-8")
    except OSError:
        return ""


class MemoryLimit:
    """What all processes below this one may use together; `over`: it was the child itself that used more."""

    def __init__(self, limit: int, child: int, place: Path) -> None:
        self._limit, self._child, self._place = limit, child, place
        self._next = 0.0
        self.over = False

    def left(self) -> float:
        """Seconds until the next look."""
        return max(0.0, self._next - time.monotonic())

    def exceeded(self) -> bool:
        """Looks, if it is time. Whether the child itself has to be ended.

        Where others than the child and its session are at it, those are ended: the child can say so then.
        """
        if self.left() > 0:
            return False
        self._next = time.monotonic() + _EVERY
        used = self._used()
        if used <= self._limit:
            return False
        why = f"its processes used {used // _MIB:,} MB of memory; the limit is {self._limit // _MIB:,} MB"
        (self._place / WHY_FILE).write_text(why, encoding="utf-8")
        self.over = end(self._others, 0.0) == 0
        return self.over

    def _used(self) -> int:
        processes = descendants()
        resident = sum(map(_resident, processes))
        # What several share counts for each of them there; telling that apart takes longer.
        return resident if resident <= self._limit else sum(map(_proportional, processes))

    def _others(self) -> list[psutil.Process]:
        return [one for one in descendants() if _session(one.pid) not in (self._child, None)]


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _proportional(process: psutil.Process) -> int:
    try:
        return int(getattr(process.memory_full_info(), "pss", 0)) or _resident(process)
    except psutil.AccessDenied:
        return _resident(process)
    except psutil.Error:
        return 0


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None
