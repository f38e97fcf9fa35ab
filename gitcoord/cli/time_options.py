"""Times on the command line and in the settings, in seconds."""

from gitcoord.durations import NO_LIMIT, parse_duration
from gitcoord.errors import usage_error


def seconds(text: str | None) -> float:
    """The length of a duration such as `30m` in seconds; raises `usage` (exit 2)."""
    if text is None:
        return 0.0
    found = parse_duration(text)
    if found is None:
        raise usage_error("usage", f"{text!r} is no duration.", "Write it like 90s, 30m or 1h30m.")
    return found


def limit(text: str) -> float | None:
    """Seconds of a time limit; None where there is none: `none`, and no time at all, such as `0` or `0s`."""
    return None if text in NO_LIMIT else seconds(text) or None
