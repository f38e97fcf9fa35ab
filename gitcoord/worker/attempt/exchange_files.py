"""The directory in a checkout through which worker and agent exchange messages; git ignores it.

It is inside the checkout because an agent in a sandbox may write only there. Its content is untrusted: no
link is followed out of it, and only short texts are read.
"""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

EXCHANGE = ".gitcoord"
RESULT, CLASHES, AGAIN_AT = "result", "clashes", "again-at"
_LONGEST = 4096
_HERE_ALONE = os.O_NOFOLLOW | os.O_CLOEXEC


def exchange_file(checkout: Path, name: str) -> Path:
    """The path of the file `name` in the directory."""
    return checkout / EXCHANGE / name


def open_exchange(checkout: Path) -> None:
    """Creates the directory, removes the messages of an earlier turn, and makes git ignore it."""
    place = checkout / EXCHANGE
    with suppress(OSError):  # the agent then has to do without it
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            place.unlink()
        place.mkdir(exist_ok=True)
        for name in (RESULT, CLASHES, AGAIN_AT):
            _remove(checkout, name)
    if not (place / ".gitignore").exists():
        leave(checkout, ".gitignore", "*\n")


def leave(checkout: Path, name: str, text: str) -> None:
    """Writes `text` to the file `name` atomically; gives up if the agent has made the directory unusable."""
    part = f"{name}.{os.getpid()}"
    with suppress(OSError), _directory(checkout) as place:
        made = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _HERE_ALONE, 0o644, dir_fd=place)
        with os.fdopen(made, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
        os.replace(part, name, src_dir_fd=place, dst_dir_fd=place)


def read(checkout: Path, name: str) -> str:
    """Reads the first bytes of the file `name`; empty if it cannot be read, or is not a regular file."""
    with suppress(OSError), _directory(checkout) as place:
        # O_NONBLOCK: the file may be a pipe without a writer.
        opened = os.open(name, os.O_RDONLY | os.O_NONBLOCK | _HERE_ALONE, dir_fd=place)
        with os.fdopen(opened, "rb") as file:
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return file.read(_LONGEST).decode("utf-8", "replace")
    return ""


def _remove(checkout: Path, name: str) -> None:
    path = exchange_file(checkout, name)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def _directory(checkout: Path) -> Iterator[int]:
    place = os.open(checkout / EXCHANGE, os.O_RDONLY | os.O_DIRECTORY | _HERE_ALONE)
    try:
        yield place
    finally:
        os.close(place)
