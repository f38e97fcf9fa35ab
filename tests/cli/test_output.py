"""What goes to a file or a pipe is whole: nothing wrapped, cut or filled up for a screen."""

import gc
import json
from io import StringIO
from pathlib import Path

import msgspec
import pytest

from gitcoord.cli.main import main
from gitcoord.cli.status_document import make_status
from gitcoord.cli.views.output import as_json
from gitcoord.cli.views.piped_console import WIDEST, PipedConsole
from gitcoord.cli.views.status import status_view
from tests.progress.plans import planned, task


def test_piped_tables_are_as_wide_as_they_need_and_lines_end_in_no_blanks() -> None:
    title = ("A title of more than a screen's width " * 4).strip()
    plan = planned([task("a-very-long-name-of-a-task", title=title), task("2", title="Short")])
    out = StringIO()
    PipedConsole(file=out, width=WIDEST).print(status_view(make_status(plan, {}, {})))
    lines = out.getvalue().split("\n")
    assert [line for line in lines if line != line.rstrip()] == []
    assert [line for line in lines if "a-very-long-name-of-a-task" in line and title in line]
    assert max(map(len, lines)) < 300


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A document with text of others."""

    title: str
    minutes: dict[str, float] = {}


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("plain", "plain"),
        ('ü \N{MUSICAL SYMBOL G CLEF} "quoted"\n\x7f', 'ü \N{MUSICAL SYMBOL G CLEF} "quoted"\n\x7f'),
        ("half \ud834", "half \ud834"),
        ("https://me:word@example.com", "https://***@example.com"),
        ("ü ghp_" + "0123456789abcdef", "ü ***"),
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_a_document_is_the_same_json_in_ascii_whatever_its_text_is(
    title: str, shown: str, indent: int | None
) -> None:
    text = as_json("told", Told(title=title, minutes={"1": 30.0, "2": 1e-7}), indent, {"saved": True})
    expected = {"title": shown, "minutes": {"1": 30.0, "2": 1e-7}, "saved": True}
    assert json.loads(text) == {"schema": "gitcoord.told/1", **expected}
    assert text.isascii()
    assert ("\n" in text) == (indent is not None)


def test_planning_leaves_the_garbage_collector_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tasks.json").write_text('[{"id": 1, "title": "one"}]')
    for switch in (gc.enable, gc.disable):
        switch()
        before = gc.isenabled()
        try:
            assert main(["plan", "--tasks", "tasks.json", "--json"]) == 0
            assert gc.isenabled() == before
        finally:
            gc.enable()
