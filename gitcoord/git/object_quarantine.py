"""Temporary places for objects, in memory where there is such a place; what killed processes left there goes.

Each place is locked by its process, and the system gives the lock back however the process ends. It is the
system's lock itself, not `filelock`'s, because importing that would take longer than a whole check of files.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from gitcoord.errors import GitcoordError

_PREFIX = "gitcoord-objects-"
_YOUNG = 60.0
"""Seconds in which a place may not be locked yet."""


@contextmanager
def scratch_directory() -> Iterator[str]:
    """A new directory that vanishes with the block."""
    import tempfile  # not for who makes no objects

    place = _place()
    _sweep(place)
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=place) as scratch:
        held = os.open(scratch, os.O_RDONLY)
        try:
            with suppress(OSError):  # a file system without locks: nobody can take it for left behind either
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield scratch
        finally:
            os.close(held)


def sweep(place: Path) -> None:
    """Removes the directories under `place` that no process holds any more."""
    for left in place.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if left.stat().st_uid == os.getuid() and time.time() - left.stat().st_mtime > _YOUNG:
                _remove_unless_held(left)


@cache
def _sweep(place: Path) -> None:
    """Once a process."""
    sweep(place)


def _remove_unless_held(directory: Path) -> None:
    found = os.open(directory, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        fcntl.flock(found, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(directory, ignore_errors=True)
    finally:
        os.close(found)


def _place() -> Path:
    memory = Path("/dev/shm")  # noqa: S108 - a private directory is made inside it
    if os.access(memory, os.W_OK):
        return memory
    try:
        import tempfile

        return Path(tempfile.gettempdir())
    except FileNotFoundError as error:
        raise GitcoordError(
            "no-temporary-directory",
            "There is no directory for temporary files that can be written to.",
            hint="Name one in TMPDIR.",
        ) from error
