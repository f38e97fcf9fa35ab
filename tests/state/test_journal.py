"""Who acts, and the words that events are told in."""

import socket
from datetime import UTC, datetime

import msgspec
import pytest

from gitcoord.event_stamp import now, worker_name
from gitcoord.events import AnyEvent, AttemptEnded, AttemptStarted, Outcome, TaskLanded
from gitcoord.git.json_commits import decode, encode
from tests.state.world import started, submitted


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"GITCOORD_WORKER": " agent-7 ", "USER": "me"}, "agent-7"),
        ({"GITCOORD_WORKER": " ", "USER": "me"}, f"me@{socket.gethostname()}"),
        ({"LOGNAME": "me"}, f"me@{socket.gethostname()}"),
    ],
)
def test_a_worker_is_named_by_its_environment(environ: dict[str, str], name: str) -> None:
    assert worker_name(environ) == name


def test_times_are_utc_and_sort_as_text() -> None:
    first, second = now(), now()
    assert first <= second
    assert datetime.fromisoformat(first).tzinfo == UTC
    assert len(first) == len("2025-01-01T00:00:00.000000+00:00")


def test_an_event_is_read_back_as_it_was_written() -> None:
    landed = TaskLanded(
        at=now(), by="me", task="1", branch="b", head="a" * 40, commit="b" * 40, pull=3, wave=2
    )
    for event in (landed, started("1"), submitted("2", "c" * 40)):
        assert decode(encode(event), AnyEvent) == event
    assert decode(encode({"event": "unheard-of", "at": "", "by": ""}), AnyEvent) is None
    assert msgspec.json.decode(encode(landed))["event"] == "landed"
    assert landed.sentence() == "task 1 landed through pull request 3 as bbbbbbbbbbbb"


def test_the_journal_says_that_an_agent_had_a_conflict_to_resolve() -> None:
    def sentence(outcome: Outcome = "ok", reworks: int = 0) -> str:
        ended = AttemptEnded(at="", by="me", task="1", attempt=2, outcome=outcome, reworks=reworks)
        return ended.sentence().removeprefix("task 1: attempt 2 ended: ")

    assert [sentence(reworks=number) for number in range(3)] == [
        "ok",
        "ok, after its agent resolved a conflict",
        "ok, after its agent resolved 2 conflicts",
    ]
    assert sentence("conflict", 1) == "conflict"
    again = AttemptStarted(at="", by="me", task="1", attempt=2, branch="b", base="0", rework=True)
    assert again.sentence() == "task 1: attempt 2 (rework) started by me on b"
