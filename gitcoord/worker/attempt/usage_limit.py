"""Recognizes in an agent's output that its account has reached a usage limit, and when the limit ends.

The patterns are in `usage_limits.toml`; dateutil parses times, and pytimeparse2 parses durations.
`closed_account.py` decides what happens at a limit.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from gitcoord.durations import parse_duration

_MARGIN = 15.0
"""Seconds to wait after the given time, because clocks differ."""
_JUST_PASSED = timedelta(minutes=30)
"""A time of day that passed less than this ago is today's, not tomorrow's: the service may be late."""
_LONGEST = timedelta(days=40).total_seconds()
"""Seconds. The longest limits last a month; a later time was misread."""
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class UsageLimit(msgspec.Struct, frozen=True, kw_only=True):
    """A usage limit.

    `until` is its end in seconds since 1970, None if unknown; `said` is the part of the output that names it.
    """

    until: float | None
    said: str


class _Pattern(msgspec.Struct, frozen=True):
    agent: str
    source: str
    pattern: str


class _Patterns(msgspec.Struct, frozen=True):
    limit: tuple[_Pattern, ...]


def find_limit(text: str, now: float, own: Sequence[str] = ()) -> UsageLimit | None:
    """Finds a usage limit in `text`, the end of an agent's output; None if there is none.

    `now` is the present time in seconds since 1970. `own` are the patterns of the settings, tried first.
    """
    line = " ".join(_ESCAPES.sub("", text).split())
    for pattern in (*own, *known_patterns()):
        found = None
        for found in re.finditer(pattern, line, re.IGNORECASE | re.DOTALL):  # noqa: B007
            continue  # the newest match counts
        if found is not None:
            until = next(_ends(found, now), None)
            usable = until is not None and now < until < now + _LONGEST
            return UsageLimit(until=until if usable else None, said=_sentence(text, found[0])[:200])
    return None


def _sentence(text: str, found: str) -> str:
    """The line with the match, if it is on one line and not JSON; else the match."""
    lines = (" ".join(_ESCAPES.sub("", line).split()) for line in text.splitlines())
    return next((line for line in lines if found in line and not line.startswith("{")), found).strip()


def known_patterns() -> tuple[str, ...]:
    """The patterns for known agents."""
    import tomllib  # imported here: most agents reach no limit

    table = tomllib.loads(Path(__file__).with_name("usage_limits.toml").read_text(encoding="utf-8"))
    return tuple(one.pattern for one in msgspec.convert(table, _Patterns).limit)


def told_time(text: str, now: float) -> float | None:
    """Parses the time in a file of an agent: seconds since the epoch, a duration, or a date with a time.

    Returns None if there is no such time, or if it is past or more than 40 days ahead.
    """
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
    """The next moment that `text` can mean, None if it is no time; a time of day is today's or tomorrow's."""
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
        # It is only a time of day.
        moment = moment if here - moment < _JUST_PASSED else moment + timedelta(days=1)
    elif moment < here - timedelta(days=180):
        moment = moment.replace(year=moment.year + 1)  # a date in January, printed in December
    return float(moment.timestamp())


def _here(zone: str, now: float) -> datetime:
    """`now` in the time zone of that name, or in this machine's."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        known = ZoneInfo(zone) if zone else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = None
    return datetime.fromtimestamp(now, known).astimezone(known)
