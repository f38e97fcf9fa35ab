"""Ids, statuses, priorities and texts, as they are really written."""

from typing import Any

import pytest

from gitcoord.tasks.model import ListedStatus
from tests.support.tasklists import task
from tests.tasks.conftest import Fault, Read, ReadJson, codes, edges, read_fixture

UUID = "60d49de0-2f1c-4b8e-9a55-0c5a3f1d2b77"


def test_ids_are_compared_as_trimmed_strings() -> None:
    assert edges(read_fixture("slug-ids.json")) == {
        "data-models": [],
        "TASK-001": ["data-models"],
        UUID: ["TASK-001"],
        "料理": [UUID],
    }


def test_numbers_and_digits_in_quotes_are_the_same_id(read: Read) -> None:
    found = read(task(" 1 "), task(2, depends_on=["1"]), task("3", depends_on=[2, "2"]))
    assert edges(found) == {"1": [], "2": ["1"], "3": ["2"]}


def test_a_whole_number_written_with_a_point_is_that_number(read_json: ReadJson) -> None:
    found = read_json('{"tasks": [{"id": 3.0, "title": "a"}, {"id": 4, "title": "b", "dependencies": [3]}]}')
    assert edges(found) == {"3": [], "4": ["3"]}


@pytest.mark.parametrize(
    "id",
    [
        *("../../x", "a/b", "-x", "--upload-pack=x", "a b", "a..b", "a.", "a.lock", ".a", "a~1", "a^", "a:b"),
        *("a\\b", "a?", "a*", "a[1]", "@{x}", "\x1b[2J", "a\nb", "a\u0000", "\ud800", "x" * 101, "", "  "),
        *(-1, True, None, [1], {"id": 1}),
    ],
)
def test_an_id_that_cannot_be_part_of_a_branch_name_is_refused(fault: Fault, id: Any) -> None:
    error = fault({**task(1), "id": id}, task(2))
    assert error.code == "unusable-id"
    assert "Entry 1 of the list" in error.message
    assert '"Task 1"' in error.message


def test_a_missing_id_is_told_by_place_and_title(fault: Fault) -> None:
    assert '("Soup") has no id' in fault({"title": "Soup"}).message


def test_odd_statuses_are_read_and_mentioned() -> None:
    found = read_fixture("many-statuses.json")
    assert {one.id: str(one.status) for one in found.tasks} == {
        "a": "done",
        "b": "pending",
        "c": "unknown",
        "d": "pending",
        "e": "cancelled",
        "f": "in-progress",
    }
    assert codes(found) == [
        ("unknown-status", "c"),
        ("cancelled-satisfies", "f"),
        ("odd-status", "a"),
        ("odd-status", "b"),
        ("odd-status", "d"),
        ("odd-status", "f"),
    ]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("done", ListedStatus.DONE),
        ("Completed", ListedStatus.DONE),
        ("complete", ListedStatus.DONE),
        ("canceled", ListedStatus.CANCELLED),
        ("todo", ListedStatus.PENDING),
        ("open", ListedStatus.PENDING),
        ("Pending", ListedStatus.PENDING),
        ("in_progress", ListedStatus.IN_PROGRESS),
        ("IN PROGRESS", ListedStatus.IN_PROGRESS),
        ("review", ListedStatus.REVIEW),
        ("deferred", ListedStatus.DEFERRED),
        ("blocked", ListedStatus.BLOCKED),
        (None, ListedStatus.PENDING),
        ("", ListedStatus.PENDING),
        ("deprecated", ListedStatus.UNKNOWN),
        (3, ListedStatus.UNKNOWN),
        (["done"], ListedStatus.UNKNOWN),
    ],
)
def test_a_status_means_the_same_in_every_spelling(read: Read, written: Any, meant: ListedStatus) -> None:
    found = read(task(1, status=written, subtasks=[{"id": 1, "status": written}])).tasks[0]
    assert found.status == meant
    assert found.subtasks[0].status == meant


def test_only_what_taskmaster_itself_fails_on_is_mentioned(read: Read) -> None:
    subtasks = [{"id": 1, "status": "completed"}, {"id": 2, "status": "todo"}, {"id": 3}]
    native = ("pending", "in-progress", "done", "deferred", "cancelled", "blocked", "review")
    tasks = [task(place, status=status) for place, status in enumerate(native, 2)]
    assert codes(read(task(1, subtasks=subtasks), *tasks)) == []


def test_an_oddity_of_many_tasks_is_one_warning(read: Read) -> None:
    found = read(*(task(id, status="todo") for id in range(1, 31)))
    assert codes(found) == [("odd-status", None)]
    assert "(tasks 1, 2, " in found.warnings[0].message
    assert "and 18 more)" in found.warnings[0].message


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("critical", "critical"),
        ("HIGH", "high"),
        ("P0", "critical"),
        ("p1", "high"),
        (None, "medium"),
        ("?", "medium"),
    ],
)
def test_a_priority_is_one_of_four(read: Read, written: Any, read_as: str) -> None:
    found = read(task(1, priority=written))
    assert found.tasks[0].priority == read_as
    assert codes(found) == ([("unknown-priority", "1")] if written == "?" else [])


def test_texts_are_kept_but_for_what_no_sink_can_take(read: Read) -> None:
    found = read(
        task(
            1,
            title='"; rm -rf ~ #[/red]\x1b[2J\n end',
            description="a\x00b\ud800",
            details=["first", "second", 3],
            testStrategy={"no": "text"},
        )
    ).tasks[0]
    assert found.title == '"; rm -rf ~ #[/red]\x1b[2J end'
    assert found.description == "a\ufffdb\ufffd"
    assert (found.details, found.test_strategy) == ("first\nsecond\n3", "")


def test_a_task_without_a_title_is_called_by_its_id(read: Read) -> None:
    assert [one.title for one in read(task(1, title=None), task(2, title="", name="Soup")).tasks] == [
        "Task 1",
        "Soup",
    ]


def test_what_is_not_a_task_is_skipped_with_a_warning(read: Read) -> None:
    found = read(task(1, subtasks=[20, "21", {"id": 1}]), None, "text", 5, task(2, subtasks="none"))
    assert [one.id for one in found.tasks] == ["1", "2"]
    assert [one.id for one in found.tasks[0].subtasks] == ["1.1"]
    assert [code for code, _ in codes(found)] == ["not-a-task"] * 6


def test_unknown_fields_do_no_harm(read: Read) -> None:
    found = read(task(1, files=["a.py"], relevantFiles=[{"path": "b.py"}], parentId="undefined", tags=["x"]))
    assert codes(found) == []
