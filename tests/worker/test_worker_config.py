"""What an agent writes into the repository's configuration is taken back; what others write stays."""

import shlex
from pathlib import Path

import pytest

from gitcoord.git.git_cli import Git
from gitcoord.worker.attempt.git_trace import GitProcess
from gitcoord.worker.attempt.shared_config import SharedConfig
from tests.support.cli import COMMAND, start_gitcoord
from tests.support.project import Project
from tests.support.tasklists import task
from tests.support.waiting import until
from tests.worker.test_worker_kept import shell

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
        assert f"attempt 1 at {unit} changed the repository's configuration; it was restored" in said
        keys = set(said.split("was restored: ")[1].splitlines()[0].split(", "))
        wanted = {"core.hookspath", "user.name", "core.bare", "core.worktree", "remote.origin.url"}
        assert wanted <= keys if unit == "1" else "core.bare" in keys
        assert sorted(project.desk.git("config", "--local", "--list").split("\n")) == sorted(
            before.split("\n")
        )
    assert not list((project.desk.path / ".git").glob("gitcoord-trace*"))


def test_changes_are_taken_back_also_where_gitcoords_own_files_are_gone(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", [task(1)])
    said = shell(project, f"echo 1 > x; rm -rf {project.desk.path}/.git/gitcoord; git config gc.auto 1")
    assert "it was restored: gc.auto" in said
    assert "gc.auto" not in project.desk.git("config", "--local", "--list")
    assert not list((project.desk.path / ".git").glob("gitcoord-trace*"))


def test_what_somebody_else_changes_meanwhile_stays(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", [task(1)])
    # Not through the attempt's environment: it is the user's own git.
    own = f"env -u GIT_TRACE2_EVENT git -C {project.desk.path} config user.email me@example.com"
    said = shell(project, f"echo 1 > x; git config user.name Agent; {own}")
    assert "configuration meanwhile; their changes stay: user.email" in said
    assert project.desk.git("config", "--local", "user.email") == "me@example.com"


@pytest.mark.parametrize(
    "agent",
    [
        "git init -q sub; git -C sub config user.email nested@example.com; rm -rf sub/.git",
        "git init -q /tmp/beside-$$; git -C /tmp/beside-$$ config user.email x@example.com; sleep 0",
        "git config --get user.email; git config user.email; git config --list",
        "git config --global user.email agent@example.com",
    ],
    ids=["nested", "beside", "reads", "global"],
)
def test_what_the_user_changes_stays_where_the_agent_names_the_same_key_elsewhere(
    tmp_path: Path, agent: str
) -> None:
    project = Project.create(tmp_path / "project", [task(1)])
    agent = agent.replace("/tmp/", f"{tmp_path}/")
    own = f"env -u GIT_TRACE2_EVENT git -C {project.desk.path} config user.email me@example.com"
    said = shell(project, f"echo 1 > x; ({agent}); {own}")
    assert "configuration meanwhile; their changes stay: user.email" in said
    assert project.desk.git("config", "--local", "user.email") == "me@example.com"


@pytest.mark.parametrize(
    "agent",
    [
        "git remote remove origin; rm .git; git init -q .; git remote add origin /mine",
        "git remote remove origin; rm .git; git init -q beside; mv beside/.git .",
        "git init -q .; git remote remove origin",
    ],
    ids=["replaced", "moved", "again"],
)
def test_what_an_agent_changes_is_taken_back_where_its_checkout_is_another_repository_since(
    tmp_path: Path, agent: str
) -> None:
    project = Project.create(tmp_path / "project", [task(1)])
    before = project.desk.git("config", "--local", "--list")
    said = shell(project, f"echo 1 > x; {agent}; exit 1", ok=1)
    assert "it was restored: remote.origin.url, remote.origin.fetch, branch.main.remote" in said
    assert sorted(project.desk.git("config", "--local", "--list").split("\n")) == sorted(before.split("\n"))


KILLED = "if [ $GITCOORD_ATTEMPT = 1 ]; then git remote remove origin; kill -9 $PPID; fi; echo 1 > x"


def test_a_run_finds_the_remote_again_that_an_agent_removed_which_killed_its_worker(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", [task(1)])
    ended = project.run("run", "--shell", "--agent", KILLED, "--land", "--yes", ok=0)
    assert (
        "The worker of attempt 1-1 was killed; restored the configuration that its agent changed" in ended.err
    )
    assert "remote.origin.url" in ended.err
    assert "x" in project.remote.files("main")


def test_a_worker_finds_the_remote_again_that_a_killed_one_has_lost(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", [task(1)])
    shell(project, KILLED, ok=-9)
    assert "origin" not in project.desk.git("remote")
    said = shell(project, KILLED)
    assert "The worker of attempt 1-1 was killed" in said
    assert project.remote.files("feature/level-0-task-1") == ["src/main.rs", "x"]


def test_the_lock_of_another_attempts_agent_does_not_keep_what_an_agent_changed(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", [task(1)])
    desk, git_dir = project.desk, project.desk.path / ".git"
    url, place = desk.git("config", "remote.origin.url"), git_dir / "gitcoord" / "run" / "1-1"
    config = SharedConfig(Git(desk.path), git_dir, place)
    desk.git("remote", "remove", "origin")
    assert config.unlock() == ()
    (git_dir / "config.lock").touch()
    reverted, others = config.put_back([GitProcess(argv=("git", "remote", "remove", "origin"))])
    assert ("remote.origin.url" in reverted, others) == (True, ())
    assert desk.git("config", "remote.origin.url") == url
    assert list(place.iterdir())  # a worker that is killed now leaves what another one needs
    config.delete()
    assert not list(place.iterdir())


def test_an_attempt_is_not_dead_because_its_agent_removed_its_process_id(tmp_path: Path) -> None:
    """Another command would delete the trace, without which nobody sees that a change is hidden from git."""
    project = Project.create(tmp_path / "project", [task(1), task(2)], files={"app.txt": "plain\n"})
    desk = project.desk.path
    hide = "echo 1 > x; git update-index --assume-unchanged app.txt; echo precious > app.txt"
    other = f"cd {desk}; {shlex.join(COMMAND)} worker 2 --shell --agent 'echo 2 > y'"
    shell(project, f"{hide}; rm {desk}/.git/gitcoord/run/1-1/worker.json; {other}")
    assert project.remote.read("feature/level-0-task-1", "app.txt") == "precious"


@pytest.mark.parametrize("change", ["core.bare true", "core.worktree /nowhere"])
def test_a_worker_finds_its_settings_although_another_agent_hides_the_worktree(
    tmp_path: Path, change: str
) -> None:
    project = Project.create(tmp_path / "project", [task(1), task(2)])
    desk = project.desk.path
    (desk / "gitcoord.toml").write_text("[run]\nworktrees = 'trees'\n")
    wait = f"until [ -e {tmp_path}/go ]; do sleep 0.1; done"
    first = f"git config {change}; touch {tmp_path}/changed; {wait}; echo 1 > one"
    arguments = ("worker", "1", "--shell", "--agent", first)
    running = start_gitcoord(*arguments, cwd=desk, env=project.env)
    until(lambda: (tmp_path / "changed").exists() or running.poll() is not None)
    said = shell(project, f"pwd > {tmp_path}/where; echo 2 > two", "2")
    (tmp_path / "go").touch()
    _, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    assert (tmp_path / "where").read_text() == f"{desk}/trees/2\n"
    key = change.split()[0]
    assert f"Restored the configuration that the agent of the running attempt 1-1 changed: {key}" in said


def test_what_an_agent_changes_while_it_runs_does_not_fail_the_others(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", [task(1), task(2)], strategy="multi-pr")
    place = project.desk.path
    sign = "git config gpg.program false; git config commit.gpgsign true; touch $DONE"
    wait = "for i in $(seq 600); do {0} && break; sleep 0.1; done"
    submitted = f"git -C {place} ls-remote -q --exit-code origin feature/level-0-task-2 > {tmp_path}/found"
    agent = (
        f"if [ $GITCOORD_TASK_ID = 1 ]; then {sign}; {wait.format(submitted)}; "
        f"else {wait.format('[ -e $DONE ]')}; fi; echo 1 > $GITCOORD_TASK_ID"
    )
    env = {"DONE": str(tmp_path / "done")}
    options = ("--yes", "--shell", "--retries", "0", "--agent", agent)
    said = project.run("run", *options, env=env, ok=0).out
    assert ("1: attempt 2" in said, "2: attempt 2" in said) == (False, False)
    assert "commit.gpgsign" not in project.desk.git("config", "--local", "--list")
    assert "it was restored: gpg.program, commit.gpgsign" in project.run("logs", "2", ok=0).out
