"""Moving a branch that is checked out here: the files follow, and nothing that lies there is lost."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gitcoord.errors import Exit, GitcoordError
from gitcoord.git.remote_refs import HEADS, RefUpdate
from gitcoord.git.worktree_sync import WorktreeSync
from tests.git.world import ROOT, shared_of
from tests.support.repos import Repo

MAIN = HEADS + "main"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.create(tmp_path / "alone")
    repo.commit({"kept.txt": "old\n", "gone.txt": "gone\n", "other.txt": "other\n"})
    return repo


@pytest.fixture
def new(repo: Repo) -> str:
    """A commit on top of main that changes, adds and deletes files."""
    return repo.commit({"kept.txt": "new\n", "gone.txt": None, "added.txt": "added\n"}, branch="next")


def move(repo: Repo, new: str) -> bool:
    return shared_of(repo).publish([RefUpdate(MAIN, repo.tip("main"), new)])


def status(repo: Repo) -> list[str]:
    return repo.git("status", "--porcelain").splitlines()


def test_a_clean_tree_moves_along(repo: Repo, new: str) -> None:
    assert move(repo, new)
    assert repo.tip("main") == new
    assert status(repo) == []
    assert (repo.path / "kept.txt").read_text() == "new\n"
    assert (repo.path / "added.txt").exists()
    assert not (repo.path / "gone.txt").exists()


def test_unrelated_changes_and_files_are_kept(repo: Repo, new: str) -> None:
    (repo.path / "other.txt").write_text("mine\n")
    (repo.path / "untracked.txt").write_text("mine\n")
    (repo.path / "staged.txt").write_text("mine\n")
    repo.git("add", "staged.txt")
    assert move(repo, new)
    assert status(repo) == ["M  other.txt", "A  staged.txt", "?? untracked.txt"] or status(repo) == [
        " M other.txt",
        "A  staged.txt",
        "?? untracked.txt",
    ]
    assert (repo.path / "other.txt").read_text() == "mine\n"


@pytest.mark.parametrize(
    ("path", "staged"),
    [("kept.txt", False), ("kept.txt", True), ("gone.txt", False), ("added.txt", False), ("added.txt", True)],
)
def test_changes_in_the_way_stop_the_move_and_nothing_changes(
    repo: Repo, new: str, path: str, staged: bool
) -> None:
    (repo.path / path).write_text("mine\n")
    if staged:
        repo.git("add", path)
    before, tip = status(repo), repo.tip("main")
    with pytest.raises(
        GitcoordError, match=f"main is checked out in .*alone with changes in the way.*{path}"
    ) as no:
        move(repo, new)
    assert (no.value.code, no.value.exit) == ("worktree-in-the-way", Exit.NO)
    assert repo.tip("main") == tip
    assert status(repo) == before
    assert (repo.path / path).read_text() == "mine\n"


def test_a_file_that_was_only_touched_is_not_in_the_way(repo: Repo, new: str) -> None:
    os.utime(repo.path / "kept.txt", (1, 1))
    assert move(repo, new)
    assert status(repo) == []


def test_when_the_ref_does_not_move_the_files_come_back(repo: Repo, new: str) -> None:
    elsewhere = repo.commit({"else.txt": "x"}, branch="elsewhere", at="main")
    assert not shared_of(repo).publish(
        [RefUpdate(MAIN, repo.tip("main"), new), RefUpdate(HEADS + "elsewhere", new, new)]
    )
    assert status(repo) == []
    assert (repo.path / "gone.txt").exists()
    assert repo.tip("elsewhere") == elsewhere


def test_two_worktrees_move_together_or_not_at_all(repo: Repo, new: str, tmp_path: Path) -> None:
    repo.branch("side")
    repo.git("worktree", "add", "--quiet", str(tmp_path / "side"), "side")
    (tmp_path / "side" / "kept.txt").write_text("mine\n")
    old = repo.tip("main")
    moves = [RefUpdate(MAIN, old, new), RefUpdate(HEADS + "side", old, new)]
    with pytest.raises(GitcoordError, match="side is checked out in"):
        shared_of(repo).publish(moves)
    assert status(repo) == []
    assert (repo.path / "kept.txt").read_text() == "old\n"
    (tmp_path / "side" / "kept.txt").write_text("old\n")
    assert shared_of(repo).publish(moves)
    assert (tmp_path / "side" / "kept.txt").read_text() == "new\n"
    assert status(repo) == []


def test_a_worktree_whose_directory_is_gone_is_no_obstacle(repo: Repo, new: str, tmp_path: Path) -> None:
    repo.branch("side")
    repo.git("worktree", "add", "--quiet", str(tmp_path / "side"), "side")
    (tmp_path / "side").rename(tmp_path / "moved-away")
    assert shared_of(repo).publish([RefUpdate(HEADS + "side", repo.tip("main"), new)])


def test_a_run_that_was_killed_between_files_and_ref_repeats_harmlessly(repo: Repo, new: str) -> None:
    killed = (
        "import os, signal, sys; from pathlib import Path;"
        "from gitcoord.git.git_cli import Git; from gitcoord.git.worktree_sync import WorktreeSync;"
        "WorktreeSync(Git(Path(sys.argv[1])), [('refs/heads/main', sys.argv[2], sys.argv[3])]).__enter__();"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    argv = [sys.executable, "-c", killed, str(repo.path), repo.tip("main"), new]
    assert subprocess.run(argv, cwd=ROOT).returncode == -9
    assert (repo.path / "added.txt").exists()
    assert repo.tip("main") != new
    assert move(repo, new)
    assert repo.tip("main") == new
    assert status(repo) == []


def test_a_locked_index_is_told_from_changes_in_the_way(repo: Repo, new: str) -> None:
    (repo.path / ".git/index.lock").touch()
    with pytest.raises(GitcoordError, match="its index is locked") as failure:
        move(repo, new)
    assert failure.value.exit == Exit.REFUSED
    (repo.path / ".git/index.lock").unlink()
    assert status(repo) == []


def test_the_environment_of_a_calling_hook_does_not_lead_astray(
    repo: Repo, new: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Repo.create(tmp_path / "other")
    other.commit({"kept.txt": "theirs\n"})
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.path / ".git/index"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.path))
    assert move(repo, new)
    assert (repo.path / "kept.txt").read_text() == "new\n"
    assert (other.path / "kept.txt").read_text() == "theirs\n"
    assert status(other) == []


def test_nothing_happens_without_branches(repo: Repo) -> None:
    with WorktreeSync(shared_of(repo).git, [("refs/gitcoord/plan", None, repo.tip("main"))]) as moving:
        moving.keep()
    assert status(repo) == []
