"""The console of a file or a pipe that `COLUMNS` or `FORCE_COLOR` asks for; no line ends in blanks."""

from typing import Any

from rich.console import Console

from gitcoord.cli.views.styled_text import StyledText, TextTable

WIDEST = 20_000
"""Columns that no text of ours fills: nothing is wrapped or cut for want of room."""


class PipedConsole(Console):
    """Prints for `grep` and for copying, not for an eye on a screen of some width."""

    def print(self, *objects: Any, **options: Any) -> None:
        """As on a terminal, without what only fills the room."""
        if self.width == WIDEST:
            objects = tuple(
                one.loosened() if isinstance(one, StyledText | TextTable) else one for one in objects
            )
        with self.capture() as captured:
            super().print(*objects, **options)
        lines = captured.get().split("\n")
        self.file.write("\n".join(line.rstrip(" ") for line in lines))
        self.file.flush()
