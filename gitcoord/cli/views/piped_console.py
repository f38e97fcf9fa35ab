"""The console for a file or a pipe if `COLUMNS` or `FORCE_COLOR` is set; no line ends in blanks."""

from typing import Any

from rich.console import Console

from gitcoord.cli.views.styled_text import StyledText, TextTable

WIDEST = 20_000
"""A width that none of our lines reaches, so nothing is wrapped or cut."""


class PipedConsole(Console):
    """Prints text for `grep` and for copying, without padding for a screen."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Prints as on a terminal, but without padding."""
        if self.width == WIDEST:
            objects = tuple(
                one.loosened() if isinstance(one, StyledText | TextTable) else one for one in objects
            )
        with self.capture() as captured:
            super().print(*objects, **options)
        lines = captured.get().split("\n")
        self.file.write("\n".join(line.rstrip(" ") for line in lines))
        self.file.flush()
