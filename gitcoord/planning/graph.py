"""The dependency graph of a plan's tasks, in topological order, and the level of each task."""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence

import msgspec

from gitcoord.errors import usage_error
from gitcoord.tasks.model import Finding, TaskId


class Graph(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks in dependency order, and every edge between them.

    Task n is the n-th of `needs`: `after[n]` are the numbers of the tasks that it needs, `before[n]` of those
    that need it, and `walk` is `order` in numbers.
    """

    order: tuple[TaskId, ...]
    needs: dict[TaskId, tuple[TaskId, ...]]
    after: list[list[int]]
    before: list[list[int]]
    walk: Sequence[int]


def graph_of(needs: Mapping[TaskId, Collection[TaskId]]) -> Graph:
    """Makes the graph of `needs`, whose keys are the tasks; ignores dependencies that are not keys.

    Raises `dependency-cycle` (exit 2), which names tasks that wait for each other.
    """
    inner = {task: _known(wanted, needs) if wanted else () for task, wanted in needs.items()}
    number = {task: place for place, task in enumerate(inner)}
    at = number.__getitem__
    after = [[*map(at, wanted)] if wanted else [] for wanted in inner.values()]
    before = reversed_edges(after, len(inner))
    if _rises(after):
        # Most lists are in such an order: keep it. In another order, passes over a long list take
        # three times as long, because it does not fit into the processor's cache.
        return Graph(order=tuple(inner), needs=inner, after=after, before=before, walk=range(len(after)))
    missing = list(map(len, after))
    walk = [task for task, count in enumerate(missing) if not count]
    for task in walk:  # The list grows during the loop.
        for dependent in before[task]:
            missing[dependent] -= 1
            if not missing[dependent]:
                walk.append(dependent)
    tasks = list(inner)
    if len(walk) < len(tasks):
        raise _cycle(inner, dict(zip(tasks, missing, strict=True)))
    return Graph(
        order=tuple([tasks[place] for place in walk]), needs=inner, after=after, before=before, walk=walk
    )


def _known(wanted: Collection[TaskId], needs: Container[TaskId]) -> tuple[TaskId, ...]:
    once = wanted if len(wanted) == 1 else dict.fromkeys(wanted)
    return tuple([need for need in once if need in needs])


def _rises(after: Iterable[Iterable[int]]) -> bool:
    """Whether each task needs only tasks with lower numbers."""
    for task, needs in enumerate(after):
        for need in needs:
            if need >= task:
                return False
    return True


def reversed_edges(lists: list[list[int]], count: int) -> list[list[int]]:
    """Returns, for each number below `count`, the indices of the lists that contain it."""
    found: list[list[int]] = [[] for _ in range(count)]
    for number, others in enumerate(lists):
        for other in others:
            found[other].append(number)
    return found


def depths(graph: Graph, pinned: Mapping[TaskId, int]) -> dict[TaskId, int]:
    """Returns the level of each task: its pinned level, or one more than that of its deepest dependency."""
    pins = (
        {number: pinned[task] for number, task in enumerate(graph.needs) if task in pinned} if pinned else {}
    )
    levels = [0] * len(graph.walk)
    for task in graph.walk:
        deepest = -1
        for need in graph.after[task]:
            if levels[need] > deepest:
                deepest = levels[need]
        levels[task] = pins[task] if task in pins else deepest + 1
    return dict(zip(graph.needs, levels, strict=True))


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
    # Each remaining task needs another remaining one: following these needs must reach a cycle.
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
