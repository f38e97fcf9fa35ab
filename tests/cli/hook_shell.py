"""A project of two tasks at whose files agents and git ask who else is there."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.cli import Ran
from tests.support.project import Project, independent
from tests.support.repos import Repo

CLAUDE = "gitcoord check-file --hook claude"
OWN, OTHER = "src/own.rs", "src/other.rs"


def make_project(path: Path) -> Project:
    """Task 1 changes `OWN`, task 2 `OTHER`; task 1 is checked out at the desk."""
    made = Project.create(
        path,
        independent("1", "2"),
        files={OWN: "1\n2\n", OTHER: "1\n2\n", ".gitignore": ".taskmaster\n"},
    )
    made.run("checkout", "1", ok=0)
    for id, file in (("1", OWN), ("2", OTHER)):
        made.work(id, {file: f"1\n{id}!\n"})
    made.run("check-file", "--fetch", OTHER, ok=1)
    return made


def install(project: Project, program: str, *options: str) -> Ran:
    return project.run("hooks", "install", program, *options)


def commit(repo: Repo, path: str, *options: str) -> int:
    target = repo.path / path
    target.write_text(target.read_text() + "more\n")
    scripts = Path(sys.executable).parent
    env = {**repo.environment, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}
    asked = ["git", "commit", "--quiet", "-m", "x", *(options or ("-a",))]
    return subprocess.run(asked, cwd=repo.path, env=env, capture_output=True).returncode
