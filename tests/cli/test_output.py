"""What goes to a file or a pipe is whole: nothing wrapped, cut or filled up for a screen."""

from io import StringIO

from gitcoord.cli.output_piped import WIDEST, PipedConsole
from gitcoord.cli.status_document import make_status
from gitcoord.cli.status_view import status_view
from tests.running.picture_world import planned, task


def test_piped_tables_are_as_wide_as_they_need_and_lines_end_in_no_blanks() -> None:
    title = ("A title of more than a screen's width " * 4).strip()
    plan = planned([task("a-very-long-name-of-a-task", title=title), task("2", title="Short")])
    out = StringIO()
    PipedConsole(file=out, width=WIDEST).print(status_view(make_status(plan, {}, {})))
    lines = out.getvalue().split("\n")
    assert [line for line in lines if line != line.rstrip()] == []
    assert [line for line in lines if "a-very-long-name-of-a-task" in line and title in line]
    assert max(map(len, lines)) < 300
