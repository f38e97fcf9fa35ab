"""Shared refs over real repositories, and real processes that race for them."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from gitcoord.git.repository import Repository
from gitcoord.git.shared import SharedRefs
from tests.support.repos import Repo

STATE = "refs/gitcoord/"
ROOT = Path(__file__).parents[2]


def shared_of(repo: Repo) -> SharedRefs:
    """The shared refs as a worker in `repo` sees them, freshly read."""
    shared = SharedRefs(Repository.discover(repo.path), STATE)
    shared.refresh()
    return shared


def hook(repo: Repo, name: str, script: str) -> None:
    """Installs a hook of a repository."""
    git_dir = Path(repo.git("rev-parse", "--absolute-git-dir"))
    path = git_dir / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def race(module: str, calls: Sequence[Sequence[str]]) -> list[str]:
    """Runs `python -m module ARGUMENTS` for all calls at once; each one's stdout, and no failure allowed."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for arguments in calls
    ]
    said = [process.communicate() for process in processes]
    failed = [err for process, (_, err) in zip(processes, said, strict=True) if process.returncode]
    assert failed == []
    return [out.strip() for out, _ in said]
