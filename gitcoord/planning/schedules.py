"""Three ways to run a plan with so many workers: one by one, level by level, and as soon as possible."""

import heapq
from collections.abc import Mapping, Sequence
from itertools import groupby

import msgspec

from gitcoord.planning.clashes import Clashes
from gitcoord.planning.graph import Graph, graph_of
from gitcoord.planning.model import PlannedLevel, Schedule, Schedules
from gitcoord.planning.timing import DIGITS, tails
from gitcoord.tasks.model import TaskId


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be scheduled: the levels in order, what keeps their tasks apart, and the times."""

    levels: tuple[PlannedLevel, ...]
    clashes: tuple[Clashes, ...]
    graph: Graph
    minutes: dict[TaskId, float]
    max_parallel: int


def schedules(work: Work) -> Schedules:
    """The three schedules side by side."""
    tail = tails(work.graph, work.minutes)
    in_turn = _one_by_one(work)
    by_level = _level_by_level(work, tail)
    at_once = _as_soon_as_possible(work)
    # A greedy choice can turn out worse than the barrier; the barrier's own times are then as allowed.
    if _end(at_once, work.minutes) > _end(by_level, work.minutes):
        at_once = by_level
    total = _end(in_turn, work.minutes)
    return Schedules(
        sequential=_schedule(in_turn, work.minutes, total, 1),
        level_barrier=_schedule(by_level, work.minutes, total, work.max_parallel),
        no_barrier=_schedule(at_once, work.minutes, total, work.max_parallel),
    )


def _one_by_one(work: Work) -> dict[TaskId, float]:
    starts: dict[TaskId, float] = {}
    now = 0.0
    for level in work.levels:
        for task in level.tasks:
            starts[task] = now
            now = round(now + work.minutes[task], DIGITS)
    return starts


def _level_by_level(work: Work, tail: Mapping[TaskId, float]) -> dict[TaskId, float]:
    """Every wave waits for all of the wave before it; inside a wave the longest chains start first."""
    starts: dict[TaskId, float] = {}
    now = 0.0
    for level in work.levels:
        for wave in level.waves:
            free = [now] * min(work.max_parallel, len(wave))
            for task in sorted(wave, key=lambda task: -tail[task]):
                starts[task] = free[0]
                heapq.heapreplace(free, round(free[0] + work.minutes[task], DIGITS))
            now = max(free, default=now)
    return starts


def _as_soon_as_possible(work: Work) -> dict[TaskId, float]:
    """A task starts when what it needs is done and a worker is free, the longest chains first."""
    graph = _with_clashes(work)
    tail = tails(graph, work.minutes)
    rank = {task: number for number, task in enumerate(task for level in work.levels for task in level.tasks)}
    missing = {task: len(needs) for task, needs in graph.needs.items()}
    ready = [(-tail[task], rank[task], task) for task, count in missing.items() if not count]
    heapq.heapify(ready)
    running: list[tuple[float, int, TaskId]] = []
    starts: dict[TaskId, float] = {}
    now = 0.0
    while ready or running:
        while ready and len(running) < work.max_parallel:
            task = heapq.heappop(ready)[2]
            starts[task] = now
            heapq.heappush(running, (round(now + work.minutes[task], DIGITS), rank[task], task))
        now, _, done = heapq.heappop(running)
        for fed in graph.feeds[done]:
            missing[fed] -= 1
            if not missing[fed]:
                heapq.heappush(ready, (-tail[fed], rank[fed], fed))
    return starts


def _with_clashes(work: Work) -> Graph:
    """The dependencies, and an edge from each clashing task to the one of the next wave that it clashes with.

    A later wave starts from what the earlier one landed, so clashing tasks run in the order of their
    waves. A dependency that a pinned task has already overtaken is left out, so there is no circle.
    """
    place = {
        task: (level.number, number)
        for level in work.levels
        for number, wave in enumerate(level.waves)
        for task in wave
    }
    needs: dict[TaskId, list[TaskId]] = {
        task: [need for need in work.graph.needs[task] if place[need] < place[task]] for task in place
    }
    for level, clashes in zip(work.levels, work.clashes, strict=True):
        for clash in clashes.sets:
            _chain(sorted(clash, key=lambda task: (place[task], task)), place, needs)
        _separate(level, clashes.alone, needs)
    return graph_of(needs)


def _chain(
    clash: Sequence[TaskId], place: Mapping[TaskId, tuple[int, int]], needs: dict[TaskId, list[TaskId]]
) -> None:
    before: list[TaskId] = []
    # Two members can share a wave only when both are pinned there.
    for _, together in groupby(clash, key=place.__getitem__):
        members = list(together)
        for task in members:
            needs[task] += before
        before = members


def _separate(level: PlannedLevel, alone: frozenset[TaskId], needs: dict[TaskId, list[TaskId]]) -> None:
    """Puts every task between the loners before and after it, which takes few edges."""
    last: list[TaskId] = []
    since: list[TaskId] = []
    for wave in level.waves:
        loners = [task for task in wave if task in alone]
        others = [task for task in wave if task not in alone]
        for task in loners:
            needs[task] += since or last
        for task in others:
            needs[task] += last
        last, since = (loners, others) if loners else (last, since + others)


def _schedule(
    starts: dict[TaskId, float], minutes: Mapping[TaskId, float], total: float, workers: int
) -> Schedule:
    duration = _end(starts, minutes)
    speedup = total / duration if duration else 1.0
    return Schedule(
        duration=duration,
        speedup=round(speedup, DIGITS),
        efficiency=round(speedup / workers, DIGITS),
        starts=starts,
    )


def _end(starts: Mapping[TaskId, float], minutes: Mapping[TaskId, float]) -> float:
    return max((round(start + minutes[task], DIGITS) for task, start in starts.items()), default=0.0)
