"""What holds for every list: no exception but our own, and no circle in what is accepted."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitcoord.errors import Exit, GitcoordError
from gitcoord.tasks.cycles import cyclic_components, shortest_cycle
from gitcoord.tasks.model import TaskId, TaskList
from gitcoord.tasks.reader import read_task_list
from tests.support.laws import tries

ids = st.one_of(st.integers(-1, 6), st.sampled_from(["1", " 2", "a", "1.1", "2.3", "a.b", "../x", "", "1,2"]))
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8), ids
)
anything: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["id", "tasks", "tags", "data", "master", "title", "x"]), inner, max_size=4
        ),
    ),
    max_leaves=20,
)
statuses = st.one_of(st.sampled_from(["pending", "done", "cancelled", "completed", "deprecated"]), scalars)


def raw(**more: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"id": st.one_of(ids, st.integers(1, 8)), "title": scalars},
        optional={
            "status": statuses,
            "dependencies": st.one_of(st.lists(ids, max_size=4), anything),
            "metadata": st.one_of(anything, st.fixed_dictionaries({"gitcoord": anything})),
            "conflicts_with": st.one_of(st.lists(ids, max_size=3), anything),
            "blockedBy": anything,
            "complexity": scalars,
            "priority": anything,
            **more,
        },
    )


messy = st.lists(raw(subtasks=st.one_of(st.lists(raw(), max_size=4), anything)), max_size=6)
# Mostly sound: unique ids and dependencies that exist, so that many lists are accepted.
numbers = st.integers(1, 7)
states = st.sampled_from(["pending", "pending", "done", "cancelled"])


@st.composite
def sound(draw: st.DrawFn) -> list[dict[str, Any]]:
    def depends(most: int) -> list[Any]:
        of_task = st.integers(1, most)
        of_subtask = st.builds(lambda parent, own: f"{parent}.{own}", st.integers(1, most), st.integers(1, 2))
        return draw(st.lists(st.one_of(of_task, of_subtask), max_size=2))

    count = draw(numbers)
    return [
        {
            "id": id,
            "title": f"Task {id}",
            "status": draw(states),
            "dependencies": depends(count),
            "subtasks": [
                {"id": own, "title": "", "status": draw(states), "dependencies": depends(count)}
                for own in (1, 2)
            ],
        }
        for id in range(1, count + 1)
    ]


def reading(path: Path, document: Any, **options: Any) -> TaskList | None:
    path.write_text(json.dumps(document), encoding="utf-8")
    try:
        return read_task_list(root=None, tasks=str(path), tag=None, environ={}, **options)
    except GitcoordError as error:
        refusal = error
    assert refusal.exit == Exit.USAGE
    assert refusal.message
    return None


def assert_whole(found: TaskList) -> None:
    tasks = {task.id: task.depends_on for task in found.tasks}
    subtasks = {sub.id: sub.depends_on for task in found.tasks for sub in task.subtasks}
    assert len(tasks) == len(found.tasks)
    assert len(subtasks) == sum(len(task.subtasks) for task in found.tasks)
    assert not tasks.keys() & subtasks.keys()
    assert all(other in graph for graph in (tasks, subtasks) for after in graph.values() for other in after)
    assert all(id not in after for graph in (tasks, subtasks) for id, after in graph.items())
    assert cyclic_components(tasks) == cyclic_components(subtasks) == []
    assert all(other in tasks and other != task.id for task in found.tasks for other in task.conflicts_with)


quick = settings(
    max_examples=tries(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@quick
@given(document=anything)
def test_whatever_json_holds_the_answer_is_a_list_or_our_error(tmp_path: Path, document: Any) -> None:
    found = reading(tmp_path / "any.json", document)
    assert found is None or found.tag


@quick
@given(tasks=messy, cancelled=st.booleans())
def test_whatever_a_task_holds_an_accepted_list_is_whole(
    tmp_path: Path, tasks: list[Any], cancelled: bool
) -> None:
    found = reading(tmp_path / "messy.json", {"tasks": tasks}, cancelled_satisfies=cancelled)
    if found is not None:
        assert_whole(found)


@quick
@given(tasks=sound(), cancelled=st.booleans())
def test_an_accepted_list_has_no_circle_even_after_lifting(
    tmp_path: Path, tasks: list[dict[str, Any]], cancelled: bool
) -> None:
    found = reading(tmp_path / "sound.json", {"master": {"tasks": tasks}}, cancelled_satisfies=cancelled)
    if found is not None:
        assert_whole(found)


@given(st.dictionaries(st.integers(0, 8), st.lists(st.integers(0, 9), max_size=3)))
def test_knots_are_the_tasks_that_reach_each_other(written: dict[int, list[int]]) -> None:
    graph = {
        TaskId(str(id)): tuple(TaskId(str(other)) for other in after if other != id)
        for id, after in written.items()
    }

    def reach(start: TaskId) -> set[TaskId]:
        seen: set[TaskId] = set()
        todo = [start]
        while todo:
            for other in graph.get(todo.pop(), ()):
                if other in graph and other not in seen:
                    seen.add(other)
                    todo.append(other)
        return seen

    expected = {
        frozenset(other for other in graph if other in reach(id) and id in reach(other))
        for id in graph
        if id in reach(id)
    }
    found = cyclic_components(graph)
    assert {frozenset(component) for component in found} == expected
    for component in found:
        way = shortest_cycle(graph, component)
        assert way[0] == component[0]
        assert all(after in graph[id] for id, after in zip(way, [*way[1:], way[0]], strict=True))


def test_a_graph_without_a_knot_has_no_circle() -> None:
    with pytest.raises(ValueError, match="not in a cycle"):
        shortest_cycle({TaskId("1"): (TaskId("2"),), TaskId("2"): ()}, [TaskId("1")])
