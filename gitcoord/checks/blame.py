"""Finds a minimal set of earlier branches with which a branch fails, with few checks. A pure function.

The earlier branches have numbers from 0, in their order. All of them together fail with the branch. Bisection
(into slots + 1 parts) finds the last branch of the set; then, with that one fixed, the one before it; and so
on until the branch fails with the set alone: QuickXplain (Junker, AAAI 2004) with prefixes as its parts.
"""

from collections.abc import Mapping

import msgspec

from gitcoord.event import CheckOutcome

Others = tuple[int, ...]
_MOST_NEEDED = 4
"""The largest set to look for: if the branch does not fail with it, the search reports it as incomplete."""


class Blame(msgspec.Struct, frozen=True, kw_only=True):
    """The sets to check with the branch next; if there are none, the minimal set that fails with it.

    `others` is empty if the branch fails alone. `complete` is False if `others` are only part of the set,
    because the search could not find the rest.
    """

    wanted: tuple[Others, ...] = ()
    others: Others = ()
    complete: bool = True


def find_others(count: int, outcomes: Mapping[Others, CheckOutcome], slots: int) -> Blame:
    """Finds which of the `count` earlier branches make the branch fail, from the `outcomes` so far.

    `slots`: how many checks can run in parallel.
    """
    needed: Others = ()
    bound = count
    while True:
        outcome = outcomes.get(needed)
        if outcome is None:
            return Blame(wanted=(needed, *_sections(needed, 0, bound, outcomes, slots))[: max(1, slots)])
        if outcome == "failed":
            return Blame(others=needed)
        if outcome == "unclear" or bound == 0 or len(needed) == _MOST_NEEDED:
            return Blame(others=needed, complete=False)
        low, high = 0, bound
        for size in range(1, bound):
            found = outcomes.get((*range(size), *needed))
            if found == "passed":
                low = size
            elif found == "failed":
                high = size
                break
        if high - low > 1:
            wanted = _sections(needed, low, high, outcomes, slots)
            return Blame(wanted=wanted) if wanted else Blame(others=needed, complete=False)
        needed, bound = (high - 1, *needed), high - 1


def _sections(
    needed: Others, low: int, high: int, outcomes: Mapping[Others, CheckOutcome], slots: int
) -> tuple[Others, ...]:
    """Returns the sets that cut the range from `low` to `high` into equal parts, without those checked."""
    parts = max(1, slots) + 1
    sizes = {low + max(1, round((high - low) * part / parts)) for part in range(1, parts)}
    found = ((*range(size), *needed) for size in sorted(sizes & set(range(low + 1, high))))
    return tuple(one for one in found if one not in outcomes)
