"""The boundary of the command line: no command, an interruption, the version."""

import os
import signal
import subprocess
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
                [*COMMAND, "log", *options], cwd=project.desk.path, stdout=full, stderr=subprocess.PIPE
            )
        said = ended.stderr.decode().splitlines()
        assert (ended.returncode, said[0]) == (3, "gitcoord: There is no room: No space left on device.")
