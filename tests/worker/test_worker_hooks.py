"""The repository's own hooks see what workers commit and push, among the files of the branch."""

from pathlib import Path

import pytest

from tests.support.project import Project
from tests.support.tasklists import task
from tests.worker.test_worker import BRANCH, told
from tests.worker.test_worker_kept import shell


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.create(tmp_path / "project", [task(1)])


def hook(project: Project, name: str, script: str) -> None:
    file = project.desk.path / ".git/hooks" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def test_a_push_hook_sees_the_files_of_the_branch_that_is_pushed(project: Project) -> None:
    hook(project, "pre-push", "test ! -e bad || exit 1")
    shell(project, "touch bad; git add bad; git commit -qm Bad", ok=1)
    assert "The pre-push hook ended with code 1" in told(project)[-1]
    refused = project.run("submit", "1")
    assert (refused.code != 0, "The pre-push hook ended with code 1" in refused.err) == (True, True)
    shell(project, "git rm -q bad; git commit -qm Good; echo 1 > x")
    assert "x" in project.remote.files(BRANCH)


def test_a_commit_hook_sees_what_an_agent_left_unless_a_setting_says_no(project: Project) -> None:
    hook(project, "pre-commit", "test ! -e bad || { echo 'bad is there' >&2; exit 1; }")
    shell(project, "touch bad", ok=1)
    assert "what it left could not be committed: the pre-commit hook says: bad is there" in told(project)[-1]
    (project.desk.path / "gitcoord.toml").write_text("[run]\ncommit-hooks = false\n")
    assert "the repository's hooks were not asked" in shell(project, "true")
    assert "bad" in project.remote.files(BRANCH)


def test_a_hook_that_formats_is_asked_once_more(project: Project) -> None:
    hook(project, "pre-commit", "grep -q formatted x || { echo formatted > x; exit 1; }")
    shell(project, "echo 1 > x")
    assert project.remote.read(BRANCH, "x") == "formatted"


@pytest.mark.parametrize("name", ["pre-commit", "commit-msg", "pre-push"])
@pytest.mark.parametrize("by", ["worker", "run", "submit"])
def test_a_hook_that_refuses_is_named_with_its_last_words(project: Project, name: str, by: str) -> None:
    """On standard output as well, which git gives to the caller for pre-push."""
    token = f"ghp_{'a' * 36}"
    hook(project, name, f"seq 1000; echo; echo 'Say why {token}'; exit 3")
    if by == "submit":
        if name != "pre-push":
            return  # the hand-in of what somebody committed makes no commit
        project.desk.git("switch", "--quiet", "--create", BRANCH)
        (project.desk.path / "x").write_text("1\n")
        project.desk.git("add", "x")
        project.desk.git("commit", "--quiet", "--message", "Work")
        said = project.run("submit", "1").err
    else:
        arguments = ("worker", "1") if by == "worker" else ("run", "--yes", "--retries", "0")
        ended = project.run(*arguments, "--shell", "--agent", "echo 1 > x")
        said = f"{ended.err}{told(project)}"
    assert token not in said
    assert f"the {name} hook says: " in said.lower()
    assert "1000 Say why" in said
