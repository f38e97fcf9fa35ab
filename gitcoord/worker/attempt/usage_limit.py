"""Whether an agent ended because its account may do nothing more for a while, and until when.

What agents print is in `usage_limits.toml`; times are read by dateutil, durations by pytimeparse2.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from gitcoord.durations import parse_duration

_MARGIN = 15.0
"""Seconds after the time that was told: clocks differ."""
_JUST_PASSED = timedelta(minutes=30)
"""A time of day that has passed no longer ago than this is not tomorrow's: the service is late."""
_LONGEST = timedelta(days=40).total_seconds()
"""A limit ends with the month at the latest; whatever is later was read wrong."""
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class UsageLimit(msgspec.Struct, frozen=True, kw_only=True):
    """A limit was reached. `until` is its end in seconds since the epoch, None where nobody said; `said` is
    what the agent printed."""

    until: float | None
    said: str


class _Pattern(msgspec.Struct, frozen=True):
    agent: str
    source: str
    pattern: str


class _Patterns(msgspec.Struct, frozen=True):
    limit: tuple[_Pattern, ...]


def find_limit(text: str, now: float, own: Sequence[str] = ()) -> UsageLimit | None:
    """The limit that `text`, the end of what an agent printed before `now`, tells of; None if of none.

    `own` are the patterns of the settings; they come first.
    """
    line = " ".join(_ESCAPES.sub("", text).split())
    for pattern in (*own, *known_patterns()):
        found = None
        for found in re.finditer(pattern, line, re.IGNORECASE | re.DOTALL):  # noqa: B007
            continue  # the newest counts
        if found is not None:
            until = next(_ends(found, now), None)
            usable = until is not None and now < until < now + _LONGEST
            return UsageLimit(until=until if usable else None, said=_sentence(text, found[0])[:200])
    return None


def _sentence(text: str, found: str) -> str:
    """The line that was found, where what was found stands on one; JSON is nothing for people."""
    lines = (" ".join(_ESCAPES.sub("", line).split()) for line in text.splitlines())
    return next((line for line in lines if found in line and not line.startswith("{")), found).strip()


def known_patterns() -> tuple[str, ...]:
    """The patterns for agents that gitcoord knows."""
    import tomllib  # most agents reach no limit

    table = tomllib.loads(Path(__file__).with_name("usage_limits.toml").read_text(encoding="utf-8"))
    return tuple(one.pattern for one in msgspec.convert(table, _Patterns).limit)


def told_time(text: str, now: float) -> float | None:
    """The time in a file that an agent wrote: seconds since the epoch, a duration, or a date with a time."""
    word = text.strip()
    if re.fullmatch(r"\d{9,13}(\.\d+)?", word):
        found: float | None = _epoch(float(word))
    else:
        wait = None if ":" in word else parse_duration(word)
        found = now + wait if wait is not None else _moment(word, "", now)
    return found if found is not None and now < found < now + _LONGEST else None


def _ends(found: re.Match[str], now: float) -> Iterator[float]:
    parts = {name: value for name, value in found.groupdict().items() if value}
    if "epoch" in parts:
        yield _epoch(float(parts["epoch"])) + _MARGIN
    if "seconds" in parts:
        yield now + float(parts["seconds"]) + _MARGIN
    if "wait" in parts and (wait := parse_duration(re.sub(r"\band\b|,", " ", parts["wait"]))) is not None:
        yield now + wait + _MARGIN
    if "at" in parts and (moment := _moment(parts["at"], parts.get("zone", ""), now)) is not None:
        yield moment + _MARGIN


def _epoch(number: float) -> float:
    return number / 1000 if number > 1e11 else number


def _moment(text: str, zone: str, now: float) -> float | None:
    """The next time that `text` can mean; one without a date is today's or tomorrow's."""
    from dateutil.parser import ParserError, parse

    here = _here(zone, now)
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
    other_day = midnight + timedelta(days=1)
    try:
        moment, other = (parse(text, default=default) for default in (midnight, other_day))
    except (ParserError, OverflowError, ValueError):
        return None
    if moment.tzinfo is None:
        moment, other = moment.replace(tzinfo=here.tzinfo), other.replace(tzinfo=here.tzinfo)
    if moment != other and moment <= here:
        # Only the time of day was told.
        moment = moment if here - moment < _JUST_PASSED else moment + timedelta(days=1)
    elif moment < here - timedelta(days=180):
        moment = moment.replace(year=moment.year + 1)  # January's, told in December
    return float(moment.timestamp())


def _here(zone: str, now: float) -> datetime:
    """`now` in the time zone of that name, or in this machine's."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        known = ZoneInfo(zone) if zone else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = None
    return datetime.fromtimestamp(now, known).astimezone(known)
