"""The reasons, other than capacity, why units cannot start: dependencies, landing, levels, and clashes."""

from collections.abc import Sequence

from gitcoord.planning.units import Unit, Units
from gitcoord.schedule.model import Observation, Policy, StartRefusal
from gitcoord.tasks.model import TaskId
from gitcoord.text_lists import named_tasks


class UnitNeeds:
    """Reasons, other than capacity, why units cannot start."""

    def __init__(self, units: Units, seen: Observation, policy: Policy) -> None:
        self._units = units
        self._seen = seen
        self._policy = policy
        self._enough = seen.landed | self._firm() if policy.pipeline else seen.landed
        self._stuck: dict[TaskId, str] = {}
        self._open_turn = self._first_turn() if policy.barrier else None

    def refusal(self, unit: Unit) -> StartRefusal | None:
        """Why the unit cannot start regardless of capacity; None if it can."""
        seen = self._seen
        if unit.id in seen.elsewhere:
            return StartRefusal(name="elsewhere", reason=seen.elsewhere[unit.id])
        if unit.id in seen.cancelled:
            reason = f"it was cancelled; `gitcoord retry {unit.id}` undoes that"
            return StartRefusal(name="cancelled", reason=reason)
        if unit.id in seen.failed:
            return StartRefusal(name="failed", reason=seen.failed[unit.id])
        culprit = self._blocked_by(unit)
        if culprit:
            how = "was cancelled" if TaskId(culprit) in seen.cancelled else "failed"
            reason = f"it needs {named_tasks([TaskId(culprit)])}, which {how}"
            return StartRefusal(name="blocked", reason=reason)
        missing = [need for need in unit.units if not self._unit_done(need)]
        enough = self._seen.landed if unit.task in seen.apart else self._enough
        tasks = [task for task in unit.tasks if task not in enough]
        unsubmitted = [task for task in tasks if task not in seen.submitted]
        if missing or unsubmitted:
            first = named_tasks([*missing, *unsubmitted], 4)
            return StartRefusal(name="dependencies", reason=f"it needs {first} first")
        if tasks:
            reason = f"it needs {named_tasks(tasks, 4)}: submitted, and not landed yet"
            return StartRefusal(name="landing", reason=reason)
        return self._barrier(unit)

    def meets(self, unit: Unit, running: Sequence[TaskId]) -> tuple[str, ...]:
        """One sentence for each clashing unit that is running, must start first, or has not landed."""
        found = []
        declared = self._units.clashes.get(unit.id, frozenset())
        for other in declared | self._seen.clashing.get(unit.id, frozenset()):
            one = self._units.by_id.get(other)
            if one is None or one.task in self._seen.landed:
                continue
            same = "and declares" if other in declared else "and was seen to change"
            earlier = one.turn[:2] < unit.turn[:2]
            if other in running:
                found.append(f"task {other} is at work {same} the same paths")
            elif one.task == unit.task:
                continue
            elif other in self._seen.done:
                if self._soon_in(one, earlier, running) and not self._below(one, unit):
                    found.append(f"task {other} has not landed yet {same} the same paths")
            elif self._policy.whole_waves and self._comes_first(one, unit) and other in declared:
                found.append(f"task {other} is in an earlier wave {same} the same paths")
        return tuple(sorted(found))

    def _firm(self) -> frozenset[TaskId]:
        """The submitted tasks on which other work may build before they land."""
        if not self._policy.speculate:
            return self._seen.submitted
        found = set(self._seen.landed)
        for task in sorted(self._seen.submitted, key=self._turn_of):
            if found.issuperset(need for need in self._units.needs[task] if need in self._units.of_task):
                found.add(task)
        return frozenset(found)

    def _turn_of(self, task: TaskId) -> tuple[int, int, int]:
        return self._units.by_id[self._units.of_task[task][0]].turn

    def _soon_in(self, one: Unit, earlier: bool, running: Sequence[TaskId]) -> bool:
        """Whether `one` can land without waiting for this unit; otherwise both would wait forever."""
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
        """Whether the unit depends on the other one."""
        return other.task in unit.tasks or other.id in unit.units

    def _unit_done(self, id: TaskId) -> bool:
        unit = self._units.by_id.get(id)
        return unit is None or id in self._seen.done or unit.task in self._seen.landed

    def _blocked_by(self, unit: Unit) -> str:
        """The failed or cancelled unit that this one waits for, directly or not; else an empty string.

        Uses no recursion: a chain of dependencies may be long.
        """
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
        """The units that still have to be done before this one can start."""
        tasks = [task for task in unit.tasks if task not in self._enough and task not in self._seen.submitted]
        whole = [one for task in tasks for one in self._units.of_task.get(task, ())]
        return [one for one in (*unit.units, *whole) if not self._unit_done(one)]

    def _first_turn(self) -> tuple[int, int]:
        """The first level and wave in which something can still be done, or has to land."""
        turns = []
        for task, parts in self._units.of_task.items():
            if task not in self._enough and not self._never_whole(task):
                turns.append(self._units.by_id[parts[0]].turn[:2])
        return min(turns, default=(0, 0))

    def _never_whole(self, task: TaskId) -> bool:
        """Whether every unfinished unit of the task needs a person."""
        left = [one for one in self._units.of_task[task] if one not in self._seen.done]
        return bool(left) and all(self._is_stuck(self._units.by_id[one]) for one in left)

    def _is_stuck(self, unit: Unit) -> bool:
        failed = unit.id in self._seen.failed or unit.id in self._seen.cancelled
        return failed or bool(self._blocked_by(unit))

    def _barrier(self, unit: Unit) -> StartRefusal | None:
        if self._open_turn is None:
            return None
        if unit.turn[:2] > self._open_turn:
            level, wave = self._open_turn
            reason = f"wave {wave} of level-{level} comes first (--barrier)"
            return StartRefusal(name="barrier", reason=reason)
        before = [
            one
            for one in self._units.of_task[unit.task]
            if self._units.by_id[one].turn < unit.turn
            and not self._unit_done(one)
            and not self._is_stuck(self._units.by_id[one])
        ]
        if before:
            return StartRefusal(name="barrier", reason=f"it comes after {named_tasks(before, 4)} (--barrier)")
        return None
