"""The command that gets a run's events: in order, each once, and never in the run's way."""

import json
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from gitcoord.cli.views.event_json import event_text, event_words
from gitcoord.errors import GitcoordError
from gitcoord.events import AnyEvent, CancelAsked, RunChanged
from gitcoord.notices import AnyNotice
from gitcoord.run.event_feed import EventFeed
from gitcoord.settings import RunSettings

EVENTS: tuple[AnyEvent, ...] = (
    RunChanged(at="2026-01-01T00:00:00+00:00", by="ann", state="running", max_parallel=3),
    CancelAsked(at="2026-01-01T00:00:01+00:00", by="ann ghp_" + "a" * 36, task="1"),
    CancelAsked(at="2026-01-01T00:00:02+00:00", by="ann", task="2"),
)


def feed(script: str, told: list[AnyNotice]) -> EventFeed:
    return EventFeed(["sh", "-c", script], event_text, told.append)


def test_each_new_event_is_one_document_on_standard_input(tmp_path: Path) -> None:
    told: list[AnyNotice] = []
    one = feed(f"cat >> {tmp_path}/seen", told)
    one.skip(EVENTS[:1])
    one.take(EVENTS[:2])
    one.take(EVENTS)
    one.take(EVENTS)
    one.close()
    seen = [json.loads(line) for line in (tmp_path / "seen").read_text().splitlines()]
    assert [document["task"] for document in seen] == ["1", "2"]
    wanted = {
        "schema": "gitcoord.event/1",
        "event": "cancel-asked",
        "sentence": "task 1 will be cancelled (requested by ann ***)",
        "at": "2026-01-01T00:00:01+00:00",
        "by": "ann ***",
        "task": "1",
    }
    assert wanted.items() <= seen[0].items()
    assert told == []


def test_a_command_that_hangs_or_fails_is_told_of_once_and_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gitcoord.run.event_feed._AT_THE_END", 0.2)
    told: list[AnyNotice] = []
    stuck = feed(f"echo $$ > {tmp_path}/pid; sleep 100", told)
    stuck.take(EVENTS)
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text().strip():
        time.sleep(0.02)
    stuck.close()
    pid = int((tmp_path / "pid").read_text())
    with suppress(psutil.NoSuchProcess):
        while psutil.Process(pid).status() != "zombie":
            time.sleep(0.02)
    failing: list[AnyNotice] = []
    one = feed("exit 3", failing)
    one.take(EVENTS)
    one.close()
    absent = EventFeed(["/no/such/program"], event_text, failing.append)
    absent.take(EVENTS)
    absent.close()
    assert ["code 3" in str(notice) for notice in failing] == [True, False]
    assert ["No such file" in str(notice) for notice in failing] == [False, True]


def test_its_words_are_read_like_those_of_the_agent() -> None:
    assert event_words(RunSettings()) == []
    assert event_words(RunSettings(on_event="notify 'a b'")) == ["notify", "a b"]
    assert event_words(RunSettings(on_event="cat > x", shell=True)) == ["sh", "-c", "cat > x"]
    with pytest.raises(GitcoordError, match=r"`run\.on-event` cannot be read"):
        event_words(RunSettings(on_event="open 'quote"))
