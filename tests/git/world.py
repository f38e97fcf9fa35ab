"""Shared refs over real repositories, and real processes that race for them."""

import os
from collections.abc import Sequence
from pathlib import Path

from gitcoord.git.locate_repository import locate
from gitcoord.git.remote_refs import SharedRefs
from tests.support.forks import Fork
from tests.support.repos import Repo

STATE = "refs/gitcoord/"
ROOT = Path(__file__).parents[2]


def shared_of(repo: Repo) -> SharedRefs:
    """The shared refs as a worker in `repo` sees them, freshly read."""
    shared = SharedRefs(locate(repo.path).open(), STATE)
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
    """Runs the `main` of a module for all calls at once; each one's stdout, and no failure allowed."""
    processes = [Fork(arguments, cwd=ROOT, env=os.environ, module=module) for arguments in calls]
    ended = [process.end() for process in processes]
    assert [err.decode() for code, _, err in ended if code] == []
    return [out.decode().strip() for _, out, _ in ended]
