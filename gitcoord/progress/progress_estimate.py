"""How fast the work goes: time so far, time that is left, and what running side by side has saved."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from gitcoord.events import AnyEvent
from gitcoord.planning.critical_path import tails
from gitcoord.planning.graph import Graph
from gitcoord.progress.attempts import Try
from gitcoord.progress.unit_state import FINISHED, STUCK, UnitView
from gitcoord.progress.units import PlanUnit
from gitcoord.progress.working_time import WorkingTime
from gitcoord.tasks.model import TaskId

# A unit that takes longer than expected is still at work: this share of what was expected is always left.
_OVERDUE = 0.1


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds. `remaining` is None when nothing that is left can go on.

    `sequential` is what one worker would have needed for what has been done so far, `saved` how much sooner
    it was done. `measured` counts the units whose durations `remaining` is built on; without any it is the
    plan's estimates.
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
    tries: Sequence[Try],
    now: float,
    slots: int | None,
) -> Pace:
    """The pace at `now` with so many `slots` (None: no limit)."""
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
    tries: Sequence[Try],
    slots: int | None,
) -> tuple[float | None, int]:
    """The longest chain of what is left, and not less than all that is left shared by the slots."""
    expected, measured = expectations(units, tries)
    left = {id: _left(views[id], expected[id]) for id in units}
    if not any(left.values()):
        open_ones = [view for view in views.values() if view.state not in FINISHED]
        return (None if open_ones else 0.0), measured
    chain = max(tails(graph, {id: left.get(id, 0.0) for id in graph.order}).values())
    return max(chain, sum(left.values()) / slots if slots else 0.0), measured


def expectations(units: Mapping[TaskId, PlanUnit], tries: Sequence[Try]) -> tuple[dict[TaskId, float], int]:
    """Seconds that every unit is expected to take: its estimate, scaled by how estimates did so far."""
    useful = {one.unit: one.took(0.0) for one in tries if one.useful and one.unit in units}
    ratios = [seconds / units[id].estimate for id, seconds in useful.items() if units[id].estimate > 0]
    scale = _median(ratios) if ratios else 60.0
    typical = _median(useful.values()) if useful else 0.0
    expected = {unit.id: unit.estimate * scale if unit.estimate > 0 else typical for unit in units.values()}
    return expected, len(useful)


def _median(values: Iterable[float]) -> float:
    from statistics import median  # with fractions and decimals; not before anything is measured

    return median(values)


def _left(view: UnitView, expected: float) -> float:
    if view.state in FINISHED or view.state in STUCK:
        return 0.0
    if view.state == "running":
        return max(expected - view.seconds, expected * _OVERDUE)
    return expected
