"""`gitcoord log`: the journal in sentences."""

from pathlib import Path

import pytest

from tests.state.world import STATE, plan_of, started, store_of, submitted
from tests.support.cli import gitcoord
from tests.support.repos import Repo

ON_THE_HOUR = {"TZ": "UTC"}


@pytest.fixture
def remote(tmp_path: Path) -> Repo:
    return Repo.pair(tmp_path)[0]


@pytest.fixture
def desk(remote: Repo, tmp_path: Path) -> Repo:
    desk = Repo(tmp_path / "work")
    store = store_of(desk)
    for minute, (task, by) in enumerate([("1", "ann"), ("2", "bob\x1b[2J\u2028"), ("1", "ann")]):
        at = f"2025-01-01T00:0{minute}:00.000000+00:00"
        event = started(task, by=by, at=at) if minute < 2 else submitted(task, "a" * 40, by=by, at=at)
        store.record(event)
    return desk


def test_each_event_is_a_line_with_time_and_who_and_the_newest_comes_last(desk: Repo) -> None:
    ran = gitcoord("log", cwd=desk.path, env=ON_THE_HOUR, ok=0)
    bob = r"bob\x1b[2J\u2028"
    ann = "ann".ljust(len(bob))
    assert ran.out.splitlines() == [
        f"2025-01-01 00:00:00  {ann}  task 1 started by ann on feature/level-0-task-1",
        f"2025-01-01 00:01:00  {bob}  task 2 started by {bob} on feature/level-0-task-2",
        f"2025-01-01 00:02:00  {ann}  task 1 submitted by ann at aaaaaaaaaaaa",
    ]
    assert ran.err == ""


def test_times_are_shown_in_the_readers_time_zone(desk: Repo) -> None:
    ran = gitcoord("log", "-n", "1", cwd=desk.path, env={"TZ": "UTC-2"}, ok=0)
    assert ran.out.startswith("2025-01-01 02:02:00  ann")


def test_a_program_gets_every_event(desk: Repo, remote: Repo) -> None:
    document = gitcoord("log", "--json", cwd=desk.path, ok=0).json
    assert document["schema"] == "gitcoord.log/1"
    assert [(event["event"], event["task"]) for event in document["events"]] == [
        ("started", "1"),
        ("started", "2"),
        ("submitted", "1"),
    ]
    assert document["events"][-1] == {
        "at": "2025-01-01T00:02:00.000000+00:00",
        "by": "ann",
        "event": "submitted",
        "task": "1",
        "sentence": "task 1 submitted by ann at aaaaaaaaaaaa",
        "commit": remote.refs()[STATE + "tasks/1"],
    }


def test_one_task_or_the_newest_few_can_be_asked_for(desk: Repo) -> None:
    def told(*options: str) -> list[str]:
        return [event["event"] for event in gitcoord("log", "--json", *options, cwd=desk.path).json["events"]]

    assert told("--task", "1") == ["started", "submitted"]
    assert told("--task", "1", "-n", "1") == ["submitted"]
    assert told("-n", "9") == ["started", "started", "submitted"]


def test_a_task_that_nobody_knows_is_wrong_usage(desk: Repo) -> None:
    store_of(desk).save_plan(plan_of([[["1", "7"]]]))
    ran = gitcoord("log", "--task", "../../x", "--json", cwd=desk.path, ok=2)
    assert (ran.json["code"], ran.json["hint"]) == ("no-such-task", "Tasks of the plan: 1, 7.")
    assert gitcoord("log", "--task", "7", cwd=desk.path, ok=0).err == "Nothing has happened to task 7 yet.\n"


def test_an_empty_journal_is_no_error(tmp_path: Path) -> None:
    _, desk = Repo.pair(tmp_path)
    ran = gitcoord("log", cwd=desk.path, ok=0)
    assert (ran.out, ran.err) == ("", "Nothing has happened yet.\n")
    assert gitcoord("log", "--json", cwd=desk.path, ok=0).json["events"] == []


def test_foreign_commits_are_warned_of_and_left_out(desk: Repo, remote: Repo) -> None:
    remote.git("update-ref", STATE + "tasks/9", remote.tip("main"))
    ran = gitcoord("log", "--json", cwd=desk.path, ok=0)
    assert len(ran.json["events"]) == 3
    told = "(first commit) in refs/gitcoord/tasks/9 was not written by gitcoord. [foreign-state]"
    assert told in ran.err


def test_numbers_below_one_are_wrong_usage(desk: Repo) -> None:
    assert gitcoord("log", "-n", "0", "--json", cwd=desk.path, ok=2).json["code"] == "usage"
