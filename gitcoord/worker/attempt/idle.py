"""Detects commands that hang: for too long they print nothing new, use no CPU and change no file."""

import os
import re
import time
from collections.abc import Callable

import psutil

from gitcoord.durations import NO_LIMIT, parse_duration
from gitcoord.engines.processes import descendants
from gitcoord.errors import GitcoordError
from gitcoord.git.worktree import WorkingCopy
from gitcoord.settings import RunSettings
from gitcoord.worker.attempt.log import Log

_SHARE = 0.02
"""Share of one core: a process that waits for a model or draws a clock uses less; real work uses more."""
_LAST = 4000
_MOST_LINES = 400
_LONGEST_LINE = 200
_NUMBER = re.compile(r"\d+")

Clock = Callable[[], float]


class Idle:
    """Watches a command; it hangs when nothing has happened for `limit` seconds (0: never)."""

    def __init__(
        self,
        limit: float,
        log: Log,
        copy: WorkingCopy,
        *,
        cpu: Callable[[], float] | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        self._limit, self._log, self._copy, self._clock = limit, log, copy, clock
        self._cpu = cpu or cpu_seconds
        self._since = self._last = clock()
        self._used = self._cpu()
        self._lines: dict[str, None] = {}
        self._files: object = None
        self.over = False

    def every(self, usual: float) -> float:
        """Seconds between two looks; at most `usual`."""
        return min(usual, self._limit / 4) if self._limit else usual

    def why(self) -> str:
        """Says in words that the command has done nothing for too long, with its last output."""
        said = next(reversed(self._lines), "") if self._lines else ""
        last = f"; its last output: {said[:_LONGEST_LINE]}" if said else ""
        return (
            f"for {self._limit:g} seconds it printed nothing new, used no CPU and changed nothing "
            f"(idle-timeout){last}"
        )

    def look(self) -> bool:
        """Measures, and returns whether the command has done nothing for too long."""
        if not self._limit:
            return False
        now, used = self._clock(), self._cpu()
        worked = abs(used - self._used) > _SHARE * (now - self._last)
        self._last, self._used = now, used
        # Check files last: that takes longest.
        if self._says_news() or worked or self._has_changed_files():
            self._since = now
        self.over = now - self._since >= self._limit
        return self.over

    def _says_news(self) -> bool:
        """Whether the command printed a line that differs from earlier ones in more than its numbers."""
        # The first line may be the end of one that was seen before.
        whole = self._log.printed(_LAST).splitlines()[1:]
        lines = {_NUMBER.sub("#", line.strip()): None for line in whole}
        new = [line for line in lines if line and line not in self._lines]
        self._lines |= dict.fromkeys(new)
        while len(self._lines) > _MOST_LINES:
            del self._lines[next(iter(self._lines))]
        return bool(new)

    def _has_changed_files(self) -> bool:
        try:
            before, self._files = self._files, _files(self._copy)
        except GitcoordError:
            return False
        return before is not None and before != self._files


def idle_limit(settings: RunSettings) -> float:
    """Seconds for which a command may do nothing; 0: no limit."""
    return 0.0 if settings.idle_timeout in NO_LIMIT else parse_duration(settings.idle_timeout) or 0.0


def cpu_seconds() -> float:
    """CPU seconds of all descendants of this process, including those that ended."""
    return sum(map(_seconds_of, descendants()))


def _seconds_of(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def _files(copy: WorkingCopy) -> object:
    """A value that changes when a file is changed or something is committed."""
    options = ("--porcelain", "-z", "--no-renames", "--untracked-files=all")
    shown = copy.git.text("--no-optional-locks", "status", *options)
    head = copy.git.probe("rev-parse", "HEAD")
    times = []
    for field in shown.split("\0"):
        try:
            times.append(os.lstat(copy.directory / field[3:]).st_mtime_ns)
        except (OSError, ValueError):
            times.append(0)
    return head, shown, tuple(times)
