"""The limits of a simulated run other than slots: units that must run alone, tokens, staggered starts."""

from gitcoord.planning.workload import RunRules, WorkNetwork


class Space:
    """The running units, and the capacity that they leave.

    `matters`: the run has any of these limits. `opens` is when the next staggered start is allowed.
    """

    def __init__(self, work: WorkNetwork, how: RunRules) -> None:
        self._work, self._how = work, how
        self.matters = bool(
            work.alone or how.budget is not None or how.stagger or how.independent or any(work.tokens)
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

    def refuses(self, unit: int) -> bool:
        """Whether the unit cannot start beside the running ones.

        Remembers the time of the next start, and the unit that waits to run alone.
        """
        work, how = self._work, self._how
        unknown = unit in work.silent or not work.silent.isdisjoint(self._at_work)
        if how.independent and self._at_work and unknown:
            return True
        if work.alone and self._waits_to_run_alone(unit):
            return True
        if how.budget is not None and self._at_work and self._tokens + work.tokens[unit] > how.budget:
            return True
        if how.stagger and self.last_start is not None and self.last_start + how.stagger > self._now:
            self.opens = self.last_start + how.stagger
            return True
        return False

    def _waits_to_run_alone(self, unit: int) -> bool:
        """Whether the unit waits because it, or a more urgent unit, must run alone."""
        for other in self._at_work:
            if self._apart(other, unit):
                if unit in self._work.alone and self._next_alone is None:
                    self._next_alone = unit
                return True
        return self._next_alone is not None and self._apart(self._next_alone, unit)

    def _apart(self, one: int, other: int) -> bool:
        alone = (self._work.alone.get(one), self._work.alone.get(other))
        owner = self._work.network.owner
        return "all" in alone or (owner[one] == owner[other] and "siblings" in alone)
