"""An agent that deletes what gitcoord keeps in the git directory, or what it works on."""

from pathlib import Path

import pytest

from tests.support.cli import gitcoord
from tests.support.misdeeds import MISDEEDS
from tests.support.project import Project
from tests.support.repos import Repo
from tests.support.tasklists import task, write_tasks
from tests.worker.test_worker_kept import shell

PARTS = [{"id": id, "title": f"Part {id}", "status": "pending"} for id in (1, 2)]


@pytest.mark.parametrize("unit", ["1", "2.1"])
def test_an_agent_that_deletes_gitcoords_own_files_is_no_bug(tmp_path: Path, unit: str) -> None:
    project = Project.create(tmp_path / "project", [task(1), task(2, subtasks=PARTS)])
    delete = 'rm -rf "$(git rev-parse --git-common-dir)/gitcoord"'
    listed = "git for-each-ref --format='delete %(refname)' refs/gitcoord refs/gitcoord-mirror"
    refs = f"{listed} | git update-ref --stdin"
    said = shell(project, f"echo 1 > work; {refs}; {delete}", unit)
    assert "a bug in gitcoord" not in said
    assert "work" in project.remote.files(f"feature/level-0-task-{unit[0]}")


def test_gitcoords_own_files_may_be_deleted_while_an_attempt_is_claimed(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", [task(1)])
    hook, own = project.remote.path / "hooks/pre-receive", project.desk.path / ".git/gitcoord"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\nrm -rf {own}; rm $0\n")
    hook.chmod(0o755)
    shell(project, "echo 1 > work")
    assert not hook.exists()
    assert "work" in project.remote.files("feature/level-0-task-1")
    assert (own / "run/1-1/worker.json").exists()


@pytest.mark.parametrize("command", ["worker", "run"])
@pytest.mark.parametrize(
    "deed", ["plan removed", "state removed", "base removed", "branch gone", "HEAD gone"]
)
def test_what_it_deletes_comes_back_where_there_is_no_remote(tmp_path: Path, deed: str, command: str) -> None:
    repo = Repo.create(tmp_path / "desk")
    repo.commit({".gitignore": ".taskmaster\n"})
    write_tasks(repo.path, [task(1)])
    gitcoord("plan", "--strategy", "multi-pr", cwd=repo.path, ok=0)
    first = repo.tip("main")
    commit = "echo 1 > work; git add work; git commit -qm Work"
    deeds = {**MISDEEDS, "base removed": "git update-ref -d refs/heads/main"}
    script = deeds[deed].replace("commit {t}", commit)
    arguments = ("worker", "1") if command == "worker" else ("run", "--yes", "--retries", "0")
    ended = gitcoord(*arguments, "--shell", "--agent", f"echo 1 > work; {script}", cwd=repo.path)
    assert ended.code == 0, ended.err
    assert (repo.tip("main"), repo.read("feature/level-0-task-1", "work")) == (first, "1")
    told = gitcoord("logs", "1", cwd=repo.path, ok=0).out
    repaired = {
        "branch gone": " was deleted while it was checked out, and is at ",
        "HEAD gone": "HEAD was deleted in the checkout, and is on feature/level-0-task-1 again",
    }
    assert repaired.get(deed, "restored refs that were deleted while the command ran: ") in told
    events = gitcoord("log", "--json", cwd=repo.path, ok=0).json["events"]
    assert {"started", "attempt-started", "submitted", "attempt-ended"} <= {one["event"] for one in events}


def test_locks_and_hidden_files_are_found_where_an_agent_leaves_them(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", [task(1)])
    common = project.desk.path / ".git"
    hide = "git update-index --assume-unchanged src/main.rs; echo 1 >> src/main.rs"
    locks = f"touch {common}/config.lock; touch -d @9 {common}/packed-refs.lock; git config user.name Agent"
    said = shell(project, f"git config core.editor x; {hide}; {locks} || true")
    assert "left in the repository: config, packed-refs" in said
    assert "it was restored: core.editor" in said
    assert "git reads them again: src/main.rs" in said
    assert project.remote.read("feature/level-0-task-1", "src/main.rs").endswith("1")


@pytest.mark.parametrize("option", ["--assume-unchanged", "--skip-worktree"])
def test_hidden_changes_are_handed_in_although_locks_and_a_lost_head_are_in_the_way(
    tmp_path: Path, option: str
) -> None:
    project = Project.create(tmp_path / "project", [task(1)])
    hide = f"git update-index {option} src/main.rs; echo 1 >> src/main.rs; git checkout -q --detach"
    said = shell(
        project, f"{hide}; touch $(git rev-parse --git-dir)/index.lock; git update-ref -d HEAD || true"
    )
    assert "git reads them again: src/main.rs" in said
    assert project.remote.read("feature/level-0-task-1", "src/main.rs").endswith("1")


def test_what_a_killed_attempt_changed_is_put_back_by_the_next(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", [task(1), task(2)])
    hide = "git update-index --assume-unchanged src/main.rs; echo 1 >> src/main.rs"
    shell(project, f"{hide}; git config commit.gpgsign true; kill -9 $PPID; sleep 1", ok=-9)
    said = shell(project, "echo 1 > work", "2")
    assert "1-1 was killed; restored the configuration that its agent changed: commit.gpgsign" in said
    assert "git reads them again: src/main.rs" in shell(project, "true")
    assert project.remote.read("feature/level-0-task-1", "src/main.rs").endswith("1")


def test_a_run_does_not_lose_sight_of_agents_that_remove_its_records(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", [task(1), task(2)])
    # The end of the second makes the run look at the first.
    second = f"while [ ! -e {tmp_path}/removed ]; do sleep 0.1; done; sleep 1"
    remove = f"rm -rf {project.desk.path}/.git/gitcoord; touch {tmp_path}/removed; sleep 6"
    first = f"if [ $GITCOORD_ATTEMPT = 1 ]; then {remove}; fi"
    agent = f"if [ $GITCOORD_TASK_ID = 2 ]; then {second}; else {first}; fi; echo 1 > work"
    ended = project.run("run", "--yes", "--shell", "--agent", agent)
    assert (ended.code, "not from this clone" in ended.out) == (0, False), ended.err
    assert "work" in project.remote.files("feature/level-0-task-1")


@pytest.mark.parametrize("command", ["worker", "run"])
@pytest.mark.parametrize("part", ["objects", "HEAD", "refs"])
def test_a_part_of_the_repository_that_is_gone_is_named_and_the_work_stays(
    tmp_path: Path, part: str, command: str
) -> None:
    project = Project.create(tmp_path / "project", [task(1)])
    common = project.desk.path / ".git"
    arguments = ("worker", "1") if command == "worker" else ("run", "--yes", "--retries", "0")
    ended = project.run(*arguments, "--shell", "--agent", f"echo 1 > work; rm -rf {common}/{part}", ok=3)
    named = f"The repository at {common} is damaged: {part} is gone"
    assert named in " ".join(ended.err.split())
    assert (tmp_path / "project/desk.gitcoord/1/work").exists()
    assert named in project.run("status", ok=3).err


def test_a_worker_that_dies_after_its_records_were_removed_is_not_taken_for_another_machines(
    tmp_path: Path,
) -> None:
    project = Project.create(tmp_path / "project", [task(1)])
    deed = f"rm -rf {project.desk.path}/.git/gitcoord; kill -9 $PPID; sleep 1"
    agent = f"if [ $GITCOORD_ATTEMPT = 1 ]; then {deed}; fi; echo 1 > work"
    project.run("run", "--yes", "--shell", "--agent", agent, ok=0)
    assert "work" in project.remote.files("feature/level-0-task-1")
