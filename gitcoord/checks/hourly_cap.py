"""Limits the checks in an hour, for all commands of one repository on this machine.

A file under the git directory has the time of each start in the last hour (a line each, in seconds since the
epoch); a lock beside it makes counting and adding atomic. The file is safe to delete.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from filelock import FileLock

HOUR = 3600.0
_FILE = "checks.started"


class HourlyCap:
    """Allows at most `most` starts in an hour in the repository with the git directory `common_dir`."""

    def __init__(self, common_dir: Path, most: int, clock: Callable[[], float] = time.time) -> None:
        self.most = most
        self.place = common_dir / "gitcoord"
        self._file = self.place / _FILE
        self._clock = clock

    def take(self) -> float:
        """Counts a start and returns 0. At the limit, returns the epoch time (s) of the next allowed start.

        Raises OSError.
        """
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._file.with_suffix(".lock")):
            known = self._file.read_text("ascii", "replace") if self._file.exists() else ""
            now = self._clock()
            # If the clock was set back, ignore times in the future: they would block checks for over an hour.
            started = sorted(one for one in _times(known) if now - HOUR < one <= now)
            if len(started) >= self.most:
                return started[-self.most] + HOUR
            self._file.write_text("".join(f"{one!r}\n" for one in (*started, now)), "ascii")
        return 0.0


def _times(text: str) -> list[float]:
    times = []
    for line in text.splitlines():
        with suppress(ValueError):
            times.append(float(line))
    return times
