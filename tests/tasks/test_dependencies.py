"""What dependencies mean, however they are written."""

from typing import Any

import pytest

from tests.support.tasklists import task
from tests.tasks.conftest import Fault, Read, codes, edges, read_fixture


def sub(id: Any, *depends_on: Any, **fields: Any) -> dict[str, Any]:
    return {"id": id, "title": f"Subtask {id}", "dependencies": list(depends_on), **fields}


@pytest.mark.parametrize(
    ("written", "meant", "warning"),
    [
        (None, [], None),
        ([], [], None),
        ("", [], None),
        ("none", [], None),
        ([None, ""], [], None),
        ([1, "2", 1, " 2 "], ["1", "2"], None),
        (["1, 2"], ["1", "2"], "split-dependency"),
        (["1;2,3"], ["1", "2", "3"], "split-dependency"),
        ("1", ["1"], "dependencies-not-a-list"),
        ("1, 2", ["1", "2"], "dependencies-not-a-list"),
        (3, ["3"], "dependencies-not-a-list"),
        ([{"taskId": "1"}, {"id": 2}], ["1", "2"], "object-dependency"),
        ({"taskId": 1}, ["1"], "object-dependency"),
    ],
)
def test_dependencies_are_read_as_meant(
    read: Read, written: Any, meant: list[str], warning: str | None
) -> None:
    found = read(task(1), task(2), task(3), {**task(4), "dependencies": written})
    assert edges(found)["4"] == meant
    assert {code for code, _ in codes(found)} >= ({warning} if warning else set())
    assert bool(codes(found)) == bool(warning)


@pytest.mark.parametrize(
    "written", [["99"], [{"taskID": 1}], [True], [[1]], ["1.1"], ["Task 1"], {"1": True}]
)
def test_a_dependency_on_nothing_is_an_error_with_both_ids(fault: Fault, written: Any) -> None:
    error = fault(task(1), {**task(2), "dependencies": written})
    assert [(one.code, one.task) for one in error.findings] == [("dangling-dependency", "2")]
    assert error.message.count("Task 2 depends on") == 1


def test_a_fragment_of_a_list_dangles_and_every_id_is_named(fault: Fault) -> None:
    error = fault(task(36, depends_on=["1", "2"]), task(37, depends_on=[36, 12]))
    assert [one.task for one in error.findings] == ["36", "37"]
    assert 'Task 36 depends on "1" and "2", which are not in the list.' in error.message


def test_finished_work_that_dangles_is_only_mentioned(read: Read) -> None:
    found = read(task(1, depends_on=[99], status="done"), task(2, depends_on=[1]))
    assert (edges(found), codes(found)) == ({"1": [], "2": ["1"]}, [("dangling-dependency", "1")])


def test_a_task_that_depends_on_itself_is_an_error(fault: Fault) -> None:
    error = fault(task(1), task(2, depends_on=[1, 2]))
    assert [(one.code, one.task) for one in error.findings] == [("self-dependency", "2")]


ALIASES = [
    *("depends_on", "blockedBy", "dependsOn", "blocked_by", "Dependencies", "deps", "depends", "dependency"),
    *("DEPENDS-ON", "after", "requires", "needs", "prerequisites", "predecessors", "waitsFor", "upstream"),
]


@pytest.mark.parametrize("alias", ALIASES)
def test_dependencies_under_another_name_are_refused(fault: Fault, alias: str) -> None:
    first, second = task("NG-0001"), task("NG-0002")
    del second["dependencies"]
    error = fault(first, {**second, alias: ["NG-0001"]})
    assert [(one.code, one.task) for one in error.findings] == [("depends-on-alias", "NG-0002")]
    assert f"`{alias}`" in error.message


def test_another_name_is_refused_even_when_it_leads_out_of_the_file(fault: Fault) -> None:
    lonely = task("GM-0101", depends_on=[])
    del lonely["dependencies"]
    assert fault({**lonely, "depends_on": ["NG-0020"]}).code == "depends-on-alias"


def test_another_name_beside_dependencies_is_refused_when_it_adds_a_task(fault: Fault, read: Read) -> None:
    assert fault(task(1), task(2), task(3, depends_on=[1], blockedBy=[1, 2])).code == "depends-on-alias"
    assert (
        codes(read(task(1), task(2, depends_on=[1], blockedBy=["1"]), task(3, depends_on=[2], blockedBy=[])))
        == []
    )


def test_a_remark_in_blocked_by_is_left_alone(read: Read) -> None:
    assert codes(read(task(1), task(2, status="blocked", blockedBy="We wait for the plumber, 2 hours"))) == []


def test_words_that_are_often_remarks_count_where_they_hold_ids(fault: Fault, read: Read) -> None:
    remarks = task(2, requires=["Docker", "9"], after="lunch", needs="1 hour", prerequisites=None)
    del remarks["dependencies"]
    assert codes(read(task(1), remarks)) == []
    error = fault(task(1), {**remarks, "after": 1, "deps": ["1"]})
    assert [one.code for one in error.findings] == ["depends-on-alias"] * 2


def test_subtasks_of_subtasks_are_named_with_what_they_depend_on(read: Read) -> None:
    deep = [{"id": 1, "title": "x", "dependencies": [4, "5"]}, {"id": 2, "title": "y"}]
    found = read(task(4), task(5), task(6, subtasks=[sub(1, subtasks=deep), sub(2, subtasks=[])]))
    assert codes(found) == [("nested-subtasks", "6.1")]
    assert "2 subtasks of its own" in found.warnings[0].message
    assert "dependencies on 4 and 5" in found.warnings[0].message


def test_a_bare_number_in_a_subtask_is_its_sibling(read: Read) -> None:
    found = read(task(1), task(2, subtasks=[sub(1), sub(2, 1), sub(3, "2", "2.1")]))
    assert [(one.id, one.depends_on) for one in found.tasks[1].subtasks] == [
        ("2.1", ()),
        ("2.2", ("2.1",)),
        ("2.3", ("2.2", "2.1")),
    ]
    assert edges(found) == {"1": [], "2": []}


def test_siblings_with_three_digits_are_siblings(read: Read) -> None:
    found = read(task(33, subtasks=[sub(331), sub(332, 331)]))
    assert found.tasks[0].subtasks[1].depends_on == ("33.331",)


def test_float_ids_keep_their_digits_and_are_not_doubled() -> None:
    subtasks = read_fixture("float-subtask-ids.json").tasks[0].subtasks
    assert [(one.id, one.depends_on) for one in subtasks] == [
        ("31.1", ()),
        ("31.2", ("31.1",)),
        ("31.10", ()),
    ]


def test_full_ids_and_bare_ids_may_be_mixed(read: Read) -> None:
    found = read(task(1, subtasks=[sub("1.1"), sub(2, "1.1"), sub("1.3", 2)]))
    assert [(one.id, one.depends_on) for one in found.tasks[0].subtasks] == [
        ("1.1", ()),
        ("1.2", ("1.1",)),
        ("1.3", ("1.2",)),
    ]


def test_slugs_of_siblings_resolve() -> None:
    assert read_fixture("slug-ids.json").tasks[0].subtasks[1].depends_on == ("data-models.base",)


def test_a_subtask_that_needs_another_task_makes_its_task_wait() -> None:
    found = read_fixture("lifted-subtask.json")
    assert edges(found) == {"1": [], "2": ["1"], "3": ["2"], "5": ["1", "3"]}
    assert found.tasks[3].subtasks[0].foreign == ("3",)
    assert codes(found) == [("lifted-dependency", "5")]
    assert "since 5.1 depends on 3" in found.warnings[0].message


def test_a_subtask_of_another_task_is_waited_for_as_a_whole(read: Read) -> None:
    found = read(task(1, subtasks=[sub(1)]), task(2, subtasks=[sub(1, "1.1")]), task(3, depends_on=["1.1"]))
    assert edges(found) == {"1": [], "2": ["1"], "3": ["1"]}
    assert found.tasks[1].subtasks[0].foreign == ("1.1",)
    assert [one.lifted for one in found.tasks] == [(), ("1",), ()]


def test_what_is_satisfied_already_is_kept_as_settled(read: Read) -> None:
    found = read(
        task(1, subtasks=[sub(1, status="done"), sub(2)]),
        task(2, subtasks=[sub(1, "1.1"), sub(2, "1.2", status="done"), sub(3, "1.2", status="cancelled")]),
        task(3, depends_on=["1.1"]),
        task(4, status="done", subtasks=[sub(1, "1.2")]),
        task(5, subtasks=[sub(1, "1.1"), sub(2, "1.2")]),
    )
    assert edges(found) == {"1": [], "2": ["1"], "3": ["1"], "4": ["1"], "5": ["1"]}
    assert [one.settled for one in found.tasks] == [(), ("1",), ("1",), ("1",), ()]
    assert [one.lifted for one in found.tasks] == [(), ("1",), (), ("1",), ("1",)]
    assert [one.foreign for one in found.tasks[1].subtasks] == [("1.1",), ("1.2",), ("1.2",)]
    assert [warning.task for warning in found.warnings] == ["5"]


def test_an_edge_from_a_subtask_stays_when_the_task_that_it_needs_is_done(read: Read) -> None:
    for status in ("pending", "done", "cancelled"):
        found = read(task(1, status=status), task(2, subtasks=[sub(7, 1)]), task(3, depends_on=[1]))
        assert edges(found) == {"1": [], "2": ["1"], "3": ["1"]}
        assert [one.settled for one in found.tasks] == [(), (), ()]


def test_a_settled_edge_that_closes_a_circle_is_left_out_with_a_warning(read: Read) -> None:
    asking = task(20, subtasks=[sub(1, 10, status="done"), sub(2, 30)])
    found = read(task(10, depends_on=[20]), asking, task(30))
    assert edges(found) == {"10": ["20"], "20": ["30"], "30": []}
    assert "finished-cycle" in {warning.code for warning in found.warnings}


def test_a_direct_dependency_needs_no_mention_that_it_is_lifted_too(read: Read) -> None:
    found = read(task(1), task(2, depends_on=[1], subtasks=[sub(5, "1")]))
    assert (edges(found)["2"], codes(found)) == (["1"], [])


def test_ids_of_three_levels_mean_the_subtask_they_lie_in(read: Read) -> None:
    found = read(task(33, subtasks=[sub(3), sub(12, "33.3.1")]), task(34, depends_on=["33.3.2"]))
    assert found.tasks[0].subtasks[1].depends_on == ("33.3",)
    assert edges(found)["34"] == ["33"]
    assert ("dependency-too-deep", "33.12") in codes(found)


def test_a_subtask_that_depends_on_nothing_known_does_not_stop_a_plan(read: Read) -> None:
    found = read(task(1), task(2, subtasks=[sub(1, 77, "8.1"), sub(2, "2.2.1")]))
    assert edges(found) == {"1": [], "2": []}
    assert codes(found) == [("subtask-dangling-dependency", "2.1"), ("subtask-dangling-dependency", "2.2")]


def test_parent_and_subtask_that_name_each_other_are_not_a_circle(read: Read) -> None:
    found = read(task(2, depends_on=["2.1"], subtasks=[sub(1, "2")]))
    assert found.tasks[0].subtasks[0].depends_on == ()
    assert codes(found) == [("depends-on-own-subtask", "2"), ("subtask-depends-on-parent", "2.1")]


def test_who_depends_on_cancelled_work_is_told_that_it_counts(read: Read) -> None:
    tasks = [
        task(1, status="cancelled", depends_on=[9]),
        task(2, depends_on=[1]),
        task(3, depends_on=[1], status="done"),
        task(9),
    ]
    assert codes(read(*tasks)) == [("cancelled-satisfies", "2")]
    assert codes(read(*tasks, cancelled_satisfies=False)) == []


def test_whether_a_cancelled_subtask_is_waited_for_is_the_callers_choice(read: Read) -> None:
    tasks = [task(1, subtasks=[sub(1, status="cancelled")]), task(2, subtasks=[sub(1, "1.1")])]
    assert read(*tasks).tasks[1].settled == ("1",)
    assert read(*tasks, cancelled_satisfies=False).tasks[1].settled == ()
