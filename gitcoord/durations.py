"""Durations as people write them: `90s`, `30m`, `1h30m`."""

NO_LIMIT = ("", "none", "0")
"""Words for a time limit that is none."""


def parse_duration(text: str) -> float | None:
    """The seconds that `text` means; None when it is no duration."""
    from pytimeparse2 import parse

    found = parse(text, raise_exception=False)
    return float(found) if isinstance(found, int | float) and found >= 0 else None
