"""What short commands do not pay for: modules that they do not use, and processes of git."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gitcoord.cli.views.output import DRAWN
from tests.support.cli import gitcoord
from tests.support.project import Project, independent

ONLY_FOR_SOME = {
    "asyncio",
    "concurrent.futures",
    "csv",
    "filelock",
    "github",
    "http.client",
    "logging",
    "markdown_it",
    "mdit_py_plugins",
    "pygit2",
    "rich.live",
    "rich.markdown",
    "rich.progress",
    "rich.syntax",
    "rich.traceback",
    "ssl",
    "statistics",
    "tempfile",
    "tenacity",
    "yaml",
    "gitcoord.forge.pull_requests",
    "gitcoord.tasks.sources.checklist",
    "gitcoord.tasks.write_back",
    "gitcoord.git.worktree_sync",
    "gitcoord.git.credential_cache",
    "gitcoord.git.object_quarantine",
    "gitcoord.git.merge_attributes",
    "gitcoord.git.object_writer",
    "gitcoord.git.credentials",
    "gitcoord.git.damage",
    "gitcoord.planning.glob_intersection",
    "gitcoord.planning.simulated_run",
    "gitcoord.planning.risk_partition",
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    project = Project.create(tmp_path / "project", independent("1", "2"))
    # Without a remote nothing is fetched, so that all processes are those of the start.
    project.desk.git("remote", "remove", "origin")
    gitcoord("plan", cwd=project.desk.path, ok=0)
    return project.desk.path


@pytest.mark.parametrize(
    ("arguments", "also"),
    [
        (["--help"], {"rich", "hashlib"}),
        (["log"], {"rich", "hashlib", "gitcoord.evidence", "gitcoord.planning.wave_solver"}),
        (["status", "--json"], {"rich", "hashlib", "gitcoord.planning.wave_solver"}),
        (["next"], {"rich", "psutil", "ctypes", "gitcoord.landing", "gitcoord.planning.make_plan"}),
        (["status"], {"rich", "hashlib", "gitcoord.planning.wave_solver"}),
        (["plan", "--dry-run", "--json"], {"rich", "gitcoord.evidence"}),
        (["plan", "--dry-run"], {"rich", "gitcoord.evidence", "gitcoord.git.merge_tree"}),
    ],
)
def test_a_command_loads_nothing_that_it_does_not_use(
    place: Path, arguments: list[str], also: set[str]
) -> None:
    program = (
        "import sys; from gitcoord.cli.main import main; code = main(sys.argv[1:]);"
        f"sys.stderr.write(repr([int(code), sorted({ONLY_FOR_SOME | also!r} & set(sys.modules))]))"
    )
    command = [sys.executable, "-c", program, *arguments]
    piped = {name: value for name, value in os.environ.items() if name not in DRAWN}
    ended = subprocess.run(command, cwd=place, capture_output=True, text=True, env=piped)
    assert ended.stderr.endswith("[0, []]"), ended.stderr


@pytest.mark.parametrize(("arguments", "most"), [(["status"], 5), (["log"], 5), (["plan", "--dry-run"], 5)])
def test_a_command_starts_few_processes_of_git(
    place: Path, tmp_path: Path, arguments: list[str], most: int
) -> None:
    log = tmp_path / "asked"
    gitcoord(*arguments, cwd=place, env={"GITCOORD_LOG": str(log)}, ok=0)
    asked = log.read_text().splitlines()
    assert 0 < len(asked) <= most, asked


def test_the_interpreter_looks_through_nothing_when_it_ends(tmp_path: Path) -> None:
    program = (
        "import atexit, gc; atexit.register(lambda: print(gc.get_freeze_count() > 1000));"
        "from gitcoord.cli.main import run; run()"
    )
    command = [sys.executable, "-c", program, "--help"]
    environment = {**os.environ, "COLUMNS": "80"}
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ended.stdout.endswith("\nTrue\n"), ended.stdout
