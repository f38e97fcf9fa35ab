"""Converts single values of a task list (ids, texts, statuses, priorities); accepts several spellings."""

import json
import re
from collections.abc import Iterable
from typing import Any

from gitcoord.tasks.model import ListedStatus
from gitcoord.text_lists import some

ID_LENGTH = 100
_ID = re.compile(r"\w[\w.-]*")
_QUOTED_LENGTH = 60
_UNFIT = "[\x00\ud800-\udfff]"  # Compiled when needed: few lists have any.

_NATIVE = {str(status): status for status in ListedStatus if status is not ListedStatus.UNKNOWN}
_STATUSES = {
    **_NATIVE,
    **dict.fromkeys(("todo", "to-do", "open", "new", "not-started"), ListedStatus.PENDING),
    **dict.fromkeys(("inprogress", "started", "doing"), ListedStatus.IN_PROGRESS),
    **dict.fromkeys(("in-review",), ListedStatus.REVIEW),
    **dict.fromkeys(("completed", "complete", "finished"), ListedStatus.DONE),
    **dict.fromkeys(("canceled",), ListedStatus.CANCELLED),
}
_PRIORITIES = {
    **dict.fromkeys(("critical", "urgent", "p0"), "critical"),
    **dict.fromkeys(("high", "p1"), "high"),
    **dict.fromkeys(("medium", "normal", "p2"), "medium"),
    **dict.fromkeys(("low", "p3"), "low"),
}


class Decimal(float):
    """A JSON number with a point or exponent that keeps its spelling: as ids, 31.10 differs from 31.1."""

    written: str

    def __new__(cls, written: str) -> "Decimal":
        made = super().__new__(cls, written)
        made.written = written
        return made


def text(value: Any) -> str:
    """Returns `value` as text that every output accepts: no lone surrogates, no NUL.

    Joins the lines of a list.
    """
    if isinstance(value, str):
        # Nearly every text is plain; this check takes a tenth of the time of a pattern.
        return value if value.isascii() and "\0" not in value else re.sub(_UNFIT, "\ufffd", value)
    if value is None:
        return ""
    if isinstance(value, list):
        # Only one level: a deeply nested list is not a text.
        return "\n".join(text(line) for line in value if line and not isinstance(line, list))
    return "" if id_text(value) is None else str(id_text(value))


def one_line(value: Any) -> str:
    """Returns `value` as text, with each run of white space replaced by one space."""
    return " ".join(text(value).split())


def id_text(value: Any) -> str | None:
    """Returns an id as a trimmed string.

    Returns None if `value` is neither text nor a number as the readers produce it (`int`, `Decimal`).
    """
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, Decimal):
        return str(int(value)) if value.is_integer() else value.written
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def usable(id: str) -> bool:
    """Whether `id` can be part of a branch name and of a ref."""
    return (
        len(id) <= ID_LENGTH
        and _ID.fullmatch(id) is not None
        and ".." not in id
        and not id.endswith((".", ".lock"))
    )


def number(value: Any, *, above: float, most: float) -> float | None:
    """Returns `value` as a number greater than `above` and at most `most`, else None."""
    if isinstance(value, int | float) and not isinstance(value, bool) and above < value <= most:
        return float(value)
    return None


def status_of(value: Any) -> tuple[ListedStatus, bool]:
    """Returns the status that `value` means, and whether TaskMaster itself accepts the spelling."""
    if isinstance(value, str) and value in _NATIVE:
        return _NATIVE[value], True
    if not isinstance(value, str) or not value.strip():
        return (ListedStatus.PENDING if value in (None, "") else ListedStatus.UNKNOWN), False
    plain = re.sub(r"[\s_]+", "-", value.strip().lower())
    return _STATUSES.get(plain, ListedStatus.UNKNOWN), False


def priority_of(value: Any) -> str | None:
    """Returns `critical`, `high`, `medium` or `low`; None if `value` is not a name of a priority."""
    if isinstance(value, str) and value in _PRIORITIES:
        return _PRIORITIES[value]
    return _PRIORITIES.get(str(id_text(value)).lower())


def quoted(value: Any) -> str:
    """Formats `value` for a message: short, on one line, text in quotes."""
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, Decimal):
        return value.written[:_QUOTED_LENGTH]
    shown = json.dumps(text(value) if isinstance(value, str) else value, ensure_ascii=False)
    return shown if len(shown) <= _QUOTED_LENGTH else f"{shown[:_QUOTED_LENGTH]}…"


def listed(ids: Iterable[str], most: int = 12) -> str:
    """Joins `ids` for a sentence, such as `3, 4 and 9`; counts the rest of a long list."""
    names = list(ids)
    if len(names) > most:
        return some(names, most)
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else "none"
