"""Replaces a file with one rename, so readers see either the old or the new content."""

import glob
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from gitcoord.errors import Exit, GitcoordError

_FRESH = 60.0
"""Seconds for which a partial file counts as being written, whether it is locked or not."""


def replace_file(path: Path, before: bytes, after: bytes) -> bool:
    """Replaces the content `before` with `after`; returns False and does nothing if the file has changed.

    Keeps mode and symbolic links. Raises `cannot-write` (exit 3).
    """
    place = path.resolve()
    try:
        _remove_abandoned(place)
        with tempfile.NamedTemporaryFile(
            dir=place.parent, prefix=f".{place.name}.", suffix=".part", delete=False
        ) as part:
            try:
                _take_lock(part.fileno())
                part.write(after)
                part.flush()
                os.fchmod(part.fileno(), place.stat().st_mode & 0o7777)
                os.fsync(part.fileno())
                if place.read_bytes() != before:
                    Path(part.name).unlink()
                    return False
                Path(part.name).replace(place)
            except BaseException:
                Path(part.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise GitcoordError(
            "cannot-write",
            f"{path} cannot be written: {error.strerror}.",
            hint="Free disk space, or make the file writable; then run `gitcoord sync` again.",
            exit=Exit.REFUSED,
        ) from error
    return True


def _remove_abandoned(place: Path) -> None:
    """Removes the partial files of killed processes: a running one holds a lock on its own."""
    for part in place.parent.glob(f".{glob.escape(place.name)}.*.part"):
        with suppress(OSError), part.open("rb") as file:
            old = time.time() - os.fstat(file.fileno()).st_mtime > _FRESH
            if old and _take_lock(file.fileno()):
                part.unlink()


def _take_lock(file: int) -> bool:
    """Locks an open partial file until it is closed; returns whether that succeeded."""
    try:
        import fcntl
    except ImportError:  # Not a POSIX system: other processes are unknown.
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
