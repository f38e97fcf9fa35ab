"""Times on the command line and in the settings, in seconds."""

from gitcoord.durations import NO_LIMIT, parse_duration
from gitcoord.errors import usage_error


def seconds(text: str | None) -> float:
    """Parses a duration such as `30m`; returns seconds, 0 for None. Raises `usage` (exit 2)."""
    if text is None:
        return 0.0
    found = parse_duration(text)
    if found is None:
        raise usage_error("usage", f"{text!r} is not a duration.", "Write it like 90s, 30m or 1h30m.")
    return found


def limit(text: str) -> float | None:
    """Parses a time limit; returns seconds, or None for `none`, `0` or `0s`. Raises `usage` (exit 2)."""
    return None if text in NO_LIMIT else seconds(text) or None
