"""Replaces spans of a text, and nothing else."""

from collections.abc import Iterable
from typing import Final, Literal

import msgspec

NewStatus = Literal["done", "pending"]
"""The new status: done, or to do again."""
DONE: Final[NewStatus] = "done"


class Splice(msgspec.Struct, frozen=True):
    """Replaces the characters from `start` up to `end` (excluded) with `text`."""

    start: int
    end: int
    text: str


def spliced(text: str, splices: Iterable[Splice]) -> str:
    """Returns the text with the spans replaced, which must not overlap."""
    parts, here = [], 0
    for splice in sorted(splices, key=lambda one: one.start):
        parts += [text[here : splice.start], splice.text]
        here = splice.end
    return "".join([*parts, text[here:]])
