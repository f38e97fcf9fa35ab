"""Levels: how deep each task lies in the dependency graph, with the places of work under way kept."""

from collections.abc import Collection, Mapping

from gitcoord.planning.graph import Graph
from gitcoord.tasks.model import Finding, TaskId


def depths(graph: Graph, pinned: Mapping[TaskId, int]) -> dict[TaskId, int]:
    """Each task's level: its pin, or one more than the deepest task that it needs."""
    level: dict[TaskId, int] = {}
    for task in graph.order:
        pin = pinned.get(task)
        level[task] = 1 + max([level[need] for need in graph.needs[task]], default=-1) if pin is None else pin
    return level


def broken_pins(graph: Graph, level: Mapping[TaskId, int], pinned: Collection[TaskId]) -> list[Finding]:
    """A warning for every pinned task that needs a task of its own level or of a later one."""
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
