"""Shows a wait: one line that counts down on a terminal, one sentence in a log."""

import sys

_RARELY = 60


def count_down(what: str, seconds: int) -> None:
    """Prints the reason and the remaining seconds: on a terminal at each call, elsewhere once a minute."""
    from gitcoord.cli.views.output import clean, say

    if sys.stderr.isatty():
        text = f"Waiting {seconds} s for {clean(what)}." if seconds else ""
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
    elif _announced.get(what) is None or (seconds and seconds % _RARELY == 0):
        say(f"Waiting {seconds} s for {what}.")
    _announced[what] = seconds
    if not seconds:
        _announced.pop(what, None)


_announced: dict[str, int] = {}
"""For each wait, the remaining seconds at the last call; removed when the wait ends."""
