"""Durations as people write them: `90s`, `30m`, `1h30m`."""

NO_LIMIT = ("", "none", "0")
"""Values that mean no time limit."""


def parse_duration(text: str) -> float | None:
    """Returns the duration `text` in seconds; None if it is not a duration."""
    from pytimeparse2 import parse

    found = parse(text, raise_exception=False)
    return float(found) if isinstance(found, int | float) and found >= 0 else None
