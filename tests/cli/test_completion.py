"""Completion on Tab, asked through the shell's own protocol."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.project import Project, independent


def offered(line: str, cwd: Path) -> list[str]:
    """What bash would be offered for the last word of `line`."""
    words = line.split(" ")
    environment = {
        "_GITCOORD_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    program = Path(sys.executable).parent / "gitcoord"
    ended = subprocess.run(
        [program], cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True
    )
    assert ended.stderr == ""
    return ended.stdout.split()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.create(tmp_path / "project", independent("1", "12", "3"))


def test_tasks_levels_and_choices_are_offered(project: Project) -> None:
    desk = project.desk.path
    assert offered("gitcoord checkout 1", desk) == ["1", "12"]
    assert offered("gitcoord submit 3", desk) == ["3"]
    assert offered("gitcoord merge-level le", desk) == ["level-0"]
    assert offered("gitcoord merge-level --method s", desk) == ["squash"]


def test_nothing_is_offered_and_nothing_is_said_where_there_is_no_plan(tmp_path: Path) -> None:
    assert offered("gitcoord checkout 1", tmp_path) == []


def test_zsh_is_given_no_apostrophe_that_it_would_leave_out(tmp_path: Path) -> None:
    program = Path(sys.executable).parent / "gitcoord"
    for line in ("gitcoord ch", "gitcoord checkout --"):
        environment = {"_GITCOORD_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": line}
        ended = subprocess.run(
            [program], cwd=tmp_path, env={**os.environ, **environment}, capture_output=True, encoding="utf-8"
        )
        assert ended.stdout.count("'") == 2, "those around the whole"
        assert "\N{RIGHT SINGLE QUOTATION MARK}" in ended.stdout
