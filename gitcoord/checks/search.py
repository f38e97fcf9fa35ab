"""Which combinations of branches to check next, and what is known by then: a pure function of the results.

Nothing is kept between two decisions: the same results give the same decision, so that a run that was killed
goes on where it was.

Checks are spread over the prefixes of what lies ahead. What is left below the first one that fails is checked
branch by branch, each as it is. Whoever fails so is a suspect: the search goes on without it at once, while
beside that a check on top of the branches before it says whether it is to blame. Where many fail, each branch
is checked as it is to begin with.
"""

from collections.abc import Collection, Container

import msgspec

from gitcoord.checks.prefixes import PrefixSearch
from gitcoord.checks.subjects import (
    ByItself,
    Combination,
    SearchPolicy,
    SearchResult,
    Seen,
    Subject,
    outcome_of,
)


def decide(count: int, seen: Seen, policy: SearchPolicy, running: Container[Subject] = ()) -> SearchResult:
    """The result for `count` branches by the results `seen`.

    What is `running` goes on where its result still says something: it was begun earlier than what would
    cut the branches more evenly.
    """
    if policy.each:
        return PrefixSearch(seen, policy, running, policy.slots).walk(tuple(range(count)))
    suspects = _suspects(count, seen)
    while True:
        decision = PrefixSearch(seen, policy, running, policy.slots).walk(_without(count, suspects))
        cleared = [one for one in suspects if outcome_of(_on_top(decision, suspects, one), seen) == "passed"]
        if not cleared:
            break
        suspects = [one for one in suspects if one not in cleared]
    decision, first = _judged(decision, suspects, PrefixSearch(seen, policy, running, policy.slots), seen)
    first = [*(ByItself(one) for one in decision.failed if ByItself(one) not in seen), *first]
    if not first:
        return decision
    # What is begun goes on, and the rest is spread over the slots that are left.
    left = PrefixSearch(seen, policy, running, policy.slots - len(first)).walk(_without(count, suspects))
    wanted = list(dict.fromkeys([*first, *left.wanted]))
    wanted.sort(key=lambda one: one not in running)
    return msgspec.structs.replace(decision, wanted=tuple(wanted[: max(1, policy.slots)]))


def _suspects(count: int, seen: Seen) -> list[int]:
    """The branches that fail as they are; none where the base does, for which they cannot be blamed."""
    if outcome_of((), seen) in ("failed", "unclear"):
        return []
    return [one for one in range(count) if outcome_of(ByItself(one), seen) == "failed"]


def _without(count: int, suspects: Collection[int]) -> Combination:
    return tuple(one for one in range(count) if one not in suspects)


def _on_top(decision: SearchResult, suspects: Collection[int], branch: int) -> Combination:
    """The branch on top of all before it that may pass."""
    out = {*suspects, *decision.failed, *decision.unclear}
    return (*(one for one in range(branch) if one not in out), branch)


def _judged(
    decision: SearchResult, suspects: Collection[int], search: PrefixSearch, seen: Seen
) -> tuple[SearchResult, list[Subject]]:
    """The result with what is known of the suspects, and the checks that tell it of the others."""
    failed, unclear, open_still = list(decision.failed), list(decision.unclear), list[int]()
    wanted: list[Subject] = []
    for branch in suspects:
        combination = _on_top(decision, suspects, branch)
        green = any(outcome_of(combination[:size], seen) == "passed" for size in range(1, len(combination)))
        reading = "again" if combination not in seen else search.read(combination, green=green)
        match reading:
            case "failed":
                failed.append(branch)
            case "unclear":
                unclear.append(branch)
            case "again":
                wanted.append(combination)
            case _:
                wanted.append(())
        if reading not in ("failed", "unclear"):
            open_still.append(branch)
    told = msgspec.structs.replace(
        decision, failed=tuple(sorted(failed)), unclear=tuple(sorted(unclear)), suspects=tuple(open_still)
    )
    return told, wanted
