"""Formats names for a sentence: shortens lists, and makes text from others harmless."""

import re
import unicodedata
from collections.abc import Sequence


def some(names: Sequence[str], most: int = 5) -> str:
    """Joins names: `a, b, c`; counts the rest of more than `most` names: `a, b and 7 more`."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def named_tasks(tasks: Sequence[str], most: int | None = None) -> str:
    """Joins tasks: `task 3` or `tasks 3, 4`; with `most`, counts the rest of a long list."""
    word = "task" if len(tasks) == 1 else "tasks"
    return f"{word} {some(tasks, len(tasks) if most is None else most)}"


_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_JOINERS = {"\u200c", "\u200d"}


def visible(text: str) -> str:
    """Returns text from others on one line; escapes invisible characters and terminal controls."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char if unicodedata.category(char) not in _INVISIBLE or char in _JOINERS else _escaped(char)
        for char in text
    )


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")


_REFERENCES = r"(?i)@(?=\S)|#(?=\d)|\bGH-(?=\d)|:(?=//)"


def inert(text: str) -> str:
    """Returns text from others in which GitHub sees no mention and no reference that could close an issue.

    A zero-width space breaks `@team`, `#1`, `GH-1` and addresses
    (https://docs.github.com/get-started/writing-on-github/working-with-advanced-formatting).
    """
    return re.sub(_REFERENCES, lambda found: f"{found[0]}\u200b", text)
