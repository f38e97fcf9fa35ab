"""The limits of a simulated run other than slots: units that must run alone, tokens, staggered starts."""

from typing import Literal

from gitcoord.planning.workload import RunRules, WorkNetwork

Obstacle = Literal["undeclared", "alone", "tokens", "stagger"]
"""Why a unit cannot start beside the running ones."""


class SimulatedCapacity:
    """The running units, and the capacity that they leave for others.

    `matters`: the run has any of these limits. `opens` is the time from which a noted unit may start.
    """

    def __init__(self, work: WorkNetwork, rules: RunRules) -> None:
        self._work, self._rules = work, rules
        self.matters = bool(
            work.alone or rules.budget is not None or rules.stagger or rules.independent or any(work.tokens)
        )
        self._at_work: list[int] = []
        self._tokens = 0
        self.most_tokens = 0
        self._now = 0
        self.last_start: int | None = None
        self._next_alone: int | None = None
        self.opens: int | None = None

    def begin_round(self, now: int) -> None:
        """Begins a new round over the ready units."""
        self._now, self._next_alone, self.opens = now, None, None

    def take(self, unit: int) -> None:
        """Adds a unit that starts."""
        self._at_work.append(unit)
        self.last_start = self._now
        if self._work.tokens:
            self._tokens += self._work.tokens[unit]
            self.most_tokens = max(self.most_tokens, self._tokens)

    def leave(self, unit: int) -> None:
        """Removes a unit that has ended."""
        self._at_work.remove(unit)
        if self._work.tokens:
            self._tokens -= self._work.tokens[unit]

    def obstacle(self, unit: int) -> Obstacle | None:
        """Returns why the unit cannot start beside the running ones, or None if it can."""
        work, rules = self._work, self._rules
        unknown = unit in work.silent or not work.silent.isdisjoint(self._at_work)
        if rules.independent and self._at_work and unknown:
            return "undeclared"
        if work.alone and self._waits_to_run_alone(unit):
            return "alone"
        if rules.budget is not None and self._at_work and self._tokens + work.tokens[unit] > rules.budget:
            return "tokens"
        if rules.stagger and self.last_start is not None and self.last_start + rules.stagger > self._now:
            return "stagger"
        return None

    def note(self, unit: int, obstacle: Obstacle) -> None:
        """Notes that the unit waits: later units must leave room for one that has to run alone."""
        if obstacle == "alone" and self._next_alone is None and unit in self._work.alone:
            self._next_alone = unit
        if obstacle == "stagger" and self.last_start is not None:
            self.opens = self.last_start + self._rules.stagger

    def _waits_to_run_alone(self, unit: int) -> bool:
        """Whether the unit waits because it, or a more urgent unit, must run alone."""
        if any(self._apart(other, unit) for other in self._at_work):
            return True
        return self._next_alone is not None and self._apart(self._next_alone, unit)

    def _apart(self, one: int, other: int) -> bool:
        alone = (self._work.alone.get(one), self._work.alone.get(other))
        owner = self._work.network.owner
        return "all" in alone or (owner[one] == owner[other] and "siblings" in alone)
