"""Gain and cost of work that began before its dependencies landed, from the journal. Pure."""

from collections.abc import Iterable, Sequence

import msgspec

from gitcoord.events import AnyEvent, BranchUpdated, TaskDeferred, TaskLanded, TaskStarted
from gitcoord.planning.model import Plan
from gitcoord.planning.units import units_of
from gitcoord.progress.attempts import TimedAttempt, seconds_of


class SpeculationFigures(msgspec.Struct, frozen=True, kw_only=True):
    """`begun` counts the attempts that began before their dependencies landed.

    `ahead` adds up the seconds that these worked until then. Attempts that were `thrown_away` took `wasted`
    seconds and `tokens`; they count in `begun`, but not in `ahead`. `moved` counts the times that work was
    moved onto commits that had landed meanwhile.
    """

    begun: int
    ahead: float
    moved: int
    thrown_away: int
    wasted: float
    tokens: int


def speculation_of(
    plan: Plan, events: Sequence[AnyEvent], tries: Iterable[TimedAttempt], now: float
) -> SpeculationFigures:
    """Computes the figures at `now` (seconds since 1970) from `events`, oldest first."""
    landed: dict[str, float] = {}
    stacked, moved = set[str](), 0
    for event in events:
        at = seconds_of(event.at)
        if event.task is None or at is None:
            continue
        if isinstance(event, TaskLanded):
            landed.setdefault(event.task, at)
        elif isinstance(event, TaskStarted) and event.parents:
            stacked.add(event.task)
        elif isinstance(event, TaskDeferred):
            moved += bool(event.stands_on) and not event.anew
        elif isinstance(event, BranchUpdated):
            moved += event.task in stacked
    units = units_of(plan).by_id
    # Each attempt with the time when its last dependency landed; infinity if one has not landed yet.
    early = [
        (one, max(landed.get(need, float("inf")) for need in units[one.unit].tasks))
        for one in tries
        if one.unit in units and any(landed.get(need, now) > one.start for need in units[one.unit].tasks)
    ]
    void = [one for one, _ in early if one.thrown_away]
    kept = [(one, last) for one, last in early if not one.thrown_away]
    return SpeculationFigures(
        begun=len(early),
        ahead=sum(max(0.0, min(now if one.end is None else one.end, last) - one.start) for one, last in kept),
        moved=moved,
        thrown_away=len(void),
        wasted=sum(one.seconds(now) for one in void),
        tokens=sum(one.tokens or 0 for one in void),
    )
