"""How far ahead checks reach: few failures make a long check of many branches pay, many make it waste.

A branch fails with the rate p of the last landings, so that a prefix of n branches passes with (1 - p)^n: a
window of about 1/p branches holds one failure. Where each base is proved, each slot checks the next branch on
top of the ones before: Zuul's window (https://zuul-ci.org/docs/zuul/latest/gating.html).
"""

import msgspec

WIDEST = 32
_FEW_PRIOR = 16
"""Landings without a failure that are taken for granted where there is no history."""


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """How many branches ahead are checked, with the failures and checked landings that this came from.

    `asked`: somebody said how many.
    """

    size: int
    failures: int = 0
    landings: int = 0
    asked: bool = False


def choose_window(asked: int | None, slots: int, failures: int, landings: int) -> Window:
    """The window for `failures` in the last `landings`: about the reciprocal of their rate, at most `WIDEST`.

    Less than twice the slots means that many fail: then it is as wide as the slots.
    """
    if asked is not None:
        return Window(size=asked, failures=failures, landings=landings, asked=True)
    size = min(WIDEST, round((landings + _FEW_PRIOR) / (failures + 1)))
    return Window(size=size if size >= 2 * slots else slots, failures=failures, landings=landings)
