"""Times of events for a person. They come from other machines: what cannot be read is shown as it is."""

from datetime import UTC, datetime


def ago(at: str, now: datetime | None = None) -> str:
    """How long ago `at` was: `just now`, `5 min ago`, `3 h ago`, `2 days ago`."""
    moment = _parsed(at)
    if moment is None:
        return at
    minutes = int(((now or datetime.now(UTC)) - moment).total_seconds() // 60)
    if minutes < 1:
        return "just now"  # or in the future, by a clock that is fast
    if minutes < 60:
        return f"{minutes} min ago"
    if minutes < 48 * 60:
        return f"{minutes // 60} h ago"
    return f"{minutes // (24 * 60)} days ago"


def on_the_clock(at: str) -> str:
    """`at` in this machine's time zone, to the second."""
    moment = _parsed(at)
    return at if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _parsed(at: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(at)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        moment.astimezone()  # years 1 and 9999 have no other time zone
    except (ValueError, OverflowError, OSError):
        return None
    return moment
