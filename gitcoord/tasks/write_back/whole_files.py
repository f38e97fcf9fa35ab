"""Replacing a file by one move, so that whoever reads it sees the old or the new one, whole."""

import os
import tempfile
from pathlib import Path

from gitcoord.errors import Exit, GitcoordError


def replace_file(path: Path, before: bytes, after: bytes) -> bool:
    """Puts `after` in the place of `before`; false, and nothing done, where the file has become another one.

    Mode and symbolic links stay. Raises `cannot-write` (exit 3).
    """
    place = path.resolve()
    try:
        with tempfile.NamedTemporaryFile(
            dir=place.parent, prefix=f".{place.name}.", suffix=".part", delete=False
        ) as part:
            try:
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
            hint="Make room or the file writable, then run `gitcoord sync` again.",
            exit=Exit.REFUSED,
        ) from error
    return True
