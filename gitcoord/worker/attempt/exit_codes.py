"""The exit codes of a worker, by the outcome of its attempt."""

from collections.abc import Mapping
from typing import Final

from gitcoord.events import Outcome

AGAIN: Final = 75
"""EX_TEMPFAIL of sysexits.h: the same command may succeed later."""
EXIT_CODES: Final[Mapping[Outcome, int]] = {
    "ok": 0,
    "failed": 1,
    "conflict": 1,
    "lost": 1,
    "again": AGAIN,
    "wrong": 65,
    "timeout": 124,
    "cancelled": 143,
}
