"""Chooses how many branches to check ahead: a large window saves time only if few checks fail.

If a fraction p of recent landings failed, n branches together pass with probability (1 - p)^n, and one
failure is expected in 1/p branches. With `prove = "each"`, every slot checks the next branch on top of the
ones before it: Zuul's window (https://zuul-ci.org/docs/zuul/latest/gating.html).
"""

import msgspec

WIDEST = 32
_PRIOR_LANDINGS = 16
"""Landings that are added to the history, one of them failed, so that a few results do not decide."""


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """The number of branches to check ahead, and the failures and landings that it was computed from.

    `requested`: the user set the size.
    """

    size: int
    failures: int = 0
    landings: int = 0
    requested: bool = False


def choose_window(requested: int | None, slots: int, failures: int, landings: int) -> Window:
    """Returns a window of the size `requested`, or else one computed from `failures` in `landings`.

    Its size is about the reciprocal of the failure rate, at most `WIDEST`. If that is less than twice
    `slots`, the size is `slots`.
    """
    if requested is not None:
        return Window(size=requested, failures=failures, landings=landings, requested=True)
    size = min(WIDEST, round((landings + _PRIOR_LANDINGS) / (failures + 1)))
    return Window(size=size if size >= 2 * slots else slots, failures=failures, landings=landings)
