"""The console of a file or a pipe: as wide as its tables need, and no line ends in blanks."""

from typing import Any

from rich.console import Console, Group
from rich.table import Table

WIDEST = 20_000
"""Columns that no text of ours fills: nothing is wrapped or cut for want of room."""


class PipedConsole(Console):
    """Prints for `grep` and for copying, not for an eye on a screen of some width."""

    def print(self, *objects: Any, **options: Any) -> None:
        """As on a terminal, without what only fills the room."""
        if self.width == WIDEST:
            for one in objects:
                _loosen(one)
        with self.capture() as captured:
            super().print(*objects, **options)
        lines = captured.get().split("\n")
        self.file.write("\n".join(line.rstrip(" ") for line in lines))
        self.file.flush()


def _loosen(shown: object) -> None:
    """Tables take the room of what is in them, and columns have no most."""
    if isinstance(shown, Group):
        for one in shown.renderables:
            _loosen(one)
    elif isinstance(shown, Table):
        shown.expand = False
        for column in shown.columns:
            column.max_width = None
