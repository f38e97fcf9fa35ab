"""What starts next: a pure function from what is seen to starts, and to a named refusal for all the rest.

The same function decides in reality and in the prediction (`schedule_simulate`).
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from gitcoord.running.schedule_rooms import Room, Shortage
from gitcoord.running.schedule_units import Unit, Units
from gitcoord.sentences import named_tasks
from gitcoord.tasks.model import TaskId

Own = Literal["dependencies", "landing", "blocked", "failed", "cancelled", "elsewhere", "barrier"]
Held = Literal["paused", "backoff", "deferred", "overlap", "independent"]
RefusalName = Own | Held | Shortage
"""Why a unit does not start. The first ones speak of the unit and what it needs, the others of room."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a unit is not started now: a name for programs, a sentence for people."""

    name: RefusalName
    reason: str


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller wants: when a task may start, and what keeps two apart.

    `pipeline`: dependencies that are handed in are enough. `barrier`: level by level, wave by wave.
    `overlap`: a unit that clashes with one at work waits, or starts with a warning. `independent_only`:
    only units that are known not to meet run beside each other. `whole_waves`: what lands is a wave as a
    whole (single-pr), so that units of one wave cannot wait for each other to land.
    """

    pipeline: bool = False
    barrier: bool = False
    overlap: Literal["wait", "warn"] = "wait"
    independent_only: bool = False
    whole_waves: bool = False


class Capacity(msgspec.Struct, frozen=True, kw_only=True):
    """How much may run at once; None: no limit of that kind.

    `memory` is what is free and `memory_each` what one unit is thought to take, in bytes. `load` is the
    machine's load for each core. `stagger` are the seconds between two starts.
    """

    max_parallel: int = 4
    token_budget: int | None = None
    engine_free: int | None = None
    memory: int | None = None
    memory_each: int = 0
    load: float | None = None
    load_limit: float = 1.5
    stagger: float = 0.0


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """Where everything stands. Times are seconds on one clock.

    `running` are the units at work here, `elsewhere` those that somebody else is at. `done` are units whose
    work is in their task; `submitted` and `landed` are tasks. `failed` and `cancelled` units are not tried
    again by themselves; `deferred` ones wait for the rest of their level. `clashing` are pairs that were
    seen to clash.
    """

    running: Mapping[TaskId, float] = {}
    elsewhere: Mapping[TaskId, str] = {}
    done: frozenset[TaskId] = frozenset()
    submitted: frozenset[TaskId] = frozenset()
    landed: frozenset[TaskId] = frozenset()
    failed: Mapping[TaskId, str] = {}
    cancelled: frozenset[TaskId] = frozenset()
    deferred: frozenset[TaskId] = frozenset()
    not_before: Mapping[TaskId, float] = {}
    clashing: Mapping[TaskId, frozenset[TaskId]] = {}
    paused: bool = False
    now: float = 0.0
    last_start: float | None = None


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """A unit to start now. `stacked`: what it needs is handed in, not landed. `warnings` are sentences."""

    unit: TaskId
    stacked: bool = False
    warnings: tuple[str, ...] = ()


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The starts, why each other unit that is left does not start, and when time alone changes that."""

    starts: tuple[Start, ...] = ()
    refusals: Mapping[TaskId, Refusal] = {}
    wake: float | None = None


def next_starts(units: Units, seen: Observation, capacity: Capacity, policy: Policy) -> Decision:
    """What to start now. Deterministic; takes nothing but what it is given."""
    refusals: dict[TaskId, Refusal] = {}
    needs = _Needs(units, seen, policy)
    ready: list[Unit] = []
    for unit in units.by_id.values():
        if unit.id in seen.done or unit.id in seen.running or unit.task in seen.landed:
            continue
        refusal = needs.refusal(unit)
        if refusal is None:
            ready.append(unit)
        else:
            refusals[unit.id] = refusal
    room = Room(units, seen.running, capacity, seen.now, seen.last_start)
    starts: list[Start] = []
    for unit in sorted(ready, key=lambda unit: (unit.id in seen.deferred, -unit.tail, unit.place)):
        refusal = _held(unit, seen, refusals, starts, units)
        meets = needs.meets(unit, room.running)
        if refusal is None and policy.overlap == "wait" and meets:
            refusal = Refusal(name="overlap", reason=meets[0])
        refusal = refusal or _unknown(unit, units, room, policy)
        if refusal is None and (full := room.full_for(unit)) is not None:
            refusal = Refusal(name=full[0], reason=full[1])
        if refusal is not None:
            refusals[unit.id] = refusal
            continue
        room.take(unit)
        starts.append(Start(unit=unit.id, stacked=needs.stacked(unit), warnings=meets))
    times = [time for task, time in seen.not_before.items() if task in refusals and time > seen.now]
    wakes = [*times, *([room.opens] if room.opens is not None else [])]
    return Decision(starts=tuple(starts), refusals=refusals, wake=min(wakes, default=None))


def _held(
    unit: Unit,
    seen: Observation,
    refusals: Mapping[TaskId, Refusal],
    starts: Sequence[Start],
    units: Units,
) -> Refusal | None:
    """Why a unit that has all it needs is not wanted yet."""
    if seen.paused:
        return Refusal(name="paused", reason="the run is paused; `gitcoord resume` goes on")
    left = seen.not_before.get(unit.id, 0.0) - seen.now
    if left > 0:
        return Refusal(name="backoff", reason=f"it is tried again in {left:.0f} s")
    if unit.id not in seen.deferred:
        return None
    busy = [*seen.running, *(start.unit for start in starts)]
    busy += [task for task, refusal in refusals.items() if refusal.name in _SOON]
    rest = [one for one in busy if one != unit.id and units.by_id[one].turn[0] == unit.turn[0]]
    if not rest:
        return None
    return Refusal(
        name="deferred",
        reason=f"it conflicts again and again, so it waits for the rest of its level: {named_tasks(rest, 4)}",
    )


FINAL = frozenset({"failed", "blocked", "cancelled"})
"""Refusals that nothing but a person takes back."""
_SOON = frozenset(
    {"slots", "tokens", "memory", "load", "stagger", "alone", "independent", "engine", "backoff"}
)
"""Refusals that end by themselves, whatever becomes of others' work."""


def _unknown(unit: Unit, units: Units, room: Room, policy: Policy) -> Refusal | None:
    """With `independent_only`: whom the unit might meet, since one of the two names no paths."""
    if not policy.independent_only:
        return None
    others = [one for one in room.running if not (unit.modifies and units.by_id[one].modifies)]
    if not others:
        return None
    silent = unit.id if not unit.modifies else others[0]
    reason = f"it is not known to be independent of task {others[0]}: task {silent} names no paths"
    return Refusal(name="independent", reason=reason)


class _Needs:
    """What units wait for, apart from room."""

    def __init__(self, units: Units, seen: Observation, policy: Policy) -> None:
        self._units = units
        self._seen = seen
        self._policy = policy
        self._enough = seen.landed | seen.submitted if policy.pipeline else seen.landed
        self._stuck: dict[TaskId, str] = {}
        self._open_turn = self._first_turn() if policy.barrier else None

    def refusal(self, unit: Unit) -> Refusal | None:
        """Why the unit cannot start whatever room there is."""
        seen = self._seen
        if unit.id in seen.elsewhere:
            return Refusal(name="elsewhere", reason=seen.elsewhere[unit.id])
        if unit.id in seen.cancelled:
            reason = f"it was cancelled; `gitcoord retry {unit.id}` takes that back"
            return Refusal(name="cancelled", reason=reason)
        if unit.id in seen.failed:
            return Refusal(name="failed", reason=seen.failed[unit.id])
        culprit = self._blocked_by(unit)
        if culprit:
            return Refusal(name="blocked", reason=f"it needs {named_tasks([TaskId(culprit)])}, which failed")
        missing = [need for need in unit.units if not self._unit_done(need)]
        tasks = [task for task in unit.tasks if task not in self._enough]
        unsubmitted = [task for task in tasks if task not in seen.submitted]
        if missing or unsubmitted:
            first = named_tasks([*missing, *unsubmitted], 4)
            return Refusal(name="dependencies", reason=f"it needs {first} first")
        if tasks:
            reason = f"it needs {named_tasks(tasks, 4)}: handed in, and not landed yet"
            return Refusal(name="landing", reason=reason)
        return self._barrier(unit)

    def meets(self, unit: Unit, running: Sequence[TaskId]) -> tuple[str, ...]:
        """Sentences about the units that the unit clashes with: at work, to come first, or not landed."""
        found = []
        declared = self._units.clashes.get(unit.id, frozenset())
        for other in declared | self._seen.clashing.get(unit.id, frozenset()):
            one = self._units.by_id.get(other)
            if one is None or one.task in self._seen.landed:
                continue
            same = "and says that it touches" if other in declared else "and was seen to touch"
            earlier = one.turn[:2] < unit.turn[:2]
            if other in running:
                found.append(f"task {other} is at work {same} the same paths")
            elif one.task == unit.task:
                continue
            elif other in self._seen.done:
                if self._soon_in(one, earlier, running) and not self._below(one, unit):
                    found.append(f"task {other} has not landed yet {same} the same paths")
            elif self._policy.whole_waves and self._comes_first(one, unit) and other in declared:
                found.append(f"task {other} is of an earlier wave {same} the same paths")
        return tuple(sorted(found))

    def _soon_in(self, one: Unit, earlier: bool, running: Sequence[TaskId]) -> bool:
        """Whether done work gets into the base without waiting, in the end, for the one who asks."""
        if self._policy.whole_waves:
            return earlier and not self._never_whole(one.task)
        if one.task in self._seen.submitted:
            return self._seen.landed.issuperset(self._units.needs[one.task])
        return any(part in running for part in self._units.of_task[one.task])

    def _comes_first(self, one: Unit, unit: Unit) -> bool:
        return one.turn[0] == unit.turn[0] and one.turn[1] < unit.turn[1] and not self._is_stuck(one)

    def stacked(self, unit: Unit) -> bool:
        """Whether the unit builds on work that has not landed."""
        elsewhere = [need for need in unit.units if self._units.by_id[need].task != unit.task]
        owners = {self._units.by_id[need].task for need in elsewhere if need in self._units.by_id}
        return any(task not in self._seen.landed for task in (*unit.tasks, *owners))

    def _below(self, other: Unit, unit: Unit) -> bool:
        """Whether the unit stands on the other's work anyway."""
        return other.task in unit.tasks or other.id in unit.units

    def _unit_done(self, id: TaskId) -> bool:
        unit = self._units.by_id.get(id)
        return unit is None or id in self._seen.done or unit.task in self._seen.landed

    def _blocked_by(self, unit: Unit) -> str:
        """The failed unit that this one waits for in the end, or an empty string. Walks without recursion."""
        path = [unit]
        while path:
            one = path[-1]
            if one.id in self._stuck:
                path.pop()
                continue
            needs = [need for need in self._needed(one) if need not in self._stuck]
            if needs:
                path += [self._units.by_id[need] for need in needs]
                continue
            culprits = (self._culprit(need) for need in self._needed(one))
            self._stuck[one.id] = next(filter(None, culprits), "")
            path.pop()
        return self._stuck[unit.id]

    def _culprit(self, id: TaskId) -> str:
        return id if id in self._seen.failed or id in self._seen.cancelled else self._stuck[id]

    def _needed(self, unit: Unit) -> list[TaskId]:
        """The units that still have to be done before this one."""
        tasks = [task for task in unit.tasks if task not in self._enough and task not in self._seen.submitted]
        whole = [one for task in tasks for one in self._units.of_task.get(task, ())]
        return [one for one in (*unit.units, *whole) if not self._unit_done(one)]

    def _first_turn(self) -> tuple[int, int]:
        """The level and wave that is not over: something in it can still be done, or has to land."""
        turns = []
        for task, parts in self._units.of_task.items():
            if task not in self._enough and not self._never_whole(task):
                turns.append(self._units.by_id[parts[0]].turn[:2])
        return min(turns, default=(0, 0))

    def _never_whole(self, task: TaskId) -> bool:
        """Whether what is left of the task cannot be done any more without a person."""
        left = [one for one in self._units.of_task[task] if one not in self._seen.done]
        return bool(left) and all(self._is_stuck(self._units.by_id[one]) for one in left)

    def _is_stuck(self, unit: Unit) -> bool:
        failed = unit.id in self._seen.failed or unit.id in self._seen.cancelled
        return failed or bool(self._blocked_by(unit))

    def _barrier(self, unit: Unit) -> Refusal | None:
        if self._open_turn is None:
            return None
        if unit.turn[:2] > self._open_turn:
            level, wave = self._open_turn
            reason = f"wave {wave} of level-{level} comes first (--barrier)"
            return Refusal(name="barrier", reason=reason)
        before = [
            one
            for one in self._units.of_task[unit.task]
            if self._units.by_id[one].turn < unit.turn
            and not self._unit_done(one)
            and not self._is_stuck(self._units.by_id[one])
        ]
        if before:
            return Refusal(name="barrier", reason=f"it comes after {named_tasks(before, 4)} (--barrier)")
        return None
