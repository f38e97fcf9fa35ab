"""Parallel opportunities: tasks that become ready at the same moment because they need the same tasks."""

from collections.abc import Sequence

from gitcoord.planning.graph import Graph
from gitcoord.planning.model import Opportunity
from gitcoord.tasks.model import TaskId


def opportunities(graph: Graph, order: Sequence[TaskId]) -> tuple[Opportunity, ...]:
    """Every set of two or more tasks with the same dependencies, in the order of `order`."""
    place = {task: number for number, task in enumerate(order)}
    sharing: dict[frozenset[TaskId], list[TaskId]] = {}
    for task in order:
        sharing.setdefault(frozenset(graph.needs[task]), []).append(task)
    return tuple(
        Opportunity(depends_on=tuple(sorted(needs, key=place.__getitem__)), tasks=tuple(tasks))
        for needs, tasks in sharing.items()
        if len(tasks) > 1
    )
