"""The first and the last steps of a run, and what it says between them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gitcoord.errors import GitcoordError, answer_no


@contextmanager
def alone(place: Path) -> Iterator[None]:
    """No second run of this clone goes on meanwhile; raises `already-running` (exit 1)."""
    from filelock import FileLock, Timeout

    place.mkdir(parents=True, exist_ok=True)
    lock = FileLock(place / "run.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise answer_no(
            "already-running",
            "Another `gitcoord run` is at work in this repository.",
            "Watch it with `gitcoord status --watch`; `gitcoord pause` makes it start nothing more.",
        ) from None
    with lock:
        yield
    lock.release(force=True)


@contextmanager
def told(say: Callable[[str], None], what: str) -> Iterator[None]:
    """What goes wrong in the last steps is said; it is no reason to say that the run failed."""
    try:
        yield
    except GitcoordError as error:
        say(f"{what}: {error.message}")
