"""Lines and tables: rich draws them on a terminal; a file or a pipe gets plain text.

Text for `grep` or for copying needs no width and no style, so a short command does not load rich for it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text


class StyledText:
    """Text with a style for each part, never read as markup. The first part's style applies to all parts."""

    __slots__ = ("_spans",)

    def __init__(self, text: str = "", style: str = "") -> None:
        self._spans = [(text, style)]

    def append(self, text: str, style: str = "") -> Self:
        """Adds a part at the end."""
        self._spans.append((text, style))
        return self

    @property
    def plain(self) -> str:
        """The text without styles."""
        return "".join([text for text, _ in self._spans])

    def __len__(self) -> int:
        return sum(len(text) for text, _ in self._spans)

    def lines(self) -> Iterator[str]:
        """Yields the lines for a file or a pipe."""
        yield from self.plain.split("\n")

    def loosened(self) -> "StyledText":
        """Returns the text itself: only tables have a width."""
        return self

    def __rich__(self) -> "Text":
        from rich.text import Text

        (first, style), *others = self._spans
        text = Text(first, style=style)
        for part, its in others:
            text.append(part, its)
        return text


class TextColumn(NamedTuple):
    """A column. `most` and `ratio` let it shrink on a narrow terminal; `folds`: wraps text, else cuts it."""

    name: str
    right: bool = False
    width: int | None = None
    most: int | None = None
    ratio: int | None = None
    folds: bool = False
    style: str = ""


class TextTable:
    """Rows under the names of their columns, without borders. Each cell is one line.

    `before` and `after`: the number of blanks around a cell. A `full` table takes the terminal's full width.
    """

    def __init__(
        self, *columns: TextColumn, headed: bool = True, full: bool = False, before: int = 1, after: int = 1
    ) -> None:
        self._columns = columns
        self._headed = headed
        self._full = full
        self._around = (before, after)
        self.rows: list[tuple[StyledText | str, ...]] = []

    def add_row(self, *cells: StyledText | str) -> None:
        """Adds a row; missing cells are empty."""
        self.rows.append(cells)

    def lines(self) -> Iterator[str]:
        """Yields the lines for a file or a pipe: each column is as wide as its widest cell."""
        rows = [[cell if isinstance(cell, str) else cell.plain for cell in row] for row in self.rows]
        if self._headed:
            rows.insert(0, [column.name for column in self._columns])
        widths = [column.width or 0 for column in self._columns]
        for row in rows:
            for at, cell in enumerate(row):
                widths[at] = max(widths[at], _cells(cell))
        before, after = (" " * count for count in self._around)
        for row in rows:
            filled = [
                f"{before}{_filled(cell, width, right=column.right)}{after}"
                for column, width, cell in zip(self._columns, widths, row, strict=False)
            ]
            yield "".join(filled).rstrip(" ")

    def loosened(self) -> "TextTable":
        """Returns the table for a console of any width: no column shrinks."""
        columns = [column._replace(most=None, ratio=None) for column in self._columns]
        before, after = self._around
        table = TextTable(*columns, headed=self._headed, before=before, after=after)
        table.rows = self.rows
        return table

    def __rich__(self) -> "Table":
        from rich.table import Table

        before, after = self._around
        table = Table(
            box=None,
            padding=(0, after, 0, before),
            expand=self._full,
            show_header=self._headed,
            header_style="dim",
        )
        for column in self._columns:
            table.add_column(
                column.name,
                justify="right" if column.right else "left",
                width=column.width,
                max_width=column.most,
                ratio=column.ratio,
                no_wrap=not column.folds,
                overflow="fold" if column.folds else "ellipsis",
                style=column.style,
            )
        for row in self.rows:
            table.add_row(*(StyledText(cell) if isinstance(cell, str) else cell for cell in row))
        return table


Shown = StyledText | TextTable


def _filled(cell: str, width: int, *, right: bool) -> str:
    blanks = " " * (width - _cells(cell))
    return f"{blanks}{cell}" if right else f"{cell}{blanks}"


def _cells(text: str) -> int:
    """Returns the number of terminal columns that the text takes."""
    # In these ranges, which include our marks, rich counts one column for each character.
    if text.isascii() or all(char < "\u0300" or "\u2500" <= char <= "\u25fc" for char in text):
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
