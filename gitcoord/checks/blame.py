"""With which others a branch fails: the smallest set, found with few checks. A pure function of the results.

What came before the branch is numbered from 0 in the order in which it came. All of it together fails with
the branch. Halving (in as many parts as there are slots) finds the last of what it takes; with that one
fixed, the one before it; and so on until the set fails by itself: QuickXplain (Junker, AAAI 2004) with
prefixes as its parts.
"""

from collections.abc import Mapping

import msgspec

from gitcoord.event import CheckOutcome

Others = tuple[int, ...]
_MOST_NEEDED = 4
"""Larger sets are not told apart any further."""


class Blame(msgspec.Struct, frozen=True, kw_only=True):
    """The sets to check with the branch (none: all is known), or the smallest that fails with it.

    `others` is empty when the branch fails alone. `whole` is False when `others` are part of the set only,
    because the rest of it could not be found out.
    """

    wanted: tuple[Others, ...] = ()
    others: Others = ()
    whole: bool = True


def find_others(count: int, outcomes: Mapping[Others, CheckOutcome], slots: int) -> Blame:
    """Who of `count` others it takes for the branch to fail, by the `outcomes` of the sets checked so far."""
    needed: Others = ()
    bound = count
    while True:
        alone = outcomes.get(needed)
        if alone is None:
            return Blame(wanted=(needed, *_sections(needed, 0, bound, outcomes, slots))[: max(1, slots)])
        if alone == "failed":
            return Blame(others=needed)
        if alone == "unclear" or bound == 0 or len(needed) == _MOST_NEEDED:
            return Blame(others=needed, whole=False)
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
            return Blame(wanted=wanted) if wanted else Blame(others=needed, whole=False)
        needed, bound = (high - 1, *needed), high - 1


def _sections(
    needed: Others, low: int, high: int, outcomes: Mapping[Others, CheckOutcome], slots: int
) -> tuple[Others, ...]:
    """The sets that cut what lies between `low` and `high` into equal parts; none that is known."""
    parts = max(1, slots) + 1
    sizes = {low + max(1, round((high - low) * part / parts)) for part in range(1, parts)}
    found = ((*range(size), *needed) for size in sorted(sizes & set(range(low + 1, high))))
    return tuple(one for one in found if one not in outcomes)
