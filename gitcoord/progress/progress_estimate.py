"""Estimates the pace of a run: time so far, remaining time, and time saved by working in parallel."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from gitcoord.events import AnyEvent
from gitcoord.planning.critical_path import tails
from gitcoord.planning.graph import Graph
from gitcoord.progress.attempts import TimedAttempt
from gitcoord.progress.unit_state import FINISHED, STUCK, UnitView
from gitcoord.progress.units import PlanUnit
from gitcoord.progress.working_time import WorkingTime
from gitcoord.tasks.model import TaskId

# A unit that takes longer than expected counts as having this share of the expected time left.
_OVERDUE = 0.1


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """The pace in seconds. `remaining` is None if no unfinished unit can continue.

    `sequential` is the time that one worker would have needed for the work so far; `saved` is `sequential`
    minus `elapsed`. `measured` counts the finished units on which `remaining` is based; if there are none, it
    is based on the plan's estimates.
    """

    elapsed: float
    remaining: float | None
    sequential: float
    saved: float
    measured: int


def measure_pace(
    units: Mapping[TaskId, PlanUnit],
    graph: Graph,
    views: Mapping[TaskId, UnitView],
    events: Sequence[AnyEvent],
    tries: Sequence[TimedAttempt],
    now: float,
    slots: int | None,
) -> Pace:
    """Computes the pace at `now` with `slots` (None: no limit)."""
    elapsed = WorkingTime(events, tries, now).elapsed
    sequential = sum(one.worth(now) for one in tries if one.useful or (one.end is None and not one.rework))
    remaining, measured = _remaining(units, graph, views, tries, slots)
    return Pace(
        elapsed=elapsed,
        remaining=remaining,
        sequential=sequential,
        saved=sequential - elapsed,
        measured=measured,
    )


def _remaining(
    units: Mapping[TaskId, PlanUnit],
    graph: Graph,
    views: Mapping[TaskId, UnitView],
    tries: Sequence[TimedAttempt],
    slots: int | None,
) -> tuple[float | None, int]:
    """The longest remaining chain, but at least all remaining work divided by the slots, and `measured`."""
    expected, measured = expectations(units, tries)
    left = {id: _left(views[id], expected[id]) for id in units}
    if not any(left.values()):
        open_ones = [view for view in views.values() if view.state not in FINISHED]
        return (None if open_ones else 0.0), measured
    chain = max(tails(graph, {id: left.get(id, 0.0) for id in graph.order}).values())
    return max(chain, sum(left.values()) / slots if slots else 0.0), measured


def expectations(
    units: Mapping[TaskId, PlanUnit], tries: Sequence[TimedAttempt]
) -> tuple[dict[TaskId, float], int]:
    """Returns the expected seconds of each unit, and the number of units that were measured so far.

    The expected time is the estimate (in minutes) times the median ratio of measured seconds to estimate, or
    times 60 before any unit is measured. For a unit without an estimate it is the median of measured times.
    """
    useful = {one.unit: one.took(0.0) for one in tries if one.useful and one.unit in units}
    ratios = [seconds / units[id].estimate for id, seconds in useful.items() if units[id].estimate > 0]
    scale = _median(ratios) if ratios else 60.0
    typical = _median(useful.values()) if useful else 0.0
    expected = {unit.id: unit.estimate * scale if unit.estimate > 0 else typical for unit in units.values()}
    return expected, len(useful)


def _median(values: Iterable[float]) -> float:
    from statistics import median  # imports fractions and decimal: only needed once something is measured

    return median(values)


def _left(view: UnitView, expected: float) -> float:
    if view.state in FINISHED or view.state in STUCK:
        return 0.0
    if view.state == "running":
        return max(expected - view.seconds, expected * _OVERDUE)
    return expected
