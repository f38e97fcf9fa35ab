"""The speed-up that the plan's estimates promise, unit by unit, for so many slots."""

import heapq
from collections.abc import Mapping

from gitcoord.planning.graph import Graph
from gitcoord.planning.model import Plan
from gitcoord.planning.timing import tails
from gitcoord.running.picture_units import PlanUnit
from gitcoord.tasks.model import TaskId


def predicted_speedup(plan: Plan, units: Mapping[TaskId, PlanUnit], graph: Graph, slots: int) -> float:
    """The plan's own number where it has one; it knows neither subtasks side by side nor other slots."""
    whole = all(unit.id == unit.parent for unit in units.values())
    if whole and slots == plan.max_parallel:
        return plan.schedules.no_barrier.speedup
    minutes = {id: units[id].estimate if id in units else 0.0 for id in graph.order}
    end = _list_scheduled(graph, minutes, slots)
    return sum(minutes.values()) / end if end else 1.0


def _list_scheduled(graph: Graph, minutes: Mapping[TaskId, float], slots: int) -> float:
    """The end when whatever is ready starts as soon as a slot is free, the longest chains first."""
    tail = tails(graph, minutes)
    missing = {id: len(graph.needs[id]) for id in graph.order}
    ready = [(-tail[id], place, id) for place, id in enumerate(graph.order) if not missing[id]]
    heapq.heapify(ready)
    rank = {id: place for place, id in enumerate(graph.order)}
    running: list[tuple[float, int, TaskId]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < slots:
            id = heapq.heappop(ready)[2]
            heapq.heappush(running, (now + minutes[id], rank[id], id))
        now, _, done = heapq.heappop(running)
        for fed in graph.feeds[done]:
            missing[fed] -= 1
            if not missing[fed]:
                heapq.heappush(ready, (-tail[fed], rank[fed], fed))
    return now
