"""Parallel opportunities: tasks with the same dependencies, which become ready at the same moment."""

import heapq
from collections.abc import Mapping, Sequence

from gitcoord.planning.graph import Graph
from gitcoord.planning.model import Opportunity, PlannedTask
from gitcoord.tasks.model import TaskId

_DIGITS = 6


def opportunities(graph: Graph, tasks: Mapping[TaskId, PlannedTask], slots: int) -> tuple[Opportunity, ...]:
    """Returns every set of two or more tasks with the same dependencies, in the order of the graph."""
    names = list(graph.needs)
    sharing: dict[tuple[int, ...], list[TaskId]] = {}
    for task, needs in zip(names, graph.after, strict=True):
        sharing.setdefault(tuple(sorted(needs) if len(needs) > 1 else needs), []).append(task)
    return tuple(
        Opportunity(
            depends_on=tuple([names[need] for need in needs]),
            tasks=tuple(together),
            saves=_saved([tasks[task] for task in together], slots),
        )
        for needs, together in sharing.items()
        if len(together) > 1
    )


def _saved(tasks: Sequence[PlannedTask], slots: int) -> float:
    """Returns the minutes that `slots` workers save: wave after wave, in each the longest tasks first."""
    waves: dict[tuple[int, int], list[float]] = {}
    for task in tasks:
        waves.setdefault((task.level, task.wave), []).append(task.duration)
    together = 0.0
    for durations in waves.values():
        free = [0.0] * min(slots, len(durations))
        for duration in sorted(durations, reverse=True):
            heapq.heapreplace(free, free[0] + duration)
        together += max(free)
    return round(sum(task.duration for task in tasks) - together, _DIGITS)
