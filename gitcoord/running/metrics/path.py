"""The critical path as it really was: walked back from what ended last to what it had waited for."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from gitcoord.planning.graph import Graph
from gitcoord.running.metrics.tries import Try
from gitcoord.running.picture.units import PlanUnit
from gitcoord.tasks.model import TaskId

# Clocks of two machines, and the moment between an end and the next start.
_CLOSE = 1.0


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One unit of the path, from its first start to its last end; `gap` is the time before its start.

    `after` says why it did not start earlier: it `needs` the step before, it took its `slot`, or it is
    the first.
    """

    unit: TaskId
    start: float
    end: float
    gap: float
    after: Literal["first", "needs", "slot"]


class _Span(msgspec.Struct, frozen=True):
    start: float
    end: float
    waited: float


def walked_path(
    units: Mapping[TaskId, PlanUnit], graph: Graph, tries: Sequence[Try], now: float
) -> list[Step]:
    """The path in the order of time."""
    spans = _spans(tries, now)
    if not spans:
        return []
    unit = max(spans, key=lambda id: spans[id].end)
    path: list[Step] = []
    while True:
        before, after = _before(unit, units, graph, spans)
        own = spans[unit]
        gap = max(0.0, own.start - spans[before].end) if before is not None else 0.0
        path.append(Step(unit=unit, start=own.start, end=own.end, gap=gap, after=after))
        if before is None:
            return path[::-1]
        unit = before


def _spans(tries: Sequence[Try], now: float) -> dict[TaskId, _Span]:
    spans: dict[TaskId, _Span] = {}
    for one in tries:
        end = one.start + one.seconds(now)
        earlier = spans.get(one.unit)
        waited = sum(one.waited.values())
        spans[one.unit] = (
            _Span(earlier.start, max(earlier.end, end), earlier.waited)
            if earlier
            else _Span(one.start, end, waited)
        )
    return spans


def _before(
    unit: TaskId, units: Mapping[TaskId, PlanUnit], graph: Graph, spans: Mapping[TaskId, _Span]
) -> tuple[TaskId | None, Literal["first", "needs", "slot"]]:
    """What the unit's start came after: the last thing that it needs, or what held the slot that it got."""
    own = spans[unit]

    def earlier(id: TaskId) -> bool:
        # Every step has to begin before the next, or the walk would not end.
        return id in spans and spans[id].start < own.start and spans[id].end <= own.start + _CLOSE

    needed = [id for need in graph.needs.get(unit, ()) for id in _members(need, graph, units) if earlier(id)]
    last = max(needed, key=lambda id: spans[id].end, default=None)
    since = own.start - (spans[last].end if last is not None else own.start - own.waited)
    if own.waited > _CLOSE and own.waited > since / 2:
        others = [id for id in spans if id != unit and earlier(id)]
        freed = max(others, key=lambda id: spans[id].end, default=None)
        if freed is not None and (last is None or spans[freed].end > spans[last].end):
            return freed, "slot"
    return (last, "needs") if last is not None else (None, "first")


def _members(need: TaskId, graph: Graph, units: Mapping[TaskId, PlanUnit]) -> tuple[TaskId, ...]:
    """The unit itself, or the units of a task that has subtasks."""
    return (need,) if need in units else graph.needs.get(need, ())
