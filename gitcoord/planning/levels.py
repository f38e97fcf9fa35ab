"""Levels: the depth of each task in the dependency graph; tasks in progress keep their level."""

from collections.abc import Collection, Mapping

from gitcoord.planning.graph import Graph
from gitcoord.tasks.model import Finding, TaskId


def depths(graph: Graph, pinned: Mapping[TaskId, int]) -> dict[TaskId, int]:
    """The level of each task: its pinned level, or one more than that of its deepest dependency."""
    level: dict[TaskId, int] = {}
    for task in graph.order:
        pin = pinned.get(task)
        level[task] = 1 + max([level[need] for need in graph.needs[task]], default=-1) if pin is None else pin
    return level


def broken_pins(graph: Graph, level: Mapping[TaskId, int], pinned: Collection[TaskId]) -> list[Finding]:
    """Warns about each pinned task that depends on a task of the same or a later level."""
    return [
        Finding(
            code="level-pinned",
            message=f"Task {task} is under way in level-{level[task]}, so it stays there, "
            f"although it needs task {need} of level-{level[need]}.",
            task=task,
        )
        for task in graph.order
        if task in pinned
        for need in graph.needs[task]
        if level[need] >= level[task]
    ]
