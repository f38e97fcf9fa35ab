"""Every command under encodings that cannot carry what it says: no traceback, and names of git stay whole."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.support.cli import COMMAND, Ran, gitcoord
from tests.support.project import Project
from tests.support.tasklists import task

TITLE = "Größe → 日本 ✓"
FILE = "src/größe-日本.rs"
COMMANDS = (
    ("plan",),
    ("plan", "--format", "mermaid"),
    ("plan", "--json"),
    ("status",),
    ("status", "--json"),
    ("check-conflicts", "level-0"),
    ("check-conflicts", "level-0", "--explain"),
    ("check-file", FILE),
    ("check-file", "--json", FILE),
    ("merge-level", "level-0", "--dry-run"),
    ("run", "--dry-run", "--agent", "true"),
    ("log",),
    ("report",),
    ("report", "--html", "-"),
    ("logs", "größe"),
    ("cancel", "größe"),
    ("retry", "größe"),
    ("doctor",),
    ("--help",),
    ("plan", "--größe"),
)
ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
"""Git's names and the streams in ASCII: what every other encoding is more than."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    listed = [task("größe", title=TITLE), task("2", title=TITLE)]
    made = Project.create(tmp_path_factory.mktemp("streams") / "project", listed)
    for name in ("größe", "2"):
        made.remote.commit({FILE: f"{name}\n"}, f"Do {TITLE}", branch=branch(made, name))
    made.run("check-file", "--fetch", "README.md", ok=0)
    return made


def branch(project: Project, name: str) -> str:
    found: str = project.run("plan", "--json").json["tasks"][name]["branch"]
    return found


def run(project: Project, arguments: tuple[str, ...], env: Mapping[str, str]) -> Ran:
    whole = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    ended = subprocess.run(
        [*COMMAND, *arguments],
        cwd=project.desk.path,
        env={**whole, **env},
        capture_output=True,
        check=False,
    )
    return Ran(ended.returncode, os.fsdecode(ended.stdout), os.fsdecode(ended.stderr))


@pytest.fixture(scope="module")
def latin(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment whose locale is in ISO-8859-1, made for the test."""
    place = tmp_path_factory.mktemp("locales")
    if shutil.which("localedef") is None:
        pytest.skip("there is no localedef to make a locale with")
    wanted = ("-i", "en_US", "-f", "ISO-8859-1", str(place / "en_US.ISO-8859-1"))
    if subprocess.run(["localedef", *wanted], capture_output=True, check=False).returncode > 1:
        pytest.skip("this system has no sources of locales")
    return {"LOCPATH": str(place), "LC_ALL": "en_US.ISO-8859-1"}


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_no_command_ends_in_a_bug(project: Project, arguments: tuple[str, ...]) -> None:
    check(project, arguments, ASCII)


@pytest.mark.parametrize("env", [{"PYTHONIOENCODING": "cp1252"}, {"LC_ALL": "C"}], ids=str)
def test_what_a_stream_cannot_carry_is_replaced(project: Project, env: Mapping[str, str]) -> None:
    check(project, ("status",), env)


@cache
def in_utf_8(project: Project, arguments: tuple[str, ...]) -> Ran:
    return project.run(*arguments)


def check(project: Project, arguments: tuple[str, ...], env: Mapping[str, str]) -> None:
    same = in_utf_8(project, arguments)
    ended = run(project, arguments, env)
    assert (ended.code, "Traceback" in ended.err) == (same.code, False), ended.err
    assert ended.code in (0, 1, 2), ended.err


def test_in_a_latin_1_locale_names_are_those_of_the_plan(project: Project, latin: dict[str, str]) -> None:
    for arguments in COMMANDS[:8]:
        same = in_utf_8(project, arguments)
        ended = run(project, arguments, latin)
        assert ended.code == same.code, (arguments, ended.err)
        if "--json" in arguments:
            assert ended.json == same.json
    told = run(project, ("check-file", FILE), latin).out
    assert "src/größe-??.rs: task größe (Größe ? ?? ?)".encode("latin-1") in os.fsencode(told)


def test_pages_are_utf_8_everywhere(project: Project, tmp_path: Path, latin: dict[str, str]) -> None:
    page = run(project, ("report", "--html", "-"), {"PYTHONIOENCODING": "ascii"}).out
    assert TITLE in page
    run(project, ("report", "--html", str(tmp_path / "page.html")), latin)
    assert TITLE in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_bytes_that_are_no_utf_8_go_out_as_they_came_in(project: Project) -> None:
    desk = project.desk
    raw = os.fsdecode(b"feature/\xff")
    listed = gitcoord("check-file", "--json", raw, cwd=desk.path, ok=0).json
    assert listed["paths"][0]["path"] == raw


def test_in_a_latin_1_locale_agents_get_every_character(tmp_path: Path, latin: dict[str, str]) -> None:
    made = Project.create(tmp_path / "project", [task("größe", title=TITLE)])
    agent = 'printf "→ %s\\n" "$GITCOORD_TASK_TITLE" | tee notes-✓.txt'
    ran = run(made, ("run", "--yes", "--land", "--shell", "--agent", agent), latin)
    assert ran.code == 0, ran.err
    assert made.remote.read("main", "notes-✓.txt") == f"→ {TITLE}"
    assert f"→ {TITLE}" in made.run("logs", "größe").out


def test_closed_streams_are_no_bug(project: Project) -> None:
    for arguments in ("status", "status --json", "plan", "check-file src", "nonsense", "run --agent true"):
        closed = f"exec {' '.join(COMMAND)} {arguments} <&- >&- 2>&-"
        wanted = in_utf_8(project, tuple(arguments.split())).code
        assert subprocess.run(["sh", "-c", closed], cwd=project.desk.path).returncode == wanted


@pytest.mark.parametrize("arguments", [("help", "glossary"), ("--help",), ("config", "--schema")])
def test_a_reader_that_has_exited_is_no_failure(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run([*COMMAND, *arguments], stdout=writer, stderr=subprocess.PIPE, cwd=tmp_path)
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (0, b"")
