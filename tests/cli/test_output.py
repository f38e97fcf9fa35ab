"""What goes to a file or a pipe is whole: nothing wrapped, cut or filled up for a screen."""

import gc
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from gitcoord.cli.main import main
from gitcoord.cli.status.status_document import make_status
from gitcoord.cli.views.output import DRAWN, as_json, plain, show
from gitcoord.cli.views.status import status_view
from gitcoord.cli.views.styled_text import TextColumn, TextTable
from tests.progress.plans import planned, task


@pytest.mark.parametrize("coloured", [False, True])
def test_piped_tables_are_as_wide_as_they_need_and_lines_end_in_no_blanks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], coloured: bool
) -> None:
    for name in DRAWN:
        monkeypatch.delenv(name, raising=False)
    if coloured:
        monkeypatch.setenv("FORCE_COLOR", "1")
    title = ("A title of more than a screen's width " * 4).strip()
    plan = planned([task("a-very-long-name-of-a-task", title=title), task("2", title="Short")])
    show(*status_view(make_status(plan, {}, {})))
    lines = capsys.readouterr().out.split("\n")
    assert ("\x1b[" in "".join(lines)) == coloured
    assert [line for line in lines if line != line.rstrip()] == []
    assert [line for line in lines if "a-very-long-name-of-a-task" in line and title in line]
    assert coloured or max(map(len, lines)) < 300


@pytest.mark.parametrize("headed", [True, False])
def test_a_table_in_a_pipe_is_as_rich_draws_it_where_there_is_room(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], headed: bool
) -> None:
    columns = (TextColumn("n", right=True, width=4), TextColumn("mark", most=2), TextColumn("title", ratio=1))
    told = []
    for before, after in ((1, 1), (0, 1), (0, 2)):
        table = TextTable(*columns, TextColumn("end", folds=True), headed=headed, before=before, after=after)
        table.add_row("1", plain("◆", "red"), "日本語 and é e\u0301", plain("a").append("b", "bold"))
        table.add_row("", "", plain("… and 12 more", "dim"))
        table.add_row("12", "longer than two", "", "x")
        told.append(table)
    plain_lines = []
    for environment in ({}, {"TTY_COMPATIBLE": "1", "NO_COLOR": "1"}, {"COLUMNS": "90"}):
        for name in DRAWN:
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        show(*told)
        plain_lines.append(re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).split("\n"))
    drawn, piped = plain_lines[1], plain_lines[0]
    assert piped == [line.rstrip() for line in drawn]
    assert plain_lines[2] != piped, "a width that was asked for counts"


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


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "utf-16", "cp037"])
def test_a_document_is_in_the_encoding_of_the_stream(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "tasks.json").write_text('[{"id": 1, "title": "größer"}]', "utf-8")
    command = [sys.executable, "-m", "gitcoord", "plan", "--dry-run", "--json", "--tasks", "tasks.json"]
    ended = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )
    assert json.loads(ended.stdout.decode(encoding))["tasks"]["1"]["title"] == "größer"
