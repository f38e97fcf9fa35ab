"""Decides which combinations of branches to check next.

Depends only on the results and the running checks. Keeps no state between decisions, so a killed run
continues where it stopped.

Checks prefixes of the remaining branches, evenly spaced. Up to the first prefix that fails, checks each
branch alone. A branch that fails alone is a suspect: the search continues without it, and a check on top of
the earlier branches decides whether it is to blame. If many fail, checks each branch alone first.
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
    """Decides what to check next for `count` branches, from the results `seen`.

    Keeps `running` checks whose result still matters, even if other prefixes would now be better.
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
    decision, first = _judge_suspects(
        decision, suspects, PrefixSearch(seen, policy, running, policy.slots), seen
    )
    first = [*(ByItself(one) for one in decision.failed if ByItself(one) not in seen), *first]
    if not first:
        return decision
    # Keep the running checks, and spread the others over the free slots.
    left = PrefixSearch(seen, policy, running, policy.slots - len(first)).walk(_without(count, suspects))
    wanted = list(dict.fromkeys([*first, *left.wanted]))
    wanted.sort(key=lambda one: one not in running)
    return msgspec.structs.replace(decision, wanted=tuple(wanted[: max(1, policy.slots)]))


def _suspects(count: int, seen: Seen) -> list[int]:
    """Returns the branches that fail alone; none if the base itself fails or is unclear."""
    if outcome_of((), seen) in ("failed", "unclear"):
        return []
    return [one for one in range(count) if outcome_of(ByItself(one), seen) == "failed"]


def _without(count: int, suspects: Collection[int]) -> Combination:
    return tuple(one for one in range(count) if one not in suspects)


def _on_top(decision: SearchResult, suspects: Collection[int], branch: int) -> Combination:
    """Returns `branch` on top of the earlier branches without failed, unclear and suspect ones."""
    out = {*suspects, *decision.failed, *decision.unclear}
    return (*(one for one in range(branch) if one not in out), branch)


def _judge_suspects(
    decision: SearchResult, suspects: Collection[int], search: PrefixSearch, seen: Seen
) -> tuple[SearchResult, list[Subject]]:
    """Returns the result with the suspects' verdicts, and the checks that open suspects still need."""
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
