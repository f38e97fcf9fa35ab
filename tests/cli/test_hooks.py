"""Hooks: what they answer to an agent's own JSON and to git."""

import json
from pathlib import Path

import pytest

from tests.cli.hook_shell import OTHER, OWN, commit, install, make_project
from tests.support.cli import Ran, gitcoord
from tests.support.project import Project
from tests.support.repos import Repo
from tests.support.tasklists import task


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "project")


def told(cwd: Path, path: str, tool: str = "Edit", **more: str) -> str:
    """What Claude Code writes to a PreToolUse hook."""
    return json.dumps(
        {
            "session_id": "eb5b0174-0555-4601-804e-672d68069c89",
            "transcript_path": "/home/me/.claude/projects/x/eb5b0174.jsonl",
            "cwd": str(cwd),
            "permission_mode": "acceptEdits",
            "hook_event_name": "PreToolUse",
            "tool_name": tool,
            "tool_input": {"file_path": path, "old_string": "1", "new_string": "2", **more},
            "tool_use_id": "toolu_01ABC123",
        }
    )


def ask(cwd: Path, input: str, hook: str = "claude") -> Ran:
    return gitcoord("check-file", "--hook", hook, cwd=cwd, input=input)


def edit(project: Project, path: str, cwd: Path | None = None) -> Ran:
    cwd = cwd or project.desk.path
    ran = ask(cwd, told(cwd, path))
    assert ran == ask(cwd, told(cwd, path)), "the quick answer is another one"
    return ran


ALLOWED = (0, "", "")


def test_the_own_file_is_let_through(project: Project) -> None:
    assert edit(project, str(project.desk.path / OWN)) == Ran(*ALLOWED)


def test_another_tasks_file_is_blocked_and_who_is_at_it_said(project: Project) -> None:
    ran = edit(project, str(project.desk.path / OTHER))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines()[:2] == [
        "gitcoord: Another task changes this file.",
        "  src/other.rs: task 2 (Task 2) on feature/level-0-task-2, line 2",
    ]


def test_what_lies_outside_is_let_through(project: Project, tmp_path: Path) -> None:
    assert edit(project, "/etc/hosts") == Ran(*ALLOWED)
    elsewhere = Repo.create(tmp_path / "elsewhere")
    elsewhere.commit({OTHER: "x\n"})
    assert edit(project, str(elsewhere.path / OTHER)) == Ran(*ALLOWED)


def test_a_new_file_is_let_through_and_one_in_new_directories_too(project: Project) -> None:
    assert edit(project, str(project.desk.path / "src/new.rs")) == Ran(*ALLOWED)
    assert edit(project, str(project.desk.path / "new/much/deeper.rs")) == Ran(*ALLOWED)


def test_an_empty_path_is_let_through_in_a_hook_and_an_error_by_hand(project: Project) -> None:
    assert edit(project, "") == Ran(*ALLOWED)
    by_hand = project.run("check-file", "")
    assert (by_hand.code, "An empty PATH names no file." in by_hand.err) == (2, True)
    assert project.run("check-file", OWN, "").code == 2
    assert project.run("check-file").code == 2
    assert project.run("check-file", "--hook", "claude", OWN).code == 2


def test_a_path_in_another_worktree_means_the_file_there(project: Project, tmp_path: Path) -> None:
    second, third = tmp_path / "second", tmp_path / "third"
    project.run("checkout", "2", "--worktree", str(second), ok=0)
    project.desk.git("worktree", "add", "--quiet", "--detach", str(third), "main")
    # Task 1 works at the desk: its own file is its own in each tree, the other's in none.
    for tree in (second, third):
        assert edit(project, str(tree / OWN)).code == 0
        assert edit(project, str(tree / OTHER)).code == 2
        assert project.run("check-file", str(tree / OTHER)).code == 1
    # Where no task is checked out, the file's own tree says whose it is.
    assert edit(project, str(second / OTHER), cwd=third).code == 0
    assert edit(project, str(second / OWN), cwd=third).code == 2
    assert edit(project, str(second / OTHER), cwd=tmp_path).code == 0


def test_the_own_file_is_let_through_in_a_rebase_and_a_bisection(project: Project) -> None:
    git = project.desk.git
    git("fetch", "--quiet")
    git("reset", "--quiet", "--hard", "origin/feature/level-0-task-1")
    for command in (("rebase", "--quiet", "--exec", "false", "main"), ("bisect", "start", "HEAD", "HEAD~1")):
        git(*command, ok=(0, 1))
        if command[0] == "bisect":
            git("checkout", "--quiet", "--detach")
        assert git("rev-parse", "--abbrev-ref", "HEAD") == "HEAD"
        assert edit(project, str(project.desk.path / OWN)) == Ran(*ALLOWED), command
        assert edit(project, str(project.desk.path / OTHER)).code == 2, command
        git(command[0], "--abort" if command[0] == "rebase" else "reset")


def test_an_agent_on_a_branch_of_its_own_is_known_by_what_its_worker_gave_it(project: Project) -> None:
    project.desk.git("checkout", "--quiet", "--detach", "main")
    for given, path, code in (("1", OWN, 0), ("1", OTHER, 2), ("2", OTHER, 0), ("", OWN, 2)):
        asked = told(project.desk.path, str(project.desk.path / path))
        env = {"GITCOORD_TASK_ID": given}
        ran = gitcoord("check-file", "--hook", "claude", cwd=project.desk.path, input=asked, env=env)
        assert ran.code == code, (given, path)


def test_what_other_subtasks_did_is_the_own_tasks_work(tmp_path: Path) -> None:
    parts = [{"id": 1, "title": "One", "status": "pending"}, {"id": 2, "title": "Two", "status": "pending"}]
    made = Project.create(
        tmp_path / "project", [task(1, subtasks=parts), task(2)], files={OWN: "1\n", OTHER: "1\n"}
    )
    made.work("1", {OWN: "1!\n"})
    made.work("2", {OTHER: "2!\n"})
    made.run("check-file", "--fetch", OWN, ok=1)
    made.run("checkout", "1.1", ok=0)
    assert made.desk.git("symbolic-ref", "--short", "HEAD") == "feature/level-0-task-1-subtask-1"
    assert edit(made, str(made.desk.path / OWN)).code == 0
    assert edit(made, str(made.desk.path / OTHER)).code == 2


@pytest.mark.parametrize("remote", [True, False])
def test_without_a_plan_everything_is_let_through(tmp_path: Path, remote: bool) -> None:
    desk = Repo.pair(tmp_path, {OTHER: "x\n"})[1] if remote else Repo.create(tmp_path / "alone")
    for _ in range(2):
        assert ask(desk.path, told(desk.path, str(desk.path / OTHER))) == Ran(*ALLOWED)
    by_hand = gitcoord("check-file", OTHER, cwd=desk.path)
    assert (by_hand.code, "gitcoord plan" in by_hand.err) == (2, True)


def test_without_a_repository_everything_is_let_through(tmp_path: Path) -> None:
    assert ask(tmp_path, told(tmp_path, str(tmp_path / OTHER))) == Ran(*ALLOWED)


def test_what_cannot_be_found_out_is_said_and_let_through(project: Project) -> None:
    (project.desk.path / "gitcoord.toml").write_text("speed = 3\n")
    project.remote.commit({"x": "y\n"}, branch="feature/level-0-task-9")
    project.desk.git("update-ref", "refs/heads/moved", "HEAD")
    ran = ask(project.desk.path, told(project.desk.path, str(project.desk.path / OTHER)))
    assert (ran.code, "Nothing was checked" in ran.err) == (0, True)
    for input in ("", "no json", "[]", "{}", '{"tool_input": 3}'):
        ran = ask(project.desk.path, input)
        assert (ran.code, "is not claude's hook JSON" in ran.err) == (0, True)
    for path in ("a\0b", "\udcff", "\ud800"):
        assert ask(project.desk.path, told(project.desk.path, path)).code == 0


def test_codex_patches_are_looked_through(project: Project) -> None:
    def patched(*lines: str) -> Ran:
        command = "\n".join(["*** Begin Patch", *lines, "*** End Patch"])
        whole = json.loads(told(project.desk.path, "", tool="apply_patch"))
        whole["tool_input"] = {"command": command}
        return ask(project.desk.path, json.dumps(whole), "codex")

    assert patched(f"*** Update File: {OWN}", "@@", "-1", "+2").code == 0
    assert patched(f"*** Update File: {OWN}", "@@", f"+*** Update File: {OTHER}").code == 0
    for line in ("Update File", "Delete File", "Add File"):
        ran = patched(f"*** Update File: {OWN}", "@@", f"*** {line}: {OTHER}")
        assert (ran.code, "task 2" in ran.err) == (2, True)
    assert patched(f"*** Update File: {OWN}", f"*** Move to: {OTHER}").code == 2


def test_git_commits_what_is_ones_own_and_not_what_is_another_tasks(project: Project) -> None:
    assert install(project, "git").code == 0
    assert commit(project.desk, OWN) == 0
    assert commit(project.desk, OTHER) == 1
    assert commit(project.desk, OTHER, "-a", "--no-verify") == 0
    assert commit(project.desk, OWN, OWN) == 0
    # A merge brings in what others did: only what is changed in merging is one's own.
    project.remote.commit({OTHER: "main\n"}, at="main")
    project.desk.git("fetch", "--quiet", "origin")
    project.desk.git("reset", "--quiet", "--hard", "HEAD~2")
    project.desk.git("merge", "--quiet", "--no-commit", "--no-ff", "origin/main")
    assert commit(project.desk, OWN) == 0
    assert install(project, "git", "--uninstall").code == 0
    assert commit(project.desk, OTHER) == 0
