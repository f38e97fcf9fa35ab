"""Formats times and durations. Events come from other machines: shows an invalid time unchanged."""

from datetime import UTC, datetime

QUIET = 120.0
"""Seconds without output after which an agent is called quiet."""


def ago(at: str, now: datetime | None = None) -> str:
    """Returns how long ago `at` was: `just now`, `5 min ago`, `3 h ago`, `2 days ago`."""
    moment = _parsed(at)
    if moment is None:
        return at
    minutes = int(((now or datetime.now(UTC)) - moment).total_seconds() // 60)
    if minutes < 1:
        return "just now"  # or in the future, if the other clock is fast
    if minutes < 60:
        return f"{minutes} min ago"
    if minutes < 48 * 60:
        return f"{minutes // 60} h ago"
    return f"{minutes // (24 * 60)} days ago"


def on_the_clock(at: str) -> str:
    """Returns `at` in this machine's time zone, to the second."""
    moment = _parsed(at)
    return at if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def clock(seconds: float) -> str:
    """Formats a running duration: `0:07`, `2:10`, `1:02:03`."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def duration(seconds: float) -> str:
    """Formats a duration, coarser the longer it is: `0.8 s`, `42 s`, `12 min`, `1 h 05 min`, `2 d`."""
    if seconds < 0:
        return f"-{duration(-seconds)}"
    if seconds < 9.95:
        return f"{seconds:.1f} s" if seconds >= 0.05 else "0 s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def time_of_day(at: str) -> str:
    """Returns the time of day of `at` in this machine's time zone."""
    moment = _parsed(at)
    return at if moment is None else moment.astimezone().strftime("%H:%M:%S")


def _parsed(at: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(at)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        moment.astimezone()  # years 1 and 9999 have no other time zone
    except (ValueError, OverflowError, OSError):
        return None
    return moment
