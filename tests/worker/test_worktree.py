"""`gitcoord checkout --worktree`: a place of its own for every task."""

import shutil
from pathlib import Path

import pytest

from tests.support.copies import copy_of
from tests.support.project import Project, independent
from tests.support.repos import Repo

BRANCH = "feature/level-0-task-1"


@pytest.fixture
def project(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    def make(place: Path) -> Project:
        return Project.create(place, independent("1", "2"))

    return copy_of("worktree", make, tmp_path / "world", tmp_path_factory)


def test_a_worktree_is_made_and_the_working_copy_here_stays_where_it_is(
    project: Project, tmp_path: Path
) -> None:
    place = tmp_path / "a place with spaces"
    (project.desk.path / "src" / "main.rs").write_text("half done\n")
    taken = project.run("checkout", "1", "--worktree", str(place), "--json", ok=0).json
    assert Path(taken["directory"]) == place
    assert Repo(place).git("symbolic-ref", "HEAD") == f"refs/heads/{BRANCH}"
    assert project.desk.git("symbolic-ref", "HEAD") == "refs/heads/main"
    assert (project.desk.path / "src" / "main.rs").read_text() == "half done\n"


def test_a_relative_worktree_is_beside_the_caller(project: Project) -> None:
    project.run("checkout", "1", "--worktree", "../tree", ok=0)
    assert (project.desk.path.parent / "tree" / "README.md").parent.is_dir()


def test_a_worktree_is_resumed_with_what_lies_in_it(project: Project, tmp_path: Path) -> None:
    place = tmp_path / "tree"
    for _ in range(2):
        project.run("checkout", "1", "--worktree", str(place), ok=0)
        (place / "half.txt").write_text("half done\n")
    assert (place / "half.txt").read_text() == "half done\n"


def test_a_worktree_reached_through_a_symbolic_link_is_the_same_one(project: Project, tmp_path: Path) -> None:
    project.run("checkout", "1", "--worktree", str(tmp_path / "tree"), ok=0)
    (tmp_path / "link").symlink_to(tmp_path / "tree")
    project.run("checkout", "1", "--worktree", str(tmp_path / "link"), ok=0)


def test_a_worktree_whose_directory_was_deleted_is_made_again(project: Project, tmp_path: Path) -> None:
    place = tmp_path / "tree"
    project.run("checkout", "1", "--worktree", str(place), ok=0)
    shutil.rmtree(place)
    project.run("checkout", "1", "--worktree", str(place), ok=0)
    assert Repo(place).git("symbolic-ref", "HEAD") == f"refs/heads/{BRANCH}"


def test_a_directory_with_something_in_it_is_refused_and_left_alone(project: Project, tmp_path: Path) -> None:
    place = tmp_path / "tree"
    place.mkdir()
    (place / "mine.txt").write_text("mine\n")
    refused = project.run("checkout", "1", "--worktree", str(place), "--json", ok=1)
    assert refused.json["code"] == "worktree-failed"
    assert str(place) in refused.json["message"]
    assert [file.name for file in place.iterdir()] == ["mine.txt"]
    assert project.desk.find(f"refs/heads/{BRANCH}") is None


def test_a_branch_that_is_checked_out_elsewhere_is_not_taken_away(project: Project, tmp_path: Path) -> None:
    place = tmp_path / "tree"
    project.run("checkout", "1", "--worktree", str(place), ok=0)
    for arguments in (["1"], ["1", "--worktree", str(tmp_path / "other")]):
        refused = project.run("checkout", "--json", *arguments, ok=1)
        assert refused.json["code"] == "in-use"
        assert str(place) in refused.json["message"]


def test_submit_hands_in_from_the_worktree(project: Project, tmp_path: Path) -> None:
    place = tmp_path / "tree"
    project.run("checkout", "1", "--worktree", str(place), ok=0)
    commit = Repo(place).commit({"one.txt": "1\n"}, branch=BRANCH)
    (place / "late.txt").write_text("late\n")
    refused = project.run("submit", "1", "--json", ok=1)
    assert refused.json["code"] == "unclean", "the worktree of the task counts, wherever submit is run"
    assert "late.txt" in refused.json["message"]
    (place / "late.txt").unlink()
    project.run("submit", "1", ok=0)
    assert project.remote.tip(BRANCH) == commit


def test_a_bare_repository_can_give_out_worktrees(project: Project, tmp_path: Path) -> None:
    bare = Repo(tmp_path / "bare.git")
    project.remote.git("clone", "--quiet", "--bare", project.remote.path.as_uri(), str(bare.path))
    from tests.support.cli import gitcoord

    assert gitcoord("checkout", "1", cwd=bare.path, ok=3).err.startswith("gitcoord: ")
    place = tmp_path / "tree"
    gitcoord("checkout", "1", "--worktree", str(place), cwd=bare.path, ok=0)
    assert Repo(place).git("symbolic-ref", "HEAD") == f"refs/heads/{BRANCH}"
