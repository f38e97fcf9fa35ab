"""The removal of a checkout, which its worker and the run may ask for at the same time."""

import os
import shutil
from pathlib import Path

import pytest

from gitcoord.errors import GitcoordError
from gitcoord.git.locate_repository import locate
from gitcoord.worker.attempt.agent_checkout import remove
from tests.support.repos import Repo

_SCRIPT = """#!/bin/sh
case " $* " in
*" --absolute-git-dir "*) {act};;
esac
exec "{git}" "$@"
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    repo = Repo.create(tmp_path / "repo")
    repo.commit({"a.txt": "a\n"})
    repo.git("worktree", "add", "--quiet", "-b", "task", str(tmp_path / "checkout"))
    return tmp_path / "checkout"


def acting_git(directory: Path, act: str) -> str:
    """A PATH with a git that acts first when somebody asks for the directory of a working tree."""
    directory.mkdir()
    script = directory / "git"
    script.write_text(_SCRIPT.format(act=act, git=shutil.which("git")))
    script.chmod(0o755)
    return f"{directory}{os.pathsep}{os.environ['PATH']}"


def test_a_checkout_that_somebody_else_removes_meanwhile_is_gone(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = locate(tmp_path / "repo").open()
    monkeypatch.setenv("PATH", acting_git(tmp_path / "bin", f'rm -rf "{checkout}"'))
    assert remove(repository, checkout) == ()
    assert not checkout.exists()


def test_a_checkout_whose_state_cannot_be_read_stays(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = locate(tmp_path / "repo").open()
    monkeypatch.setenv("PATH", acting_git(tmp_path / "bin", "echo fatal: no >&2; exit 128"))
    with pytest.raises(GitcoordError):
        remove(repository, checkout)
    assert (checkout / "a.txt").exists()
