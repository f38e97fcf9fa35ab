"""The first and the last steps of a run, and what it says between them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gitcoord.errors import GitcoordError, answer_no

_EVENTS = ("pull request ", " has landed", " merged into ", "deferred: ", " folded in", "brought up to date")


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
def told(tell: Callable[[str], None], what: str) -> Iterator[None]:
    """What goes wrong in the last steps is said; it is no reason to say that the run failed."""
    try:
        yield
    except GitcoordError as error:
        tell(f"{what}: {error.message}")


def tell_what_is_no_event(tell: Callable[[str], None], sentence: str) -> None:
    """Leaves out what the journal says too, which is shown anyway."""
    if not any(words in sentence for words in _EVENTS):
        tell(sentence)
