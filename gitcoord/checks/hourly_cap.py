"""The cap on checks an hour, for all commands of one repository on this machine.

A file under the git directory has the time of each start (seconds since the epoch, a line each) of the last
hour; its lock makes counting and adding one step. Safe to delete.
"""

import fcntl
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

HOUR = 3600.0
_FILE = "checks.started"


class HourlyCap:
    """At most `most` starts an hour, counted in the repository whose git directory is `common_dir`."""

    def __init__(self, common_dir: Path, most: int, clock: Callable[[], float] = time.time) -> None:
        self.most = most
        self.place = common_dir / "gitcoord"
        self._file = self.place / _FILE
        self._clock = clock

    def take(self) -> float:
        """Count a start and return 0; or return the time of the next one, in seconds since the epoch.

        Raises OSError.
        """
        self._file.parent.mkdir(parents=True, exist_ok=True)
        opened = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(opened, "r+", encoding="ascii", errors="replace") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            now = self._clock()
            # A clock that was set back leaves times ahead: they would hold checks for longer than an hour.
            started = sorted(one for one in _times(file.read()) if now - HOUR < one <= now)
            if len(started) >= self.most:
                return started[-self.most] + HOUR
            file.seek(0)
            file.truncate()
            file.write("".join(f"{one!r}\n" for one in (*started, now)))
        return 0.0


def _times(text: str) -> list[float]:
    times = []
    for line in text.splitlines():
        with suppress(ValueError):
            times.append(float(line))
    return times
