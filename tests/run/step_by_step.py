"""A run played through by the very decisions that start the real work, one look after the other."""

from collections.abc import Mapping

import msgspec

from gitcoord.planning.model import Plan
from gitcoord.planning.network import TICKS
from gitcoord.planning.units import Units
from gitcoord.schedule.decide import next_starts
from gitcoord.schedule.model import Capacity, Observation, Policy
from gitcoord.tasks.model import TaskId


def starts_step_by_step(
    plan: Plan, units: Units, capacity: Capacity, policy: Policy, *, lands: bool, begun: Observation
) -> Mapping[TaskId, float]:
    """When each unit starts, in minutes."""
    world = _World(plan, units, policy, begun, lands=lands)
    limits = msgspec.structs.replace(capacity, stagger=capacity.stagger / 60 * TICKS)
    while True:
        decision = next_starts(units, world.seen, limits, policy)
        for start in decision.starts:
            world.start(start.unit)
        if not decision.starts and not world.go_on(decision.wake):
            return {unit: round(at / TICKS, 6) for unit, at in world.starts.items()}


class _World:
    def __init__(self, plan: Plan, units: Units, policy: Policy, begun: Observation, *, lands: bool) -> None:
        self._plan, self._units, self._policy, self._lands = plan, units, policy, lands
        running = dict.fromkeys((one for one in begun.running if one not in begun.done), 0.0)
        self.starts: dict[TaskId, float] = dict(running)
        self.ends = {one: self._ticks(one) for one in running}
        self.seen = msgspec.structs.replace(
            begun, running=running, not_before={}, paused=False, now=0.0, last_start=None
        )
        self._hand_in()

    def start(self, unit: TaskId) -> None:
        now = self.seen.now
        self.starts[unit] = now
        self.ends[unit] = now + self._ticks(unit)
        running = {**self.seen.running, unit: now}
        self.seen = msgspec.structs.replace(self.seen, running=running, last_start=now)

    def go_on(self, wake: float | None) -> bool:
        times = [self.ends[one] for one in self.seen.running] + ([] if wake is None else [wake])
        if not times:
            return False
        now = min(times)
        over = {one for one in self.seen.running if self.ends[one] <= now}
        running = {one: at for one, at in self.seen.running.items() if one not in over}
        self.seen = msgspec.structs.replace(self.seen, now=now, running=running, done=self.seen.done | over)
        self._hand_in()
        return True

    def _hand_in(self) -> None:
        done = self.seen.done
        whole = {task for task, parts in self._units.of_task.items() if done.issuperset(parts)}
        submitted, landed = self.seen.submitted | whole, set(self.seen.landed)
        while self._lands:
            able = {task for task in submitted - landed if landed.issuperset(self._units.needs[task])}
            new = able & self._in_whole_waves(submitted, landed, able) if self._policy.whole_waves else able
            if not new:
                break
            landed |= new
        self.seen = msgspec.structs.replace(self.seen, submitted=submitted, landed=frozenset(landed))

    def _in_whole_waves(
        self, submitted: frozenset[TaskId], landed: set[TaskId], able: set[TaskId]
    ) -> set[TaskId]:
        found: set[TaskId] = set()
        for level in self._plan.levels:
            ready = [task for task in level.tasks if task in able]
            first = min((self._plan.tasks[task].wave for task in ready), default=0)
            before = [task for wave in level.waves[:first] for task in wave]
            if all(task in submitted or task in landed for task in before):
                found |= set(ready)
        return found

    def _ticks(self, unit: TaskId) -> float:
        return round(self._units.by_id[unit].estimate * TICKS)
