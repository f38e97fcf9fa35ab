"""Times of events for a person, and durations that a person gives."""

from datetime import UTC, datetime

import pytest

from gitcoord.cli.time_options import limit
from gitcoord.cli.views.times import ago, clock, duration, on_the_clock

NOW = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        ("2025-06-01T11:59:30+00:00", "just now"),
        ("2025-06-01T13:00:00+00:00", "just now"),
        ("2025-06-01T11:55:00+00:00", "5 min ago"),
        ("2025-06-01T11:00:00", "1 h ago"),
        ("2025-05-30T12:30:00+00:00", "47 h ago"),
        ("2025-05-30T12:00:00+00:00", "2 days ago"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
        ("yesterday", "yesterday"),
        ("", ""),
    ],
)
def test_how_long_ago_it_was_is_said_in_words(at: str, shown: str) -> None:
    assert ago(at, NOW) == shown


def test_what_is_no_time_is_shown_as_it_is() -> None:
    assert on_the_clock("yesterday") == "yesterday"


@pytest.mark.parametrize(
    ("seconds", "watched", "told"),
    [
        (0, "0:00", "0 s"),
        (0.84, "0:00", "0.8 s"),
        (42, "0:42", "42 s"),
        (130, "2:10", "2 min"),
        (3723, "1:02:03", "1 h 02 min"),
        (7200, "2:00:00", "2 h"),
        (3599, "59:59", "1 h"),
        (200_000, "55:33:20", "2 d 7 h"),
        (-130, "0:00", "-2 min"),
    ],
)
def test_a_duration_is_watched_or_told(seconds: float, watched: str, told: str) -> None:
    assert (clock(seconds), duration(seconds)) == (watched, told)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("", None), ("none", None), ("0", None), ("0s", None), ("0m", None), ("90s", 90), ("1h30m", 5400)],
)
def test_no_time_at_all_is_no_limit_however_it_is_written(text: str, seconds: float | None) -> None:
    assert limit(text) == seconds
