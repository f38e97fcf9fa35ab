"""Which combinations of branches to check next, and what is known by then: a pure function of the results.

Branches are numbers from 0 in landing order. A combination is the branches merged onto the base, in that
order; the empty one is the base itself. Nothing is kept between two decisions: the same results give the
same decision, so that a run that was killed goes on where it was.
"""

import itertools
from collections.abc import Container, Mapping, Sequence
from typing import Literal

import msgspec

from gitcoord.checks.window import spread
from gitcoord.event import CheckOutcome

Combination = tuple[int, ...]

_UNCLEAR_RUNS = 2
"""So often a check without a clear result is run before its branch is left out."""


class CheckSeen(msgspec.Struct, frozen=True, kw_only=True):
    """How the check of a combination came out, and how often it was run."""

    outcome: CheckOutcome
    runs: int = 1


class SearchPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How to search: `slots` checks run side by side, over the next `window` branches.

    `flaky` is how often a failure is checked again before a branch is blamed for it. With `each` every prefix
    has to pass, because the base becomes each of them; else only the longest one has to.
    """

    slots: int = 1
    window: int = 16
    flaky: int = 1
    each: bool = False
    allow_red_base: bool = False


class SearchResult(msgspec.Struct, frozen=True, kw_only=True):
    """What is known, and the combinations to check now, the most important first (none: all is known).

    `passed` is the longest combination that may land, `failed` and `unclear` are the branches that it goes
    on without. `base` says why nothing can be told: the base itself fails, or its check has no clear result.
    """

    passed: Combination = ()
    failed: tuple[int, ...] = ()
    unclear: tuple[int, ...] = ()
    wanted: tuple[Combination, ...] = ()
    base: Literal["", "failed", "unclear"] = ""

    def knows(self, branch: int) -> bool:
        """Whether it is known what becomes of a branch."""
        return branch in (*self.passed, *self.failed, *self.unclear)


Seen = Mapping[Combination, CheckSeen]


def decide(
    count: int, seen: Seen, policy: SearchPolicy, running: Container[Combination] = ()
) -> SearchResult:
    """The result for `count` branches by the results `seen`.

    What is `running` goes on where its result still says something: it was begun earlier than what would
    cut the branches more evenly.
    """
    decision, rest = SearchResult(), tuple(range(count))
    while rest:
        ahead = [(*decision.passed, *rest[:size]) for size in range(1, len(rest) + 1)]
        green = _longest_passed(ahead, seen, each=policy.each)
        if green:
            decision = msgspec.structs.replace(decision, passed=ahead[green - 1])
            rest = rest[green:]
            continue
        bad = next((size for size, one in enumerate(ahead, 1) if _is_bad(one, seen)), None)
        if bad != 1:
            wanted = _narrowed(decision.passed, ahead, bad, seen, policy, running)
            return msgspec.structs.replace(decision, wanted=wanted)
        after = _blamed(decision, ahead, rest[0], seen, policy, running)
        if after.wanted or after.base:
            return after
        decision, rest = after, rest[1:]
    return decision


def _longest_passed(ahead: Sequence[Combination], seen: Seen, *, each: bool) -> int:
    """How many branches ahead may land: 0 when none is known to."""
    sizes = [size for size, one in enumerate(ahead, 1) if _outcome(one, seen) == "passed"]
    if not each:
        return max(sizes, default=0)
    whole = 0
    while whole + 1 in sizes:
        whole += 1
    return whole


def _narrowed(
    passed: Combination,
    ahead: Sequence[Combination],
    bad: int | None,
    seen: Seen,
    policy: SearchPolicy,
    running: Container[Combination],
) -> tuple[Combination, ...]:
    """What bounds the next branch that fails: nothing below `bad` has passed."""
    slots = max(1, policy.slots)
    if policy.each:
        sizes = [size for size in range(1, len(ahead) + 1) if _outcome(ahead[size - 1], seen) is None]
        sizes = [size for size in sizes if bad is None or size < bad] + [s for s in sizes if bad and s > bad]
        return tuple(ahead[size - 1] for size in sizes[:slots])
    high = min(max(slots, policy.window), len(ahead)) if bad is None else bad - 1
    kept = [size for size in range(1, high + 1) if ahead[size - 1] in running][:slots]
    if kept:
        sizes = [*kept, *_cuts(kept, high, slots - len(kept))]
    else:
        sizes = list(spread(high, slots)) if bad is None else _sections(bad, slots)
    wanted = [ahead[size - 1] for size in sizes]
    if bad is not None and not passed and () not in seen:
        # Nothing has passed yet: the base may fail itself.
        wanted = [*wanted[: len(kept)], (), *wanted[len(kept) :]]
    return tuple(wanted[:slots])


def _blamed(
    decision: SearchResult,
    ahead: Sequence[Combination],
    branch: int,
    seen: Seen,
    policy: SearchPolicy,
    running: Container[Combination],
) -> SearchResult:
    """The result once the branch next to what has passed does not pass."""
    change, result = msgspec.structs.replace, seen[ahead[0]]
    if not decision.passed and () not in seen:
        others = _others(decision, ahead, seen, policy, running)
        return change(decision, wanted=((), *others)[: max(1, policy.slots)])
    base = seen[()] if not decision.passed else None
    if base is not None and base.outcome == "unclear":
        return (
            change(decision, wanted=((),)) if base.runs < _UNCLEAR_RUNS else change(decision, base="unclear")
        )
    if base is not None and base.outcome == "failed":
        if base.runs <= policy.flaky:
            return change(decision, wanted=((),))
        if not policy.allow_red_base:
            # What lies ahead may repair it.
            whole = () if policy.each or ahead[-1] in seen else (ahead[-1],)
            return change(decision, wanted=whole, base="" if whole else "failed")
    again = _UNCLEAR_RUNS if result.outcome == "unclear" else policy.flaky + 1
    if result.runs < again:
        others = _others(decision, ahead, seen, policy, running)
        return change(decision, wanted=(ahead[0], *others)[: max(1, policy.slots)])
    if result.outcome == "unclear":
        return change(decision, unclear=(*decision.unclear, branch))
    return change(decision, failed=(*decision.failed, branch))


def _others(
    decision: SearchResult,
    ahead: Sequence[Combination],
    seen: Seen,
    policy: SearchPolicy,
    running: Container[Combination],
) -> tuple[Combination, ...]:
    """What to check beside while the first branch is in doubt: the rest without it."""
    rest = ahead[-1][len(decision.passed) + 1 :]
    without = [(*decision.passed, *rest[:size]) for size in range(1, len(rest) + 1)]
    if not without or policy.slots < 2:
        return ()
    sizes: Sequence[int] = range(1, len(without) + 1)
    if not policy.each:
        high = min(max(policy.slots - 1, policy.window), len(without))
        kept = [size for size in sizes if without[size - 1] in running][: policy.slots - 1]
        more = _cuts(kept, high, policy.slots - 1 - len(kept)) if kept else spread(high, policy.slots - 1)
        sizes = [*kept, *more]
    return tuple(without[size - 1] for size in sizes if without[size - 1] not in seen)[: policy.slots - 1]


def _sections(bad: int, slots: int) -> list[int]:
    """Sizes below `bad` that cut what is below into equal parts."""
    return sorted(
        {max(1, round(bad * part / (slots + 1))) for part in range(1, slots + 1)} & set(range(1, bad))
    )


def _cuts(kept: Sequence[int], high: int, count: int) -> list[int]:
    """At most `count` more sizes up to `high` beside those `kept`, each in the middle of the widest gap."""
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


def _outcome(combination: Combination, seen: Seen) -> CheckOutcome | None:
    found = seen.get(combination)
    return None if found is None else found.outcome


def _is_bad(combination: Combination, seen: Seen) -> bool:
    return _outcome(combination, seen) in ("failed", "unclear")
