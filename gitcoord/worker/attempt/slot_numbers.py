"""Slots: a small number for each running attempt of this clone, for its port or its database."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

_PATIENCE = 60.0
_PAUSE = 0.1


@contextmanager
def held_slot(common_dir: Path, slots: int | None, given_up: Callable[[], bool] = bool) -> Iterator[int]:
    """Holds the lowest number that no other attempt of this clone has, until the block ends.

    The number is below `slots` (None: no limit). It may be higher if others, such as attempts that were
    started manually, hold all of these for `_PATIENCE` seconds, or if `given_up` returns True. The system
    frees the slot of a process that dies.
    """
    from filelock import FileLock, Timeout

    place = common_dir / "gitcoord" / "slots"
    until = time.monotonic() + (_PATIENCE if slots else 0.0)
    while True:
        limit = slots if slots and time.monotonic() < until and not given_up() else None
        place.mkdir(parents=True, exist_ok=True)
        for number in range(limit) if limit else count():
            lock = FileLock(place / f"{number}.lock")
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            try:
                yield number
            finally:
                lock.release()
            return
        time.sleep(_PAUSE)
