"""Opens foresight for a command: at the base's commit, with a word on stderr while much has to be read."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitcoord.cli.context import Context
    from gitcoord.foresight.foresee import Foresight

_MANY = 1000
"""Files that take long enough to be told of."""


def open_for(context: "Context", base: str, *, least: int = 1) -> "Foresight | None":
    """What history tells at the tip of `base`; None where it has fewer than `least` changes."""
    from gitcoord.foresight.foresee import open_foresight
    from gitcoord.foresight.mining import HistoryReader

    commit = context.shared.branch(base)
    if commit is None:
        return None
    repository = context.repository
    return open_foresight(
        HistoryReader(repository.git), repository.common_dir, commit, least=least, tell=_teller()
    )


def _teller() -> Callable[[int, int], None]:
    from gitcoord.cli.views.output import say

    def tell(done: int, total: int) -> None:
        if total < _MANY:
            return
        if sys.stderr.isatty():
            text = "" if done == total else f"Reading the history: {done:,} of {total:,} files"
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()
        elif done == total:
            say(f"Read {total:,} files to learn from the history; next time only what has changed.")

    return tell
