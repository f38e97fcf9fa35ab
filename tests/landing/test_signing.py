"""Commits that gitcoord makes are signed where git is told to sign; a signer that fails is found first."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.project import Project, independent
from tests.support.repos import Repo

LINES = "".join(f"line {number}\n" for number in range(1, 41))


def told_to_sign(repo: Repo, key: Path) -> None:
    repo.git("config", "gpg.format", "ssh")
    repo.git("config", "user.signingKey", str(key))
    repo.git("config", "commit.gpgSign", "true")


def a_key(place: Path) -> Path:
    if shutil.which("ssh-keygen") is None:
        pytest.skip("there is no ssh-keygen")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(place)], check=True)
    return place


def unsigned(repo: Repo, *revisions: str) -> list[str]:
    """The subjects of commits that hold no signature; those that plain git made here never do."""
    commits = repo.git("rev-list", *revisions).split()
    subjects = {commit: repo.git("log", "-1", "--format=%s", commit) for commit in commits}
    bare = [one for one in commits if "\ngpgsig " not in repo.git("cat-file", "commit", one)]
    return [subjects[one] for one in bare if not subjects[one].startswith(("Do task", "first commit"))]


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_updates_merges_and_rollbacks_are_signed_and_the_journal_is_not(method: str, tmp_path: Path) -> None:
    project = Project.create(tmp_path, independent("1", "2"), files={"lines": LINES})
    told_to_sign(project.desk, a_key(tmp_path / "key"))
    project.work("1", {"lines": LINES.replace("line 2\n", "two\n")})
    project.work("2", {"lines": LINES.replace("line 30\n", "thirty\n")})
    more = () if method == "rebase" else ("--serialize-on", "overlap")
    project.run("merge-level", *more, "--method", method, ok=0)
    project.run("rollback", "level-0", ok=0)
    assert unsigned(project.remote, "main", "feature/level-0-task-2") == []
    assert "updated from the base" in project.run("log").out or method == "rebase"
    assert unsigned(project.remote, "refs/gitcoord/tasks/1") != []
    assert project.run("doctor").out.count("signing: Git signs commits") == 1


def test_folds_and_work_that_is_brought_back_are_signed(tmp_path: Path) -> None:
    project = Project.create(tmp_path, independent("1", "2"), strategy="single-pr")
    key = a_key(tmp_path / "key")
    told_to_sign(project.desk, key)
    worker = project.worker("1")
    told_to_sign(worker.repo, key)
    assert worker.do({"1.txt": "1\n"}).code == 0
    assert unsigned(project.remote, "feature/level-0-implementation", "^main") == []
    project.work("2", {"2.txt": "2\n"})
    project.run("merge-level", ok=0)
    project.run("rollback", "level-0", ok=0)
    project.run("checkout", "1", ok=0)
    assert unsigned(project.remote, "main") == []
    assert unsigned(project.desk, "feature/level-0-task-1") == []


def test_a_signer_that_fails_is_found_before_anything_is_done(tmp_path: Path) -> None:
    project = Project.create(tmp_path, independent("1"))
    project.work("1", {"1.txt": "1\n"})
    told_to_sign(project.desk, tmp_path / "no such key")
    before = project.remote.refs()
    for command in (("merge-level",), ("run", "--agent", "true", "--yes"), ("rollback", "level-0")):
        ran = project.run(*command)
        assert (ran.code, "Git is configured to sign commits (commit.gpgSign)" in ran.err) == (3, True)
    assert "FAILED   signing" in project.run("doctor").out
    assert project.run("merge-level", "--dry-run", ok=0).out.count("merge ") == 1
    assert project.remote.refs() == before
