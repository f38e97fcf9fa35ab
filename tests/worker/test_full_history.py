"""A shallow fetch of an agent does not cut off the history of the repository that all checkouts share."""

from pathlib import Path

import pytest

from gitcoord.git.locate_repository import locate
from gitcoord.worker.attempt.full_history import restore_history
from tests.support.project import Project
from tests.support.repos import Repo
from tests.support.tasklists import task
from tests.worker.test_outside import outside
from tests.worker.test_worker_kept import shell


def a_project(place: Path) -> Project:
    project = Project.create(place, [task(1), task(2)])
    for number in range(3):
        project.remote.commit({"old.txt": f"{number}\n"}, f"commit {number}")
    project.desk.git("pull", "--quiet")
    return project


@pytest.mark.parametrize(
    "command", ["fetch --quiet --depth 1 origin main", "pull --quiet --depth 1 origin main"]
)
def test_the_history_is_whole_again_after_an_agents_shallow_fetch(command: str, tmp_path: Path) -> None:
    project = a_project(tmp_path / "project")
    before = project.desk.git("log", "--format=%H")
    said = shell(project, f"git {command}; echo 1 > x")
    assert "a shallow fetch had cut off the repository's history; it was restored" in said
    assert project.desk.git("log", "--format=%H") == before
    assert not (project.desk.path / ".git/shallow").exists()
    assert ("configuration", "shallow", True) in outside(project)
    project.desk.git("fsck", "--connectivity-only")


def test_the_history_is_whole_again_where_the_agent_killed_its_worker(tmp_path: Path) -> None:
    project = a_project(tmp_path / "project")
    deed = "git fetch -q --depth 1 origin main; kill -9 $PPID"
    agent = f"test $GITCOORD_TASK_ID-$GITCOORD_ATTEMPT != 1-1 || {{ {deed}; }}; echo 1 > $GITCOORD_TASK_ID"
    project.run("run", "--shell", "--agent", agent, "--yes", ok=0)
    assert not (project.desk.path / ".git/shallow").exists()


def test_a_shallow_clone_keeps_the_boundaries_that_it_needs(tmp_path: Path) -> None:
    project = a_project(tmp_path / "project")
    clone = Repo(tmp_path / "clone")
    project.remote.git(
        "clone", "--quiet", "--depth", "2", "--", project.remote.path.as_uri(), str(clone.path)
    )
    boundaries = (clone.path / ".git/shallow").read_text()
    repository = locate(clone.path).open()
    assert not restore_history(repository.git, repository.common_dir)
    clone.git("fetch", "--quiet", "--depth", "1", "origin", "main")
    assert restore_history(repository.git, repository.common_dir)
    assert (clone.path / ".git/shallow").read_text() == boundaries
    assert clone.git("rev-list", "--count", "HEAD") == "2"
