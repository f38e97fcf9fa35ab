"""Searches a list of branches for the longest prefix that passes, and the branches that fail on top of it."""

import itertools
from collections.abc import Container, Sequence
from typing import Literal

import msgspec

from gitcoord.checks.subjects import (
    ByItself,
    Combination,
    SearchPolicy,
    SearchResult,
    Seen,
    Subject,
    outcome_of,
)

_UNCLEAR_RUNS = 2
"""A branch is left out after this many checks without a clear result."""
_ENOUGH = 2
"""When this many branches per slot have passed alone, their combination is checked."""
_FEW_SLOTS = 2
"""With this many slots or fewer, checks of single branches would displace checks that can land something."""

Reading = Literal["failed", "unclear", "again", "base", "failed base", "unclear base"]
"""The meaning of a combination that has not passed: its last branch fails or has no clear result; it or the
base must be checked (again); or the base itself fails or is unclear."""


class PrefixSearch:
    """Decides what to check next under `policy`, from the results `seen`; keeps useful `running` checks.

    `slots`: the number of the policy's slots that are free for this search.
    """

    def __init__(self, seen: Seen, policy: SearchPolicy, running: Container[Subject], slots: int) -> None:
        self._seen, self._policy, self._running = seen, policy, running
        self._slots = max(1, slots)
        self._one_by_one = policy.window <= policy.slots and policy.slots > _FEW_SLOTS and not policy.each

    def walk(self, row: Combination) -> SearchResult:
        """Decides on the branches of `row`, each on top of the passing branches before it."""
        decision, rest = SearchResult(), row
        while rest:
            ahead = [(*decision.passed, *rest[:size]) for size in range(1, len(rest) + 1)]
            green = self._longest_passed(ahead)
            if green:
                decision = msgspec.structs.replace(decision, passed=ahead[green - 1])
                rest = rest[green:]
                continue
            bad = next((size for size, one in enumerate(ahead, 1) if self._is_bad(one)), None)
            if bad != 1:
                wanted = self._next(decision.passed, ahead, bad)[: self._slots]
                return msgspec.structs.replace(decision, wanted=wanted)
            after = self._judge(decision, ahead, rest[0])
            if after.wanted or after.base:
                return after
            decision, rest = after, rest[1:]
        return decision

    def read(self, combination: Combination, *, green: bool) -> Reading:
        """Interprets a checked `combination` that has not passed; `green`: a shorter prefix of it passed."""
        policy, base = self._policy, None if green else self._seen.get(())
        if not green and base is None:
            return "base"
        if base is not None and base.outcome == "unclear":
            return "base" if base.runs < _UNCLEAR_RUNS else "unclear base"
        if base is not None and base.outcome == "failed":
            if base.runs <= policy.flaky:
                return "base"
            if not policy.allow_red_base:
                return "failed base"
        result = self._seen[combination]
        unclear = result.outcome == "unclear"
        if result.runs < (_UNCLEAR_RUNS if unclear else policy.flaky + 1):
            return "again"
        return "unclear" if unclear else "failed"

    def _longest_passed(self, ahead: Sequence[Combination]) -> int:
        """Returns the number of branches ahead that may land; 0 if none is known to pass."""
        sizes = [size for size, one in enumerate(ahead, 1) if outcome_of(one, self._seen) == "passed"]
        if not self._policy.each:
            return max(sizes, default=0)
        whole = 0
        while whole + 1 in sizes:
            whole += 1
        return whole

    def _next(
        self, passed: Combination, ahead: Sequence[Combination], bad: int | None
    ) -> tuple[Subject, ...]:
        """Returns the checks that narrow down the next failing branch.

        `bad`: the size of the shortest prefix of `ahead` that has not passed its check, if any.
        """
        slots = self._slots
        if self._policy.each:
            sizes = [size for size in range(1, len(ahead) + 1) if ahead[size - 1] not in self._seen]
            sizes = [s for s in sizes if bad is None or s < bad] + [s for s in sizes if bad and s > bad]
            return tuple(ahead[size - 1] for size in sizes)
        if single := self._singly(passed, ahead, bad):
            return single
        high = min(max(slots, self._policy.window), len(ahead)) if bad is None else bad - 1
        kept = [size for size in range(1, high + 1) if ahead[size - 1] in self._running][:slots]
        if kept:
            sizes = [*kept, *more_cuts(kept, high, slots - len(kept))]
        else:
            sizes = list(spread(high, slots)) if bad is None else sections(bad, slots)
        wanted = [ahead[size - 1] for size in sizes]
        if bad is not None and not passed and () not in self._seen:
            # Nothing has passed yet: the base itself may fail.
            wanted = [*wanted[: len(kept)], (), *wanted[len(kept) :]]
        return tuple(wanted)

    def _singly(
        self, passed: Combination, ahead: Sequence[Combination], bad: int | None
    ) -> tuple[Subject, ...]:
        """Returns checks of single branches if they give more information; else none."""
        row, base = ahead[-1][len(passed) :], outcome_of((), self._seen)
        if base in ("failed", "unclear"):
            return ()
        below = row if bad is None else row[:bad]
        unknown = tuple(ByItself(one) for one in below if ByItself(one) not in self._seen)
        if bad is not None:
            if not unknown or not 1 < bad <= self._slots:
                return ()
            first: tuple[Subject, ...] = ((),) if base is None and not passed else ()
            begun = tuple(one for one in ahead[: bad - 1] if one in self._running)
            beside = sections(bad, max(0, self._slots - len(unknown) - len(first) - len(begun)))
            return (*begun, *first, *unknown, *(ahead[size - 1] for size in beside))
        if not self._one_by_one:
            return ()
        known = next((n for n, one in enumerate(row) if ByItself(one) not in self._seen), len(row))
        begun = tuple(one for one in ahead if one in self._running)
        if not begun and known and (known >= _ENOUGH * self._policy.slots or not unknown):
            begun = (ahead[known - 1],)
        return (*begun, *unknown)

    def _judge(self, decision: SearchResult, ahead: Sequence[Combination], branch: int) -> SearchResult:
        """Returns the decision if the first branch after the passed ones has not passed its check."""
        change = msgspec.structs.replace
        reading = self.read(ahead[0], green=bool(decision.passed))
        match reading:
            case "base":
                others = () if () in self._seen else self._others(decision, ahead)
                return change(decision, wanted=((), *others)[: self._slots])
            case "again":
                return change(decision, wanted=(ahead[0], *self._others(decision, ahead))[: self._slots])
            case "unclear base":
                return change(decision, base="unclear")
            case "failed base":
                # Later branches may repair the base.
                whole = () if self._policy.each or ahead[-1] in self._seen else (ahead[-1],)
                return change(decision, wanted=whole, base="" if whole else "failed")
            case "unclear":
                return change(decision, unclear=(*decision.unclear, branch))
            case "failed":
                return change(decision, failed=(*decision.failed, branch))

    def _others(self, decision: SearchResult, ahead: Sequence[Combination]) -> tuple[Combination, ...]:
        """Returns checks for the free slots while the first branch is in doubt: later branches without it."""
        rest, slots = ahead[-1][len(decision.passed) + 1 :], self._slots
        without = [(*decision.passed, *rest[:size]) for size in range(1, len(rest) + 1)]
        if not without or slots < 2:
            return ()
        sizes: Sequence[int] = range(1, len(without) + 1)
        if not self._policy.each:
            high = min(max(slots - 1, self._policy.window), len(without))
            kept = [size for size in sizes if without[size - 1] in self._running][: slots - 1]
            more = more_cuts(kept, high, slots - 1 - len(kept)) if kept else spread(high, slots - 1)
            sizes = [*kept, *more]
        return tuple(without[size - 1] for size in sizes if without[size - 1] not in self._seen)[: slots - 1]

    def _is_bad(self, combination: Combination) -> bool:
        return outcome_of(combination, self._seen) in ("failed", "unclear")


def spread(length: int, slots: int) -> Sequence[int]:
    """Returns at most `slots` prefix sizes from 1 to `length`, evenly spaced; the last is `length`."""
    return sorted({-(-length * part // slots) for part in range(1, slots + 1)} - {0})


def sections(bad: int, slots: int) -> list[int]:
    """Returns at most `slots` prefix sizes below `bad` that divide the range into equal parts."""
    return sorted(
        {max(1, round(bad * part / (slots + 1))) for part in range(1, slots + 1)} & set(range(1, bad))
    )


def more_cuts(kept: Sequence[int], high: int, count: int) -> list[int]:
    """Returns at most `count` sizes to add to `kept`: `high` if it is larger, then those that halve gaps.

    Halves the widest remaining gap each time.
    """
    points = sorted({0, *kept})
    found = [high] if count and high > points[-1] else []
    points += found
    while len(found) < count:
        width, low = max((after - before, before) for before, after in itertools.pairwise(points))
        if width < 2:
            break
        found.append(low + width // 2)
        points = sorted({*points, found[-1]})
    return found
