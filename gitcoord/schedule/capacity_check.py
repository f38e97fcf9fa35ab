"""Capacity for one more unit: slots, tokens, memory, load, staggered starts, and units that run alone."""

from collections.abc import Mapping

from gitcoord.planning.units import Unit, Units
from gitcoord.schedule.model import Capacity, Shortage
from gitcoord.tasks.model import TaskId

Full = tuple[Shortage, str]
_GIB = 2**30


class RemainingCapacity:
    """The capacity that is left while a decision is made. `running` grows with each start."""

    def __init__(
        self,
        units: Units,
        running: Mapping[TaskId, float],
        capacity: Capacity,
        now: float,
        last_start: float | None,
    ) -> None:
        self._units = units
        self._capacity = capacity
        self._now = now
        self._last_start = last_start
        self._started = 0
        self._next_alone: Unit | None = None
        self.running = list(running)
        self.tokens = sum(self._tokens(one) for one in running)
        self.opens: float | None = None
        """The time at which a staggered start is allowed, if that was the only reason for a refusal."""

    @property
    def has_slot(self) -> bool:
        """Whether a slot is free."""
        return len(self.running) < self._capacity.max_parallel

    def take(self, unit: Unit) -> None:
        """Counts the unit as started."""
        self.running.append(unit.id)
        self.tokens += self._tokens(unit.id)
        self._started += 1
        self._last_start = self._now

    def full_for(self, unit: Unit) -> Full | None:
        """The name of the resource that the unit lacks, and a sentence about it; None if it can start."""
        capacity = self._capacity
        if len(self.running) >= capacity.max_parallel:
            return "slots", f"{len(self.running)} of {capacity.max_parallel} are at work (--max-parallel)"
        alone = self._alone(unit)
        if alone:
            return "alone", alone
        if capacity.engine_free is not None and self._started >= capacity.engine_free:
            return "engine", "the engine has no free slot now"
        return self._short_of(unit) or self._too_soon()

    def _short_of(self, unit: Unit) -> Full | None:
        """Checks tokens, memory and load. If no unit is running, this one may start in any case."""
        capacity = self._capacity
        if not self.running:
            return None
        budget = capacity.token_budget
        takes = self._tokens(unit.id)
        if budget is not None and self.tokens + takes > budget:
            text = f"{self.tokens:,} of {budget:,} tokens are in use, and it needs {takes:,}"
            return "tokens", text
        if capacity.memory is not None:
            left = capacity.memory - self._started * capacity.memory_each
            if left < capacity.memory_each:
                text = f"{left / _GIB:.1f} GiB are free, and a unit needs {capacity.memory_each / _GIB:.1f}"
                return "memory", text
        if capacity.load is not None and capacity.load >= capacity.load_limit:
            text = f"the machine's load per core is {capacity.load:.1f}, not below {capacity.load_limit:g}"
            return "load", text
        return None

    def _too_soon(self) -> Full | None:
        stagger = self._capacity.stagger
        if not stagger or self._last_start is None:
            return None
        left = self._last_start + stagger - self._now
        if left <= 0:
            return None
        self.opens = self._now + left
        return "stagger", f"the next start is in {left:.0f} s (--stagger)"

    def _alone(self, unit: Unit) -> str:
        """Why the unit must not run beside the running ones; empty if it may.

        A less urgent unit must not overtake a waiting one that runs alone.
        """
        for other in self.running:
            one = self._units.by_id.get(other)
            if one is not None and _apart(one, unit):
                if unit.alone and self._next_alone is None:
                    self._next_alone = unit
                who = unit if unit.alone else one
                return f"task {who.id} runs alone (parallel_safe is false), and task {other} is at work"
        if self._next_alone is not None and _apart(self._next_alone, unit):
            return f"task {self._next_alone.id} runs alone (parallel_safe is false), and is next"
        return ""

    def _tokens(self, id: TaskId) -> int:
        """The unit's share of the token budget, or the typical tokens of a unit, whichever is more."""
        unit = self._units.by_id.get(id)
        return max(unit.tokens, self._capacity.tokens_each) if unit is not None else 0


def _apart(one: Unit, other: Unit) -> bool:
    """Whether the two must not run at the same time."""
    return "all" in (one.alone, other.alone) or (
        one.task == other.task and "siblings" in (one.alone, other.alone)
    )
