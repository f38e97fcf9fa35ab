"""What is checked: combinations of branches, and single branches as they are; and what is known of them.

Branches are numbers from 0 in landing order.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from gitcoord.event import CheckOutcome

Combination = tuple[int, ...]
"""Branches merged onto the base, in landing order; the empty one is the base itself."""


class ByItself(msgspec.Struct, frozen=True):
    """A branch as it is, merged with nothing: where that fails, it is a suspect, and fails alone."""

    branch: int


Subject = Combination | ByItself


class CheckSeen(msgspec.Struct, frozen=True, kw_only=True):
    """How the check of a subject came out, and how often it was run."""

    outcome: CheckOutcome
    runs: int = 1


Seen = Mapping[Subject, CheckSeen]


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
    """What is known, and what to check now, the most important first (none: all is known).

    `passed` is the longest combination that may land, `failed` and `unclear` are the branches that it goes
    on without; so it does without the `suspects`, of which that is not known yet. `base` says why nothing can
    be told: the base itself fails, or its check has no clear result.
    """

    passed: Combination = ()
    failed: tuple[int, ...] = ()
    unclear: tuple[int, ...] = ()
    suspects: tuple[int, ...] = ()
    wanted: tuple[Subject, ...] = ()
    base: Literal["", "failed", "unclear"] = ""

    def knows(self, branch: int) -> bool:
        """Whether it is known what becomes of a branch."""
        return branch in (*self.passed, *self.failed, *self.unclear)


def outcome_of(subject: Subject, seen: Seen) -> CheckOutcome | None:
    """How the check of `subject` came out; None where it was not run."""
    found = seen.get(subject)
    return None if found is None else found.outcome
