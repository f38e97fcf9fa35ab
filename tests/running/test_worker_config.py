"""What an agent writes into the repository's configuration is taken back; what others write stays."""

from pathlib import Path

import pytest

from tests.running.test_worker_kept import shell
from tests.support.project import Project
from tests.support.tasklists import task

CHANGES = (
    "git config core.hooksPath .husky",
    "git config user.name Agent",
    "git config core.bare true",
    "git config core.worktree /nowhere",
    "git remote set-url origin /nowhere",
    "git config --add remote.origin.fetch +refs/x:refs/x",
    "git remote add mine /elsewhere",
)


@pytest.mark.parametrize("strategy", ["multi-pr", "single-pr"])
def test_an_agents_changes_are_named_and_taken_back(tmp_path: Path, strategy: str) -> None:
    parts = [{"id": id, "title": f"Part {id}", "status": "pending"} for id in (1, 2)]
    project = Project.create(tmp_path / "project", [task(1), task(2, subtasks=parts)], strategy=strategy)
    before = project.desk.git("config", "--local", "--list")
    for unit, changes in (("1", CHANGES), ("2.1", ("git config --remove-section core",))):
        said = shell(project, f"echo 1 > {unit}; {'; '.join(changes)}", unit)
        assert f"attempt 1 at {unit} changed the repository's configuration; it is as it was again" in said
        keys = set(said.split("again: ")[1].splitlines()[0].split(", "))
        wanted = {"core.hookspath", "user.name", "core.bare", "core.worktree", "remote.origin.url"}
        assert wanted <= keys if unit == "1" else "core.bare" in keys
        assert sorted(project.desk.git("config", "--local", "--list").split("\n")) == sorted(
            before.split("\n")
        )
    assert not list((project.desk.path / ".git/gitcoord").glob("*/*/git-trace"))


def test_what_somebody_else_changes_meanwhile_stays(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", [task(1)])
    # Not through the attempt's environment: it is the user's own git.
    own = f"env -u GIT_TRACE2_EVENT git -C {project.desk.path} config user.email me@example.com"
    said = shell(project, f"echo 1 > x; git config user.name Agent; {own}")
    assert "changed meanwhile, and stays so: user.email" in said
    assert project.desk.git("config", "--local", "user.email") == "me@example.com"
