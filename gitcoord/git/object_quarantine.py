"""Makes temporary directories for objects, in memory if possible, and removes those of killed processes.

The process locks its directory, and the system releases the lock however the process ends. It is the
system's own lock, not that of `filelock`, whose import would take longer than a whole `check-file`.
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
from gitcoord.path_search import matching_paths

_PREFIX = "gitcoord-objects-"
_YOUNG = 60.0
"""Seconds within which a process locks its new directory: younger directories are left alone."""


@contextmanager
def scratch_directory() -> Iterator[str]:
    """Yields a new directory, and removes it after the block; raises `no-temporary-directory`."""
    import tempfile  # Imported here: most commands make no objects.

    place = _place()
    _sweep(place)
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=place) as scratch:
        held = os.open(scratch, os.O_RDONLY)
        try:
            with suppress(OSError):  # On a file system without locks, nobody removes it as abandoned.
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield scratch
        finally:
            os.close(held)


def sweep(place: Path) -> None:
    """Removes the directories under `place` whose processes have ended."""
    for left in matching_paths(place, f"{_PREFIX}*"):
        with suppress(OSError):
            if left.stat().st_uid == os.getuid() and time.time() - left.stat().st_mtime > _YOUNG:
                _remove_unless_held(left)


@cache
def _sweep(place: Path) -> None:
    """Removes abandoned directories, once in each process."""
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
            "No directory for temporary files is writable.",
            hint="Set TMPDIR to a writable directory.",
        ) from error
