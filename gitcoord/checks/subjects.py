"""The subjects of checks (combinations of branches, and single branches) and their results.

Branches have numbers from 0, in landing order.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from gitcoord.event import CheckOutcome

Combination = tuple[int, ...]
"""Branches merged onto the base, in landing order; the empty combination is the base itself."""


class ByItself(msgspec.Struct, frozen=True):
    """A branch by itself, merged with nothing: if its check fails, the branch is a suspect."""

    branch: int


Subject = Combination | ByItself


class CheckSeen(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a subject's check, and the number of its runs."""

    outcome: CheckOutcome
    runs: int = 1


Seen = Mapping[Subject, CheckSeen]


class SearchPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How to search: `slots` checks in parallel, over the next `window` branches.

    A failed check is repeated up to `flaky` times before a branch is blamed. With `each` every prefix must
    pass, because the base moves to each of them; else only the longest prefix must pass.
    """

    slots: int = 1
    window: int = 16
    flaky: int = 1
    each: bool = False
    allow_red_base: bool = False


class SearchResult(msgspec.Struct, frozen=True, kw_only=True):
    """The verdicts so far, and the subjects `wanted` next, most important first (none: the search is over).

    `passed` is the longest combination that may land. The search continues without the branches in `failed`
    and `unclear`, and without the `suspects`, which have no verdict yet. `base`: no verdict is possible,
    because the base itself fails or its check is unclear.
    """

    passed: Combination = ()
    failed: tuple[int, ...] = ()
    unclear: tuple[int, ...] = ()
    suspects: tuple[int, ...] = ()
    wanted: tuple[Subject, ...] = ()
    base: Literal["", "failed", "unclear"] = ""

    def knows(self, branch: int) -> bool:
        """Whether the branch has a verdict."""
        return branch in (*self.passed, *self.failed, *self.unclear)


def outcome_of(subject: Subject, seen: Seen) -> CheckOutcome | None:
    """Returns the outcome of the check of `subject`; None if it was not run."""
    found = seen.get(subject)
    return None if found is None else found.outcome
