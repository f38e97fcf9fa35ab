"""The boundary of the command line: no command, an interruption, the version."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.cli import COMMAND, gitcoord, start_gitcoord
from tests.support.project import Project, independent


def test_without_a_command_the_help_is_shown(tmp_path: Path) -> None:
    ran = gitcoord(cwd=tmp_path, env={"COLUMNS": "80"}, ok=0)
    assert "check-conflicts" in ran.out
    assert "..." not in ran.out.partition("Commands:")[2]
    assert ran.err == ""


def test_a_command_imports_no_other_command(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom gitcoord.cli.main import main\nmain(['log', '--help'])\n"
        "from gitcoord.cli.app import COMMANDS\n"
        "modules = {module for module, _ in COMMANDS.values()}\n"
        "print(sorted(m for m in modules if f'gitcoord.cli.commands.{m}' in sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert ran.stdout.splitlines()[-1] == "['log']", ran.stderr


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("integrate", "merge-level"),
        ("start", "checkout"),
        ("undo", "rollback"),
        ("stop", "cancel or pause"),
        ("stauts", "status"),
    ],
)
def test_another_word_for_a_command_gets_the_command_that_is_meant(
    tmp_path: Path, word: str, meant: str
) -> None:
    ran = gitcoord(word, cwd=tmp_path, ok=2)
    assert ran.err.splitlines()[0] == f"gitcoord: There is no command {word}. Did you mean {meant}?"


def test_a_word_that_is_like_no_command_gets_no_suggestion(tmp_path: Path) -> None:
    ran = gitcoord("frobnicate", cwd=tmp_path, ok=2)
    assert ran.err.splitlines()[0] == "gitcoord: There is no command frobnicate."


def test_a_choice_that_is_missing_is_asked_for_in_one_line(tmp_path: Path) -> None:
    said = gitcoord("hooks", "install", cwd=tmp_path, ok=2).err.splitlines()
    assert said[0] == "gitcoord: Missing argument 'PROGRAM'. Choose from: claude, codex, git"


def test_an_interruption_is_said_in_words_and_as_a_document(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", independent("1"))
    process = start_gitcoord("merge-level", "--wait", "5m", "--json", cwd=project.desk.path)
    assert process.stderr is not None
    said = process.stderr.readline()
    assert said.startswith(b"waiting: "), said
    time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b'"schema": "gitcoord.error/1"' in out
    assert b'"code": "interrupted"' in out
    assert err.decode().splitlines()[0] == "gitcoord: Interrupted."


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_a_full_disk_is_named_and_no_bug(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", independent("1"))
    for options in ([], ["--json"]):
        with Path("/dev/full").open("wb") as full:
            ended = subprocess.run(
                [*COMMAND, "log", *options],
                cwd=project.desk.path,
                stdout=full,
                stderr=subprocess.PIPE,
            )
        said = ended.stderr.decode().splitlines()
        assert (ended.returncode, said[0]) == (3, "gitcoord: The disk is full: No space left on device.")


def test_a_limit_of_the_system_is_named_and_is_no_bug(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", independent("1"))
    huge = tmp_path / "tasks.json"
    with huge.open("wb") as file:
        file.truncate(900 << 20)  # of nothing: it takes no room on the disk
    limited = f"ulimit -v 300000; exec {' '.join(COMMAND)} plan --dry-run --json --tasks {huge}"
    ran = subprocess.run(["sh", "-c", limited], cwd=project.desk.path, capture_output=True, text=True)
    assert ran.returncode == 3, ran.stderr
    assert '"code": "system-limit"' in ran.stdout
    assert "ulimit -a" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("value", ["nan", "inf", "1e300"])
@pytest.mark.parametrize(
    "command",
    [
        ("status", "--watch", "--every"),
        ("check-conflicts", "0", "--watch", "--every"),
        ("plan", "--rework-cost"),
        ("worker", "1", "--grace"),
    ],
)
def test_a_number_that_no_clock_has_is_wrong_usage(
    tmp_path: Path, command: tuple[str, ...], value: str
) -> None:
    ran = gitcoord(*command, value, cwd=tmp_path)
    assert (ran.code, command[-1] in ran.err) == (2, True), ran.err
