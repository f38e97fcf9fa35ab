"""Decides what starts next: a pure function from an observation to starts and named refusals.

The prediction (`planning.simulate`) follows the same rules; a test compares the two.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from gitcoord.planning.risks import LOOKAHEAD, extra_conflicts, urgency
from gitcoord.planning.units import Unit, Units
from gitcoord.schedule.blockers import UnitNeeds
from gitcoord.schedule.capacity_check import RemainingCapacity
from gitcoord.schedule.model import (
    Capacity,
    Observation,
    Policy,
    ScheduleDecision,
    StartRefusal,
    UnitStart,
)
from gitcoord.tasks.model import TaskId
from gitcoord.text_lists import named_tasks


def next_starts(units: Units, seen: Observation, capacity: Capacity, policy: Policy) -> ScheduleDecision:
    """Decides what to start now. Deterministic."""
    refusals: dict[TaskId, StartRefusal] = {}
    needs = UnitNeeds(units, seen, policy)
    ready: list[Unit] = []
    for unit in units.by_id.values():
        if unit.id in seen.done or unit.id in seen.running or unit.task in seen.landed:
            continue
        refusal = needs.refusal(unit)
        if refusal is None:
            ready.append(unit)
        else:
            refusals[unit.id] = refusal
    room = RemainingCapacity(units, seen.running, capacity, seen.now, seen.last_start)
    starts: list[UnitStart] = []
    for unit in _most_urgent_first(ready, units, seen, room, _not_in_base(units, seen, policy)):
        refusal = _held(unit, seen, refusals, starts, units)
        meets = needs.meets(unit, room.running)
        if refusal is None and policy.overlap == "wait" and meets:
            refusal = StartRefusal(name="overlap", reason=meets[0])
        refusal = refusal or _unknown(unit, units, room, policy)
        if refusal is None and (full := room.full_for(unit)) is not None:
            refusal = StartRefusal(name=full[0], reason=full[1])
        if refusal is not None:
            refusals[unit.id] = refusal
            continue
        room.take(unit)
        starts.append(UnitStart(unit=unit.id, stacked=needs.stacked(unit), warnings=meets))
    starts = [
        msgspec.structs.replace(start, beside=tuple(one for one in room.running if one != start.unit))
        for start in starts
    ]
    times = [time for task, time in seen.not_before.items() if task in refusals and time > seen.now]
    closed = any(refusal.name == "closed" for refusal in refusals.values())
    wakes = [*times, *([room.opens] if room.opens is not None else []), *[seen.closed_until] * closed]
    return ScheduleDecision(starts=tuple(starts), refusals=refusals, wake=min(wakes, default=None))


def _not_in_base(units: Units, seen: Observation, policy: Policy) -> frozenset[TaskId]:
    """Returns the tasks besides the running ones whose work a unit that starts now will not see in the base.

    Those are the tasks that run on other machines, and the submitted ones that will land soon.
    """
    elsewhere = {units.by_id[one].task for one in seen.elsewhere if one in units.by_id}
    soon = seen.submitted - seen.landed if policy.lands and not policy.whole_waves else frozenset()
    return soon | elsewhere


def _most_urgent_first(
    ready: Sequence[Unit],
    units: Units,
    seen: Observation,
    room: RemainingCapacity,
    not_in_base: frozenset[TaskId],
) -> Iterator[Unit]:
    """Yields ready units, the longest chain of dependents first, likely conflicts with running ones last.

    Compares with the running units, and with those `not_in_base`, again for each one, because every start
    adds a possible conflict.
    """
    order = sorted(ready, key=lambda unit: (unit.id in seen.deferred, -unit.tail, unit.place))
    weighing = units.weighing

    def wanted(unit: Unit) -> float:
        conflicts = extra_conflicts(
            weighing.risk.get(unit.task, {}), running - {unit.task}, waiting - {unit.task}
        )
        return urgency(unit.tail, unit.estimate, conflicts, weighing.rework_cost or 1.0)

    # Without a free slot none of them starts, so their order does not matter.
    while order and weighing.risk and room.has_slot:
        deferred = order[0].id in seen.deferred
        near = [unit for unit in order[:LOOKAHEAD] if (unit.id in seen.deferred) == deferred]
        running = {units.by_id[one].task for one in room.running if one in units.by_id} | not_in_base
        waiting = {unit.task for unit in near}
        best = max(near, key=wanted)
        order.remove(best)
        yield best
    yield from order


def _held(
    unit: Unit,
    seen: Observation,
    refusals: Mapping[TaskId, StartRefusal],
    starts: Sequence[UnitStart],
    units: Units,
) -> StartRefusal | None:
    """Why a unit that has all its dependencies must still wait; None if it need not."""
    if seen.paused:
        return StartRefusal(name="paused", reason="the run is paused; `gitcoord resume` continues it")
    if seen.failing:
        return StartRefusal(name="failing", reason=seen.failing)
    if seen.closed_until > seen.now:
        return StartRefusal(name="closed", reason=seen.closed)
    left = seen.not_before.get(unit.id, 0.0) - seen.now
    if left > 0:
        return StartRefusal(name="backoff", reason=f"it will be tried again in {left:.0f} s")
    if unit.id not in seen.deferred:
        return None
    busy = [*seen.running, *(start.unit for start in starts)]
    busy += [task for task, refusal in refusals.items() if refusal.name in _SOON]
    rest = [one for one in busy if one != unit.id and units.by_id[one].turn[0] == unit.turn[0]]
    if not rest:
        return None
    return StartRefusal(
        name="deferred",
        reason=f"it conflicts again and again, so it waits for the rest of its level: {named_tasks(rest, 4)}",
    )


_SOON = frozenset(
    {"slots", "tokens", "memory", "load", "stagger", "alone", "independent", "engine", "backoff", "closed"}
)
"""Refusals that end by themselves, whether other work succeeds or fails."""


def _unknown(unit: Unit, units: Units, room: RemainingCapacity, policy: Policy) -> StartRefusal | None:
    """With `independent_only`: refuses a unit if it or a running one declares no paths."""
    if not policy.independent_only:
        return None
    known = [unit, *(units.by_id[one] for one in room.running if one in units.by_id)]
    silent = [one.id for one in known if not (one.modifies or one.marked)]
    if not silent or len(known) == 1:
        return None
    other = known[1].id if silent[0] == unit.id else silent[0]
    reason = f"it is not known to be independent of task {other}: task {silent[0]} declares no paths"
    return StartRefusal(name="independent", reason=reason)
