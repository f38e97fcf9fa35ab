"""Lines and tables, whatever shows them: rich draws them on a terminal, a file or a pipe gets plain text.

What is read by `grep` or copied needs no width and no style, and a short command should not load rich for it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text


class StyledText:
    """Text, never taken for markup, with a style for each part. The style of the first part holds for all."""

    __slots__ = ("_spans",)

    def __init__(self, text: str = "", style: str = "") -> None:
        self._spans = [(text, style)]

    def append(self, text: str, style: str = "") -> Self:
        """Adds a part at the end."""
        self._spans.append((text, style))
        return self

    @property
    def plain(self) -> str:
        """The text alone."""
        return "".join([text for text, _ in self._spans])

    def __len__(self) -> int:
        return sum(len(text) for text, _ in self._spans)

    def lines(self) -> Iterator[str]:
        """The lines for a file or a pipe."""
        yield from self.plain.split("\n")

    def loosened(self) -> "StyledText":
        """The same: only tables are bound to a width."""
        return self

    def __rich__(self) -> "Text":
        from rich.text import Text

        (first, style), *others = self._spans
        text = Text(first, style=style)
        for part, its in others:
            text.append(part, its)
        return text


class TextColumn(NamedTuple):
    """A column; `most` and `ratio` say which gives way on a narrow terminal, which `folds` or else is cut."""

    name: str
    right: bool = False
    width: int | None = None
    most: int | None = None
    ratio: int | None = None
    folds: bool = False
    style: str = ""


class TextTable:
    """Rows under their columns, without lines. Cells are one line each.

    `before` and `after` are the blanks around a cell; one that is `full` takes the whole width of a terminal.
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
        """Adds a row; cells that are left out are empty."""
        self.rows.append(cells)

    def lines(self) -> Iterator[str]:
        """The lines for a file or a pipe: each column is as wide as what is in it."""
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
        """The same for a console of any width: no column gives way."""
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
    """Columns of a terminal that the text takes."""
    # The ranges in which rich itself asks for no width. Marks of ours are among them.
    if text.isascii() or all(char < "\u0300" or "\u2500" <= char <= "\u25fc" for char in text):
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
