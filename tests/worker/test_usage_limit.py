"""What agents print when their account may do nothing more, and what time it is then."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from gitcoord.worker.attempt.usage_limit import find_limit, known_patterns, told_time

NOW = datetime(2026, 7, 4, 12, tzinfo=UTC).timestamp()
CODEX = "You've hit your usage limit. Upgrade to Pro (https://openai.com/chatgpt/pricing) or"
REJECTED = '{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":1783180800,"x":"y"}}'


@pytest.fixture(autouse=True)
def _in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import time

    with monkeypatch.context() as changed:
        changed.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("said", "until"),
    [
        ("Claude AI usage limit reached|1783180800", "2026-07-04 16:00"),
        (
            " ⎿  Claude usage limit reached. Your limit will reset at 9am (America/Chicago).",
            "2026-07-04 14:00",
        ),
        ("You've hit your session limit · resets 12:50am (America/Los_Angeles)", "2026-07-05 07:50"),
        ("You've hit your limit \\u00b7 resets 4:50am (Europe/Rome)", "2026-07-05 02:50"),
        ("\x1b[31m5-hour limit reached ∙ resets 3pm\x1b[0m", "2026-07-04 15:00"),
        ("You've hit your weekly limit · resets Jul 9 at 6am (UTC)", "2026-07-09 06:00"),
        (REJECTED, "2026-07-04 16:00"),
        (f"{CODEX} try again in 5 days 22 hours 11\nminutes.", "2026-07-10 10:11"),
        (f"{CODEX} try again at Jul 5th, 2026 8:19 PM.", "2026-07-05 20:19"),
        ("You've hit your usage limit. Visit https://x.y/z or try again at 3:28 PM.", "2026-07-04 15:28"),
        ('{"error":{"type":"usage_limit_reached","plan":"plus","resets_at":1783180800}}', "2026-07-04 16:00"),
        ("hit your usage limit · Usage will reset when your cycle ends on 7/23/2026.", "2026-07-23 00:00"),
        ("on this model. Your quota will reset after 42h1m20s.", "2026-07-06 06:01"),
        ('"status": "RESOURCE_EXHAUSTED", "details": [{"retryDelay": "34s"}]', "2026-07-04 12:00"),
        # Nobody said until when, or it has passed a moment ago, or cannot be.
        ("You've hit your usage limit. Try again later.", ""),
        ("You’ve hit your limit for Claude messages.", ""),
        ("You've hit your limit · resets 11:50am (UTC)", ""),
        ("Claude AI usage limit reached|1783100800", ""),
        ("Claude AI usage limit reached|9783180800", ""),
        ("You exceeded your current quota, please check your plan and billing details.", ""),
    ],
)
def test_the_limits_of_known_agents_are_read(said: str, until: str) -> None:
    found = find_limit(f"thinking …\n{said}\n", NOW)
    assert found is not None
    read = "" if found.until is None else datetime.fromtimestamp(found.until, UTC).strftime("%Y-%m-%d %H:%M")
    assert read == until
    assert len(found.said) <= 200


@pytest.mark.parametrize(
    "said",
    [
        "error: the rate limiter's tests fail",
        "assert limit == 5, 'the limit was not reached'",
        REJECTED.replace("rejected", "allowed"),
        "Not logged in · Please run /login",
        "429 Too Many Requests, retrying",
    ],
)
def test_other_failures_are_no_limit(said: str) -> None:
    assert find_limit(said, NOW) is None


def test_a_project_has_patterns_of_its_own_and_no_pattern_takes_long() -> None:
    found = find_limit("come back in 2h", NOW, (r"come back in (?P<wait>\w+)",))
    assert found is not None
    assert found.until == NOW + 7200 + 15
    assert len(known_patterns()) > 10
    for text in ("limit reached " * 300, "hit your usage limit " * 200, "RESOURCE_EXHAUSTED " * 200):
        find_limit(text, NOW)


@pytest.mark.parametrize(
    ("words", "later"),
    [
        ("1783180800\n", 4 * 3600),
        ("1783180800000", 4 * 3600),
        ("5h", 5 * 3600),
        ("2026-07-04T15:00:00Z", 3 * 3600),
        ("2026-07-04T15:00:00+02:00", 3600),
        ("15:00", 3 * 3600),
        ("rubbish", None),
        ("2020-01-01", None),
        ("9999999999", None),
    ],
)
def test_an_agent_may_write_the_time_itself(words: str, later: float | None) -> None:
    assert told_time(words, NOW) == (None if later is None else NOW + later)
