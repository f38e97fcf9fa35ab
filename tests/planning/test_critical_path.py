"""The critical path method, by law and by hand."""

import pytest
from hypothesis import given

from gitcoord.errors import GitcoordError
from gitcoord.planning.critical_path import measure
from gitcoord.planning.estimates import estimate
from gitcoord.planning.graph import graph_of
from gitcoord.tasks.model import ListedStatus, Task, TaskId
from tests.planning.lists import a_subtask, a_task, ids, task_lists


@given(task_lists())
def test_slack_is_never_negative_and_the_critical_path_has_none(tasks: list[Task]) -> None:
    graph = graph_of({task.id: task.depends_on for task in tasks})
    minutes = estimate(tasks, everything=False).minutes
    timing = measure(graph, minutes)
    assert all(slack >= 0 for slack in timing.slack.values())
    assert all(timing.slack[task] == 0 for task in timing.critical_path)
    assert sum(minutes[task] for task in timing.critical_path) == pytest.approx(timing.duration)
    for before, after in zip(timing.critical_path, timing.critical_path[1:], strict=False):
        assert before in graph.needs[after]


@given(task_lists())
def test_a_task_may_start_as_late_as_its_latest_start_and_no_later(tasks: list[Task]) -> None:
    graph = graph_of({task.id: task.depends_on for task in tasks})
    minutes = estimate(tasks, everything=False).minutes
    timing = measure(graph, minutes)
    for task in graph.order:
        for need in graph.needs[task]:
            assert timing.earliest[need] + minutes[need] <= timing.earliest[task] + 1e-5
            assert timing.latest[need] + minutes[need] <= timing.latest[task] + 1e-5
        if not any(task in needs for needs in graph.needs.values()):
            assert timing.latest[task] + minutes[task] == pytest.approx(timing.duration)


def test_a_chain_of_ten_thousand_is_measured() -> None:
    needs = {TaskId(str(n)): ids(n - 1) if n else () for n in range(10_000)}
    timing = measure(graph_of(needs), dict.fromkeys(needs, 1.0))
    assert timing.duration == 10_000
    assert len(timing.critical_path) == 10_000


def test_a_circle_is_an_error_that_names_it_in_order() -> None:
    with pytest.raises(GitcoordError) as caught:
        graph_of({TaskId("1"): ids(2), TaskId("2"): ids(3), TaskId("3"): ids(1), TaskId("4"): ids(1)})
    assert caught.value.code == "dependency-cycle"
    assert "1 needs 2 needs 3 needs 1" in caught.value.message


def test_estimates_are_the_task_s_own_then_its_subtasks_then_thirty_minutes_a_subtask() -> None:
    two = (a_subtask("1.1", estimate=10), a_subtask("1.2", estimate=15.5))
    half = (a_subtask("1.1", estimate=10), a_subtask("1.2"), a_subtask("1.3", status=ListedStatus.DONE))
    tasks = [
        a_task(1, estimate=45, subtasks=two),
        a_task(2, subtasks=two),
        a_task(3, subtasks=half),
        a_task(4),
        a_task(5, estimate=-1),
        a_task(6, estimate=float("nan")),
        a_task(7, subtasks=half, status=ListedStatus.DONE),
    ]
    found = estimate(tasks, everything=False)
    assert list(found.minutes.values()) == [45, 25.5, 60, 30, 30, 30, 90]
    assert found.sentence.startswith("Estimates are the task list's own for 2 of 7 tasks")
    assert "the estimate of a task is 30 minutes" in estimate(tasks[3:4], everything=False).sentence
    assert "for all 2 tasks" in estimate(tasks[:2], everything=False).sentence


@given(task_lists())
def test_the_order_of_the_list_does_not_change_the_times(tasks: list[Task]) -> None:
    minutes = estimate(tasks, everything=False).minutes
    in_order = measure(graph_of({task.id: task.depends_on for task in tasks}), minutes)
    turned = measure(graph_of({task.id: task.depends_on for task in reversed(tasks)}), minutes)
    assert (turned.earliest, turned.latest, turned.slack) == (
        in_order.earliest,
        in_order.latest,
        in_order.slack,
    )


def test_of_equally_long_critical_paths_the_one_whose_last_task_is_listed_first_is_told() -> None:
    needs = {TaskId("1"): (), TaskId("2"): (), TaskId("3"): ids(2), TaskId("4"): ids(1)}
    assert measure(graph_of(needs), dict.fromkeys(needs, 1.0)).critical_path == ids(2, 3)
