"""Circles and duplicates are named by their ids, in order."""

import pytest

from gitcoord.errors import GitcoordError
from tests.support.tasklists import task
from tests.tasks.conftest import Fault, Read, codes, edges, read_fixture
from tests.tasks.test_dependencies import sub


def test_a_circle_is_told_in_the_order_of_its_dependencies(fault: Fault) -> None:
    error = fault(task(1, depends_on=[3]), task(2, depends_on=[1]), task(3, depends_on=[2]), task(4))
    assert [(one.code, one.task) for one in error.findings] == [("cycle", "1")]
    assert "1 -> 3 -> 2 -> 1" in error.message


def test_who_only_leads_into_a_circle_is_not_blamed(fault: Fault) -> None:
    error = fault(task(1, depends_on=[2]), task(2, depends_on=[3]), task(3, depends_on=[2]))
    assert "2 -> 3 -> 2" in error.message
    assert "Tasks 1" not in error.message


def test_every_circle_is_told(fault: Fault) -> None:
    error = fault(*(task(id, depends_on=[id ^ 1]) for id in range(2, 12)))
    assert [one.task for one in error.findings] == ["2", "4", "6", "8", "10"]
    assert "has 5 errors" in error.message
    assert "6 -> 7 -> 6" in error.message
    assert "8 -> 9" not in error.message
    assert "and 2 more" in error.message


def test_a_deadlock_through_a_subtask_names_the_subtask() -> None:
    with pytest.raises(GitcoordError) as caught:
        read_fixture("deadlock-through-a-subtask.json")
    error = caught.value
    assert [(one.code, one.task) for one in error.findings] == [("subtask-deadlock", "3")]
    assert "3 -> 32 -> 3" in error.message
    assert "3.5 depends on 32" in error.message


def test_a_circle_that_needs_no_subtask_is_told_as_such(fault: Fault) -> None:
    error = fault(
        task(1, depends_on=[2], subtasks=[sub(1, "3")]), task(2, depends_on=[1]), task(3, depends_on=[1])
    )
    assert [one.code for one in error.findings] == ["cycle"]


def test_subtasks_that_wait_for_each_other_are_an_error(fault: Fault) -> None:
    error = fault(task(9, subtasks=[sub(1, 2), sub(2, "9.1"), sub(3, 1)]))
    assert [(one.code, one.task) for one in error.findings] == [("cycle", "9.1")]
    assert "9.1 -> 9.2 -> 9.1" in error.message


def test_a_subtask_that_depends_on_itself_is_an_error(fault: Fault) -> None:
    error = fault(task(13, subtasks=[sub(1, 1), sub(2, "13.2")]))
    assert [(one.code, one.task) for one in error.findings] == [
        ("self-dependency", "13.1"),
        ("self-dependency", "13.2"),
    ]


def test_finished_circles_hold_nothing_up(read: Read) -> None:
    found = read(
        task(1, depends_on=[2], status="done"),
        task(2, depends_on=[1, 1], status="cancelled"),
        task(3, depends_on=[3, 2], status="done", subtasks=[sub(1, 2), sub(2, 1), sub(3, 3)]),
        task(4, depends_on=[1]),
        cancelled_satisfies=False,
    )
    assert edges(found) == {"1": [], "2": [], "3": ["2"], "4": ["1"]}
    assert [one.depends_on for one in found.tasks[2].subtasks] == [(), (), ()]
    assert codes(found) == [
        ("self-dependency", "3"),
        ("self-dependency", "3.3"),
        ("finished-cycle", "1"),
        ("finished-cycle", "3.1"),
    ]


def test_a_circle_that_finished_work_breaks_is_planned(read: Read) -> None:
    found = read(task(1, depends_on=[2], status="done"), task(2, depends_on=[1]))
    assert edges(found) == {"1": [], "2": ["1"]}
    assert codes(found) == [("finished-cycle", "1")]


def test_an_id_that_occurs_twice_is_an_error_with_both_titles(fault: Fault) -> None:
    error = fault(task(48, title="Soup", status="done"), task("48", title="Salad"))
    assert [(one.code, one.task) for one in error.findings] == [("duplicate-id", "48")]
    assert '"Soup"' in error.message
    assert '"Salad"' in error.message
    assert fault(task(48), task("48", status="done")).code == "duplicate-id"


def test_of_finished_duplicates_the_first_counts(read: Read) -> None:
    found = read(task(1, title="Soup", status="done"), task(1, title="Salad", status="cancelled"))
    assert [one.title for one in found.tasks] == ["Soup"]
    assert codes(found) == [("duplicate-id", "1")]


def test_subtasks_with_one_id_are_an_error_while_they_remain(fault: Fault, read: Read) -> None:
    eight = [sub(42) for _ in range(8)]
    error = fault(task(42, subtasks=eight))
    assert [(one.code, one.task) for one in error.findings] == [("duplicate-id", "42.42")]
    assert "occurs 8 times" in error.message
    found = read(task(42, status="done", subtasks=eight), task(43, depends_on=[42]))
    assert [one.id for one in found.tasks[0].subtasks] == ["42.42"]


def test_a_task_and_a_subtask_with_one_id_are_an_error(fault: Fault) -> None:
    assert fault(task(1, subtasks=[sub(1)]), task("1.1")).code == "duplicate-id"
    assert fault(task("a", subtasks=[sub("b.c")]), task("a.b", subtasks=[sub("c")])).code == "duplicate-id"


def test_ids_that_differ_only_in_case_are_mentioned(read: Read) -> None:
    assert codes(read(task("API"), task("api"))) == [("ids-differ-in-case", "api")]


def test_a_long_circle_is_told_without_flooding(fault: Fault) -> None:
    error = fault(task(1, depends_on=[5000]), *(task(id, depends_on=[id - 1]) for id in range(2, 5001)))
    assert "1 -> 5000 -> 4999" in error.message
    assert len(error.message) < 500
    assert len(error.findings) == 1


def test_a_chain_of_thousands_is_no_deeper_than_a_short_one(read: Read) -> None:
    found = read(*(task(id, depends_on=[id + 1] if id < 5000 else []) for id in range(1, 5001)))
    assert len(found.tasks) == 5000
    assert found.tasks[0].depends_on == ("2",)


def test_thousands_of_tasks_in_one_level_are_read(read: Read) -> None:
    found = read(task("root"), *(task(id, depends_on=["root"]) for id in range(5906)))
    assert len(found.tasks) == 5907


def test_all_errors_of_a_list_are_told_at_once(fault: Fault) -> None:
    error = fault(
        task(1, depends_on=[1]),
        task(2, depends_on=["x"]),
        task("a/b"),
        task(2),
        task(5, depends_on=[6]),
        task(6, depends_on=[5]),
    )
    assert {one.code for one in error.findings} == {
        "self-dependency",
        "dangling-dependency",
        "unusable-id",
        "duplicate-id",
        "cycle",
    }
