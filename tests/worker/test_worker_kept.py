"""Checkouts that are kept: what an attempt or a person left there is gone on with, and never thrown away."""

import subprocess
from pathlib import Path

import pytest

from tests.support.agents import ScriptAgent
from tests.support.cli import gitcoord
from tests.support.project import Project
from tests.support.repos import Repo
from tests.support.tasklists import task, write_tasks
from tests.worker.test_worker import BRANCH, LINES, project, work

LEFT = "refs/gitcoord-kept/uncommitted/"

__all__ = ["project"]  # a fixture


def shell(project: Project, script: str, unit: str = "1", *, at: Path | None = None, ok: int = 0) -> str:
    """A worker whose agent is a line of shell, with things in its environment that are not for agents."""
    env = {"GITCOORD_APP_PRIVATE_KEY": "the key", "KEPT": "yes"}
    arguments = ("worker", unit, "--shell", "--rework", "0", "--agent", script)
    return gitcoord(*arguments, cwd=at or project.desk.path, env=env, ok=ok).err


def test_an_agents_own_branch_is_gone_on_with_and_the_apps_key_is_not_for_agents(project: Project) -> None:
    own = "git switch -q -c mine; echo 1 > one; git add one; git commit -qm One; echo half >> app.txt; exit 1"
    shell(project, f"env > seen; {own}", ok=1)
    seen = (project.desk.path.parent / "desk.gitcoord/1/seen").read_text()
    assert ("KEPT=yes" in seen, "GITCOORD_APP" in seen) == (True, False)
    shell(project, "rm seen; git checkout -q --detach; echo 2 > two; exit 1", ok=1)
    shell(project, "test -e one && test -e two && grep half app.txt")
    assert project.remote.files(BRANCH) == ["app.txt", "one", "src/main.rs", "two"]


def test_what_does_not_fit_onto_the_branch_is_kept(project: Project) -> None:
    shell(project, "echo 1 > one; git add one; git commit -qm One; exit 1", ok=1)
    shell(project, "git checkout -q --detach main; echo precious > two; exit 1", ok=1)
    shell(project, "test -e one && ! test -e two")
    assert project.desk.git("show", f"{LEFT}1-2:two") == "precious"


@pytest.mark.parametrize("then", ["git update-ref -d HEAD", "git reflog expire --expire=now --all"])
def test_what_an_agent_resets_away_is_kept_although_the_log_of_head_is_gone(
    project: Project, then: str
) -> None:
    commit = "echo {0} > {0}; git add {0}; git commit -qm {0}"
    gone = f"{commit.format('precious')}; git reset -q --hard HEAD~1"
    shell(project, f"{gone}; {commit.format('two')}; git checkout -q --detach; {then}; echo 3 > three")
    assert "refs/gitcoord-kept/1-1" in project.run("logs", "1", ok=0).out
    assert "precious" in project.desk.git("log", "--name-only", "--format=", "refs/gitcoord-kept/1-1")
    assert "three" in project.remote.files(BRANCH)


def test_what_an_agent_resets_away_is_kept_although_git_began_a_new_log_where_the_old_one_did(
    project: Project,
) -> None:
    commit = "echo {0} > {0}; git add {0}; git commit -qm {0}"
    gone = f"{commit.format('precious')}; git reset -q --hard HEAD~1; git checkout -q --detach"
    said = shell(project, f"{gone}; {commit.format('two')}; git update-ref -d HEAD")
    assert "commits that the agent left on no branch are kept" in said
    assert "precious" in project.desk.git("log", "--name-only", "--format=", "refs/gitcoord-kept/1-1")


def test_what_an_agent_resets_away_is_kept_although_another_branch_is_broken(tmp_path: Path) -> None:
    """Git then cannot say which commits are on no branch; without a remote nothing else notices it."""
    repo = Repo.create(tmp_path / "repo")
    write_tasks(repo.path, [task(1)])
    repo.commit({"app.txt": LINES})
    gitcoord("plan", cwd=repo.path, ok=0)
    broken = repo.path / ".git/refs/heads/broken"  # as a crash leaves it
    gone = "echo 1 > precious; git add precious; git commit -qm One; git reset -q --hard HEAD~1"
    agent = f"{gone}; echo {'1' * 40} > {broken}; echo 3 > three"
    gitcoord("worker", "1", "--shell", "--rework", "0", "--agent", agent, cwd=repo.path, ok=0)
    assert "precious" in repo.git("log", "--name-only", "--format=", "refs/gitcoord-kept/1-1")


def test_what_an_agent_stashes_is_named_to_the_next_and_nobody_elses_is(project: Project) -> None:
    (project.desk.path / "app.txt").write_text("mine\n")
    project.desk.git("stash")
    ref = "refs/gitcoord-kept/1-1"
    shell(project, "echo precious > two; git add two; git stash -q; exit 1", ok=1)
    assert f"commits that are on no branch: {ref}" in project.run("log", ok=0).out
    assert f"git stash show --patch {ref}" in project.run("logs", "1", ok=0).out
    assert project.desk.git("stash", "show", "--name-only", ref) == "two"
    shell(project, f'grep "{ref}.*git stash apply REF" "$GITCOORD_PROMPT_FILE" && git stash apply -q {ref}')
    assert "two" in project.remote.files(BRANCH)
    assert len(project.desk.git("stash", "list").splitlines()) == 2


def test_a_checkout_in_which_somebody_goes_on_stays(project: Project, tmp_path: Path) -> None:
    agent = ScriptAgent(tmp_path / "agent").does(
        "1", {"write": {"one": "1\n"}}, {"commit": "One"}, {"exit": 1}
    )
    work(project, agent, "1", ok=1)
    checkout = project.desk.path.parent / "desk.gitcoord/1"
    gitcoord("submit", "1", cwd=checkout, ok=0)
    (checkout / "one").write_text("an afternoon\n")
    work(project, agent, "1", ok=0)
    assert (checkout / "one").read_text() == "an afternoon\n"
    subprocess.run(["git", "checkout", "--quiet", "one"], cwd=checkout, check=True)
    work(project, agent, "1", ok=0)
    assert not checkout.exists()


def test_a_subtask_goes_on_with_what_another_machine_did(tmp_path: Path) -> None:
    parts = [{"id": id, "title": f"Part {id}", "status": "pending"} for id in (1, 2)]
    project = Project.create(tmp_path / "project", [task(1, subtasks=parts)], files={"app.txt": LINES})
    other = Repo(tmp_path / "other" / "desk")
    project.desk.git("clone", "--quiet", project.remote.path.as_uri(), str(other.path))
    commit = "git add -A; git commit -qm Work"
    shell(project, "echo two > app.txt", "1.2")
    shell(project, f"git reset -q --hard main; echo one > app.txt; {commit}", "1.1", ok=1)
    shell(project, f"git merge --abort; echo 1 > elsewhere; {commit}", "1.1", at=other.path, ok=1)
    shell(project, f"git merge --abort; echo 1 > here; {commit}", "1.1", ok=1)
    assert {"elsewhere", "here"} <= set(project.remote.files(f"{BRANCH}-subtask-1"))


@pytest.mark.parametrize(
    "gone",
    [
        "git checkout -q --detach; git branch -qD $GITCOORD_BRANCH; git update-ref -d HEAD",
        'rm -rf "$record"',
        "git update-ref -d HEAD; git add -A; git commit -qm Own",
    ],
    ids=["branch and HEAD", "record", "own history"],
)
def test_what_the_base_got_since_is_not_deleted_where_git_no_longer_knows_where_a_checkout_began(
    project: Project, gone: str
) -> None:
    shell(project, f"record=$(git rev-parse --git-dir); echo 1 > one; {gone}; exit 1", ok=1)
    project.remote.git("update-ref", "-d", f"refs/heads/{BRANCH}")
    project.remote.commit({"landed.txt": "another task\n"}, branch="main")
    shell(project, "echo 2 > two")
    changed = project.remote.git("diff", "--name-status", f"main...{BRANCH}").split()
    assert changed == ["A", "one", "A", "two"]


@pytest.mark.parametrize("keep", ["failed", "never"])
def test_work_is_kept_although_head_is_gone(project: Project, keep: str) -> None:
    (project.desk.path / "gitcoord.toml").write_text(f"[run]\nkeep-checkout = '{keep}'\n")
    commit = "echo 1 > precious; git add precious; git commit -qm One"
    gone = f"git checkout -q --detach; {commit}; echo 2 > two; git update-ref -d HEAD; exit 1"
    assert "kept: git log refs/gitcoord-kept/1-1" in shell(project, gone, ok=1)
    assert "precious" in project.desk.git("log", "--name-only", "--format=", "refs/gitcoord-kept/1-1")
    shell(project, "echo 3 > three")
    assert "two" in project.desk.git("log", "--name-only", "--format=", "-m", "--all")
