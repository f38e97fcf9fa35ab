"""Sorts ids as people do: `task-9` before `task-10`."""

import re

_DIGITS = re.compile(r"([0-9]+)")


def natural_key(id: str) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """Returns a sort key that puts `task-10` after `task-9`, and numbers before words."""
    chunks = []
    for chunk in _DIGITS.split(id):
        if chunk:
            # Compare by length and then by digits: int() refuses numbers with thousands of digits.
            digits = chunk.lstrip("0")
            chunks.append((0, len(digits), digits) if chunk[0] in "0123456789" else (1, 0, chunk))
    return tuple(chunks), id
