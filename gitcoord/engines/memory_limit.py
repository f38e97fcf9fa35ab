"""Limits the memory of an attempt by measuring it repeatedly: an ordinary user cannot set a real limit."""

import os
import time
from pathlib import Path

import psutil

from gitcoord.engines.processes import descendants, end

WHY_FILE = "why"
_EVERY = 1.0
_MIB = 1 << 20


def end_reason(place: Path) -> str:
    """Returns why the engine ended processes of the attempt in `place`; empty if it ended none."""
    try:
        return (place / WHY_FILE).read_text(encoding="utf-8")
    except OSError:
        return ""


class MemoryLimit:
    """The limit for all descendants of this process together; `over`: the child's own session used more."""

    def __init__(self, limit: int, child: int, place: Path) -> None:
        self._limit, self._child, self._place = limit, child, place
        self._next = 0.0
        self.over = False

    def left(self) -> float:
        """Seconds until the next measurement."""
        return max(0.0, self._next - time.monotonic())

    def exceeded(self) -> bool:
        """Measures, if it is time. Returns whether the child itself has to be ended.

        If there are processes outside the child's session, ends only those: the child can then report it.
        """
        if self.left() > 0:
            return False
        self._next = time.monotonic() + _EVERY
        used = self._used()
        if used <= self._limit:
            return False
        why = f"its processes used {-(-used // _MIB):,} MB of memory; the limit is {self._limit // _MIB:,} MB"
        (self._place / WHY_FILE).write_text(why, encoding="utf-8")
        self.over = not self._others()
        end(self._others, 0.0)
        return self.over

    def _used(self) -> int:
        processes = descendants()
        resident = sum(map(_resident, processes))
        # Shared memory counts for each process here; the exact sum takes much longer to read.
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
