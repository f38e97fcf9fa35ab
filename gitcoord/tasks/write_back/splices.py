"""Replacing spans of a text, and nothing else of it."""

from collections.abc import Iterable
from typing import Final, Literal

import msgspec

Wish = Literal["done", "pending"]
"""What a status becomes: done, or to do again."""
DONE: Final[Wish] = "done"


class Splice(msgspec.Struct, frozen=True):
    """The characters from `start` to before `end` become `text`."""

    start: int
    end: int
    text: str


def spliced(text: str, splices: Iterable[Splice]) -> str:
    """The text with the spans replaced, which do not overlap."""
    parts, here = [], 0
    for splice in sorted(splices, key=lambda one: one.start):
        parts += [text[here : splice.start], splice.text]
        here = splice.end
    return "".join([*parts, text[here:]])
