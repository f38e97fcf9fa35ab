"""The repository's own hooks see what workers commit and push, among the files of the branch."""

import json
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
    assert "its changes could not be committed: the pre-commit hook says: bad is there" in told(project)[-1]
    (project.desk.path / "gitcoord.toml").write_text("[run]\ncommit-hooks = false\n")
    assert "the repository's hooks did not run" in shell(project, "true")
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


_RULE = "sed 1q \"$1\" | grep -q '^chore' || { echo 'the type is missing' >&2; exit 1; }"


def test_a_template_gives_what_was_left_the_message_that_a_rule_demands(tmp_path: Path) -> None:
    """The texts of the task list cannot add lines, mentions or terminal escapes to it."""
    parts = [{"id": 1, "title": "Part\n\nTrailer: no", "status": "pending"}]
    hostile = task(1, title="Do $base\n\nFixes #7\x1b[31m for @team")
    project = Project.create(tmp_path / "project", [hostile, task(2, subtasks=parts)])
    hook(project, "commit-msg", _RULE)
    shell(project, "echo 1 > x", ok=1)
    assert told(project)[-1].endswith("the commit-msg hook says: the type is missing")
    form = "chore($task): $title\n\nCosts: $$5, $level, $wave, $base, $branch\n"
    (project.desk.path / "gitcoord.toml").write_text(f"[run]\ncommit-message = {json.dumps(form)}\n")
    shell(project, "true")
    line = "Do $base Fixes #\u200b7 [31m for @\u200bteam"
    assert message(project, BRANCH) == f"chore(1): {line}\n\nCosts: $5, level-0, 1 of 1, main, {BRANCH}"
    shell(project, "echo 1 > y", "2.1")
    whole = "feature/level-0-task-2"
    tip = project.remote.git("log", "-1", "--no-merges", "--format=%s", whole)
    assert tip == "chore(2.1): Part Trailer: no"


def test_a_history_of_its_own_gets_the_message_of_the_template_too(project: Project) -> None:
    (project.desk.path / "gitcoord.toml").write_text('[run]\ncommit-message = "chore: $task"\n')
    shell(project, "git update-ref -d HEAD; echo 1 > x; git add x; git commit -qm x")
    assert message(project, BRANCH) == "chore: 1"


def message(project: Project, branch: str) -> str:
    return project.remote.git("log", "-1", "--format=%B", branch).strip()


def test_what_was_left_before_a_merge_gets_that_message_too_and_hooks_are_asked(tmp_path: Path) -> None:
    files = {"shared.txt": "free\n", "other.txt": "old\n"}
    project = Project.create(tmp_path / "project", [task(1), task(2)], files=files)
    settings = '[run]\nkeep-checkout = "always"\ncommit-message = "chore: $task"\n'
    (project.desk.path / "gitcoord.toml").write_text(settings)
    shell(project, "echo 2 > shared.txt", "2")
    (project.desk.path.parent / "desk.gitcoord/2/other.txt").write_text("new\n")
    project.worker("1").do({"shared.txt": "1\n"})
    project.run("merge-level", "0", ok=1)
    hook(
        project,
        "pre-commit",
        "git diff --cached --quiet other.txt || { echo 'other.txt is closed'; exit 1; }",
    )
    said = shell(project, "echo 12 > shared.txt", "2")
    assert "without the repository's hooks: the pre-commit hook says: other.txt is closed" in said
    theirs = project.remote.git("log", "--no-merges", "--format=%s", "feature/level-0-task-2", "^main")
    assert set(theirs.splitlines()) == {"chore: 2"}
    assert project.remote.read("feature/level-0-task-2", "other.txt") == "new"
