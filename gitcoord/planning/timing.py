"""The critical path method: earliest and latest starts, slack, and the path that sets the duration."""

from collections.abc import Mapping

import msgspec

from gitcoord.planning.graph import Graph
from gitcoord.tasks.model import TaskId

# Sums of floats drift in their last digits; a millionth of a minute is no time.
DIGITS = 6


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """Minutes for every task when nothing but dependencies holds it back.

    `tail` is the time from a task's start to the end of the longest chain behind it.
    """

    earliest: dict[TaskId, float]
    latest: dict[TaskId, float]
    slack: dict[TaskId, float]
    tail: dict[TaskId, float]
    duration: float
    critical_path: tuple[TaskId, ...]

    def through(self, task: TaskId) -> float:
        """The length of the longest chain that runs through `task`; the duration for critical ones."""
        return round(self.duration - self.slack[task], DIGITS)


def measure(graph: Graph, minutes: Mapping[TaskId, float]) -> Timing:
    """The times of every task of `graph`, each lasting its `minutes`."""
    earliest: dict[TaskId, float] = {}
    for task in graph.order:
        earliest[task] = max((_end(earliest, minutes, need) for need in graph.needs[task]), default=0.0)
    tail = tails(graph, minutes)
    duration = max((_end(earliest, minutes, task) for task in graph.order), default=0.0)
    latest = {task: max(round(duration - tail[task], DIGITS), earliest[task]) for task in graph.order}
    return Timing(
        earliest=earliest,
        latest=latest,
        slack={task: round(latest[task] - earliest[task], DIGITS) for task in graph.order},
        tail=tail,
        duration=duration,
        critical_path=_critical_path(graph, minutes, earliest),
    )


def tails(graph: Graph, minutes: Mapping[TaskId, float]) -> dict[TaskId, float]:
    """For every task the length of the longest chain that starts with it."""
    tail: dict[TaskId, float] = {}
    for task in reversed(graph.order):
        behind = max((tail[fed] for fed in graph.feeds[task]), default=0.0)
        tail[task] = round(minutes[task] + behind, DIGITS)
    return tail


def _end(starts: Mapping[TaskId, float], minutes: Mapping[TaskId, float], task: TaskId) -> float:
    return round(starts[task] + minutes[task], DIGITS)


def _critical_path(
    graph: Graph, minutes: Mapping[TaskId, float], earliest: Mapping[TaskId, float]
) -> tuple[TaskId, ...]:
    if not graph.order:
        return ()
    task = max(graph.order, key=lambda task: _end(earliest, minutes, task))
    path = [task]
    while graph.needs[task]:
        task = max(graph.needs[task], key=lambda need: _end(earliest, minutes, need))
        path.append(task)
    return tuple(reversed(path))
