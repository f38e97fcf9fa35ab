"""The actual critical path: from the unit that ended last back to the units that it had waited for."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from gitcoord.planning.graph import Graph
from gitcoord.progress.attempts import TimedAttempt
from gitcoord.progress.units import PlanUnit
from gitcoord.tasks.model import TaskId

# Two machines' clocks differ, and a moment passes between an end and the next start.
_CLOSE = 1.0
After = Literal["first", "needs", "slot", "room", "files"]
# Reasons to wait that can end when another unit ends.
_FREED: Mapping[str, After] = {
    **dict.fromkeys(("slots", "engine"), "slot"),
    **dict.fromkeys(("tokens", "memory", "load"), "room"),
    **dict.fromkeys(("overlap", "alone"), "files"),
}


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One unit of the path, from its first start to its last end; `gap` is the time before its start.

    `after` says why it did not start earlier: it `needs` the step before, it waited until that step freed a
    `slot`, memory or tokens (`room`) or `files`, or it is the `first` step.
    """

    unit: TaskId
    start: float
    end: float
    gap: float
    after: After


class _Span(msgspec.Struct, frozen=True):
    start: float
    end: float
    waited: Mapping[str, float]


def walked_path(
    units: Mapping[TaskId, PlanUnit], graph: Graph, tries: Sequence[TimedAttempt], now: float
) -> list[Step]:
    """Returns the path in chronological order."""
    spans = _spans(tries, now)
    if not spans:
        return []
    unit = max(spans, key=lambda id: spans[id].end)
    path: list[Step] = []
    while True:
        before, after = _before(unit, units, graph, spans)
        own = spans[unit]
        gap = max(0.0, own.start - (spans[before].end if before is not None else tries[0].start))
        path.append(Step(unit=unit, start=own.start, end=own.end, gap=gap, after=after))
        if before is None:
            return path[::-1]
        unit = before


def _spans(tries: Sequence[TimedAttempt], now: float) -> dict[TaskId, _Span]:
    spans: dict[TaskId, _Span] = {}
    for one in tries:
        end = one.start + one.seconds(now)
        earlier = spans.get(one.unit)
        spans[one.unit] = (
            _Span(earlier.start, max(earlier.end, end), earlier.waited)
            if earlier
            else _Span(one.start, end, one.waited)
        )
    return spans


def _before(
    unit: TaskId, units: Mapping[TaskId, PlanUnit], graph: Graph, spans: Mapping[TaskId, _Span]
) -> tuple[TaskId | None, After]:
    """The unit after whose end this one started, and why: it is a dependency, or it freed a resource."""
    own = spans[unit]

    def earlier(id: TaskId) -> bool:
        # Each step must begin before the next, or the walk would not end.
        return id in spans and spans[id].start < own.start and spans[id].end <= own.start + _CLOSE

    needed = [id for need in graph.needs.get(unit, ()) for id in _members(need, graph, units) if earlier(id)]
    last = max(needed, key=lambda id: spans[id].end, default=None)
    cause = max(own.waited, key=lambda name: own.waited[name], default="")
    waited = own.waited.get(cause, 0.0)
    since = own.start - spans[last].end if last is not None else waited
    if cause in _FREED and waited > _CLOSE and waited > since / 2:
        # Only units that ended while this one waited: the resources of earlier ones were already free.
        freed = [id for id in spans if id != unit and earlier(id)]
        freed = [id for id in freed if spans[id].end >= own.start - waited - _CLOSE]
        newest = max(freed, key=lambda id: spans[id].end, default=None)
        if newest is not None and (last is None or spans[newest].end > spans[last].end):
            return newest, _FREED[cause]
    return (last, "needs") if last is not None else (None, "first")


def _members(need: TaskId, graph: Graph, units: Mapping[TaskId, PlanUnit]) -> tuple[TaskId, ...]:
    """The unit itself, or the units of a task that has subtasks."""
    return (need,) if need in units else graph.needs.get(need, ())
