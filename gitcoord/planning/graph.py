"""The dependency graph of a plan's tasks, in topological order, and the level of each task."""

from collections.abc import Collection, Iterable, Mapping

import msgspec

from gitcoord.errors import usage_error
from gitcoord.tasks.model import Finding, TaskId


class Graph(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks in dependency order, with both directions of every edge between them."""

    order: tuple[TaskId, ...]
    needs: dict[TaskId, tuple[TaskId, ...]]
    feeds: dict[TaskId, tuple[TaskId, ...]]


def graph_of(needs: Mapping[TaskId, Iterable[TaskId]]) -> Graph:
    """Makes the graph of `needs`, whose keys are the tasks; ignores dependencies that are not keys.

    Raises `dependency-cycle` (exit 2), which names tasks that wait for each other.
    """
    inner = {task: tuple(dict.fromkeys([d for d in wanted if d in needs])) for task, wanted in needs.items()}
    feeds: dict[TaskId, list[TaskId]] = {task: [] for task in inner}
    for task, wanted in inner.items():
        for dependency in wanted:
            feeds[dependency].append(task)
    missing = {task: len(wanted) for task, wanted in inner.items()}
    order = [task for task, count in missing.items() if not count]
    for task in order:  # The list grows during the loop.
        for dependent in feeds[task]:
            missing[dependent] -= 1
            if not missing[dependent]:
                order.append(dependent)
    if len(order) < len(inner):
        raise _cycle(inner, missing)
    return Graph(order=tuple(order), needs=inner, feeds={task: tuple(fed) for task, fed in feeds.items()})


def depths(graph: Graph, pinned: Mapping[TaskId, int]) -> dict[TaskId, int]:
    """Returns the level of each task: its pinned level, or one more than that of its deepest dependency."""
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


def _cycle(needs: Mapping[TaskId, tuple[TaskId, ...]], missing: Mapping[TaskId, int]) -> Exception:
    # Each remaining task needs another remaining one: walking up must reach a cycle.
    walk: dict[TaskId, int] = {}
    task = next(task for task, count in missing.items() if count)
    while task not in walk:
        walk[task] = len(walk)
        task = next(d for d in needs[task] if missing[d])
    circle = [*list(walk)[walk[task] :], task]
    return usage_error(
        "dependency-cycle",
        f"Tasks wait for one another in a cycle: {' needs '.join(circle)}.",
        "Remove one of these dependencies from the task list.",
    )
