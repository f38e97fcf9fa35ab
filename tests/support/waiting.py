"""Waits for other processes, without depending on how fast they are."""

import time
from collections.abc import Callable


def until(true: Callable[[], bool], *, patience: float = 120.0) -> None:
    """Waits until something is true; fails the test after `patience` seconds."""
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)
