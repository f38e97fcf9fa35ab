"""How many examples a law is tried with: few whenever the suite runs, `LAWS=25` tries 25 times as many."""

import os

_TIMES = int(os.environ.get("LAWS", "1"))


def tries(count: int) -> int:
    """The number of examples of a law that the suite tries with `count`."""
    return count * _TIMES
