"""Parses the filter of the issues that make a task list: `github:label=parallel,milestone=v2`."""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from gitcoord.errors import usage_error

_PART: Final = re.compile(r"(?:\A|,)(label|milestone)=")
_WAY: Final = "Write `--from github --label NAME`, `--milestone TITLE`, or both."


class IssueFilter(msgspec.Struct, frozen=True, kw_only=True):
    """The labels that an issue must have, all of them, and its milestone."""

    labels: tuple[str, ...] = ()
    milestone: str | None = None

    @property
    def text(self) -> str:
        """The filter as it is written."""
        parts = [f"label={label}" for label in self.labels]
        return ",".join([*parts, *([f"milestone={self.milestone}"] if self.milestone else [])])


def parse_filter(text: str) -> IssueFilter:
    """Parses `label=A,label=B,milestone=M`. Raises `usage` (exit 2)."""
    first, *parts = _PART.split(text)
    pairs = list(zip(parts[::2], (value.strip() for value in parts[1::2]), strict=True))
    milestones = [value for name, value in pairs if name == "milestone"]
    if first or not pairs or len(milestones) > 1 or not all(value for _, value in pairs):
        named = f"{text!r} does not say" if text else "Nothing says"
        raise usage_error("usage", f"{named} which issues make the task list.", _WAY)
    labels = tuple(value for name, value in pairs if name == "label")
    return IssueFilter(labels=labels, milestone=milestones[0] if milestones else None)


def with_filter(origin: str | None, labels: Sequence[str], milestone: str | None) -> str | None:
    """Returns the origin in `--from` with these options; raises `usage` if it does not name issues."""
    if not labels and milestone is None:
        return origin
    if origin != "github":
        raise usage_error("usage", "--label and --milestone choose issues of GitHub.", _WAY)
    return f"{origin}:{IssueFilter(labels=tuple(labels), milestone=milestone).text}"
