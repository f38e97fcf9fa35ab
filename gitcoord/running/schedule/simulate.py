"""The prediction: the plan played through by the same decisions that start the real work."""

from collections.abc import Mapping

import msgspec

from gitcoord.planning.model import Plan
from gitcoord.planning.timing import DIGITS
from gitcoord.running.schedule.model import Capacity, Decision, Observation, Policy
from gitcoord.running.schedule.starts import next_starts
from gitcoord.running.schedule.units import Units
from gitcoord.tasks.model import TaskId


class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """How a run would go if every estimate were right and nothing failed; minutes.

    `starts` and `ends` hold the units in the order in which they start. `never` are units that would not
    start: they wait for something that the run does not do, such as landing.
    """

    starts: Mapping[TaskId, float]
    ends: Mapping[TaskId, float]
    sequential: float
    duration: float
    speedup: float
    efficiency: float
    most: int
    """How many run at once at the busiest moment."""
    never: Mapping[TaskId, str] = {}
    unlanded: frozenset[TaskId] = frozenset()
    """Those of them that wait only for what they need to land."""
    tokens: int = 0
    """The most tokens at work at once."""

    def together(self) -> tuple[tuple[TaskId, ...], ...]:
        """The largest sets of units that run at the same time, in order of time."""
        sets: list[frozenset[TaskId]] = []
        for moment in sorted(set(self.starts.values())):
            now = frozenset(
                one
                for one, start in self.starts.items()
                if start <= moment < self.ends[one] or start == moment
            )
            if sets and sets[-1] <= now:
                sets[-1] = now
            elif not sets or not now <= sets[-1]:
                sets.append(now)
        order = {one: place for place, one in enumerate(self.starts)}
        return tuple(tuple(sorted(one, key=order.__getitem__)) for one in sets)


def predict(
    plan: Plan,
    units: Units,
    capacity: Capacity,
    policy: Policy,
    *,
    lands: bool = True,
    begun: Observation | None = None,
) -> Prediction:
    """The run of what is left of `plan` after `begun`; `lands` says whether work lands as it is handed in.

    Where waves land as a whole, each waits for all its tasks. Memory and load count as there is enough.
    """
    play = _Play(plan, units, begun or Observation(), lands=lands, whole=policy.whole_waves)
    limits = msgspec.structs.replace(
        capacity, memory=None, load=None, engine_free=None, stagger=capacity.stagger / 60
    )
    while True:
        decision = next_starts(units, play.seen, limits, policy)
        for start in decision.starts:
            play.start(start.unit)
        if decision.starts:
            continue
        if not play.go_on(decision):
            break
    return _prediction(units, play, decision, capacity.max_parallel)


class _Play:
    """The world of a prediction. A pause or a wait to try again is thought to be over."""

    def __init__(self, plan: Plan, units: Units, begun: Observation, *, lands: bool, whole: bool) -> None:
        self._plan = plan
        self._units = units
        self._lands = lands
        self._whole = whole
        running = dict.fromkeys((one for one in begun.running if one not in begun.done), 0.0)
        self.starts: dict[TaskId, float] = dict(running)
        self.ends: dict[TaskId, float] = {one: self._minutes(one) for one in running}
        self.most = len(running)
        self.tokens = 0
        self.seen = msgspec.structs.replace(
            begun,
            running=running,
            not_before={},
            paused=False,
            now=0.0,
            last_start=None,
        )
        self._hand_in()

    def start(self, unit: TaskId) -> None:
        now = self.seen.now
        self.starts[unit] = now
        self.ends[unit] = round(now + self._minutes(unit), DIGITS)
        running = {**self.seen.running, unit: now}
        self.seen = msgspec.structs.replace(self.seen, running=running, last_start=now)
        self.most = max(self.most, len(running))
        self.tokens = max(self.tokens, sum(self._units.by_id[one].tokens for one in running))

    def go_on(self, decision: Decision) -> bool:
        """Lets time pass until something changes; False when nothing ever will."""
        times = [self.ends[one] for one in self.seen.running]
        if decision.wake is not None:
            times.append(decision.wake)
        if not times:
            return False
        now = min(times)
        over = {one for one in self.seen.running if self.ends[one] <= now}
        self.seen = msgspec.structs.replace(
            self.seen,
            now=now,
            running={one: at for one, at in self.seen.running.items() if one not in over},
            done=self.seen.done | over,
        )
        if over:
            self._hand_in()
        return True

    def _hand_in(self) -> None:
        done = self.seen.done
        whole = {task for task, parts in self._units.of_task.items() if done.issuperset(parts)}
        submitted = self.seen.submitted | whole
        landed = self.seen.landed
        if self._lands:
            landed |= self._whole_waves(submitted, landed) if self._whole else submitted
        self.seen = msgspec.structs.replace(self.seen, submitted=submitted, landed=landed)

    def _whole_waves(self, submitted: frozenset[TaskId], landed: frozenset[TaskId]) -> set[TaskId]:
        """What of each level lands: all that is in, once nothing of its first wave is missing."""
        found: set[TaskId] = set()
        for level in self._plan.levels:
            ready = [task for task in level.tasks if task in submitted and task not in landed]
            first = min((self._plan.tasks[task].wave for task in ready), default=0)
            missing = [
                task for wave in level.waves[:first] for task in wave if task not in submitted | landed
            ]
            found |= set() if missing else set(ready)
        return found

    def _minutes(self, unit: TaskId) -> float:
        return self._units.by_id[unit].estimate


def _prediction(units: Units, play: _Play, last: Decision, workers: int) -> Prediction:
    sequential = sum(units.by_id[one].estimate for one in play.starts)
    duration = max(play.ends.values(), default=0.0)
    speedup = sequential / duration if duration else 1.0
    return Prediction(
        starts=play.starts,
        ends=play.ends,
        sequential=round(sequential, DIGITS),
        duration=duration,
        speedup=round(speedup, DIGITS),
        efficiency=round(speedup / workers, DIGITS),
        most=play.most,
        never={one: refusal.reason for one, refusal in last.refusals.items()},
        unlanded=frozenset(one for one, refusal in last.refusals.items() if refusal.name == "landing"),
        tokens=play.tokens,
    )
