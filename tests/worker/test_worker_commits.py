"""Commits that an attempt leaves on no branch: kept under a ref that journal, log and prompt name."""

from pathlib import Path

import pytest

from tests.support.project import Project
from tests.support.tasklists import task
from tests.worker.test_worker import BRANCH, told
from tests.worker.test_worker_kept import shell

KEPT = "refs/gitcoord-kept/"
COMMIT = "echo precious > {0}; git add {0}; git commit -qm 'Add {0}'"
AWAY = "git checkout -q --detach main"


def test_detached_commits_are_kept_and_named(tmp_path: Path) -> None:
    parts = [{"id": id, "title": f"Part {id}", "status": "pending"} for id in (1, 2)]
    project = Project.create(tmp_path / "project", [task(1), task(2, subtasks=parts)])
    for unit in ("1", "2.1"):
        shell(project, f"{COMMIT.format('one')}; {AWAY}; {COMMIT.format('lost')}", unit, ok=1)
        assert told(project, unit)[-1].endswith(f" (commits that are on no branch: {KEPT}{unit}-1)")
        assert f"git log {KEPT}{unit}-1" in project.run("logs", unit, ok=0).out
        assert project.desk.git("show", f"{KEPT}{unit}-1:lost") == "precious"
        said = f'grep "{KEPT}{unit}-1" "$GITCOORD_PROMPT_FILE" && git cherry-pick {KEPT}{unit}-1'
        shell(project, said, unit)
    assert {"one", "lost"} <= set(project.remote.files("feature/level-0-task-1"))
    assert {"one", "lost"} <= set(project.remote.files("feature/level-0-task-2"))


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (f"{AWAY}; {COMMIT.format('lost')}; git switch -q -; {COMMIT.format('one')}", 0),
        (f"{COMMIT.format('lost')}; git reset -q --hard HEAD~1; {COMMIT.format('one')}", 0),
        (
            f"git switch -q -c mine main; {COMMIT.format('lost')}; "
            "git switch -q -; git branch -qD mine; exit 1",
            1,
        ),
        (f"{AWAY}; {COMMIT.format('lost')}; {AWAY}; {COMMIT.format('two')}; false", 1),
        (
            "echo 1 > c; git add c; git commit -qm a; git branch own; git reset -q --hard HEAD~1; "
            "echo 2 > c; git add c; git commit -qm b; git cherry-pick own; echo precious > lost",
            1,
        ),
    ],
    ids=["went back", "reset", "deleted", "two ways", "in the middle"],
)
def test_wherever_head_has_been_nothing_is_lost(tmp_path: Path, script: str, code: int) -> None:
    project = Project.create(tmp_path / "project", [task(1)])
    shell(project, script, ok=code)
    assert "lost" in project.desk.git("log", "--name-only", "--format=", f"{KEPT}1-1").split()
    shell(project, "echo 1 > x", ok=0)
    assert "lost" in project.desk.git("log", "--name-only", "--format=", f"{KEPT}1-1").split()


def test_what_is_begun_afresh_or_was_killed_is_kept_and_what_was_amended_is_not(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", [task(1), task(2)])
    shell(project, f"{COMMIT.format('one')}; kill -9 $PPID; sleep 1", ok=-9)
    (project.desk.path / "gitcoord.toml").write_text("[run]\nfresh = true\n")
    shell(project, f"test ! -e one; {COMMIT.format('two')}; git commit -q --amend -m Two")
    assert project.desk.git("show", f"{KEPT}1-1:one") == "precious"
    assert project.desk.git("for-each-ref", "--format=%(refname)", KEPT) == f"{KEPT}1-1"


def test_commits_that_begin_a_history_of_their_own_become_one_on_the_branch(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", [task(1)])
    said = shell(project, f"git update-ref -d HEAD; {COMMIT.format('one')}; git rm -q src/main.rs")
    assert "; replaced by one on top of it" in said
    assert project.remote.files(BRANCH) == ["one"]
    assert project.remote.git("merge-base", "main", BRANCH) == project.remote.tip("main")


RECORD = 'rm -rf "$(git rev-parse --git-dir)"'
GONE = 'here=$PWD; cd /; rm -rf "$here"; false'


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (f"{AWAY}; {COMMIT.format('lost')}; git switch -q -; {RECORD}", 1),
        (f"{COMMIT.format('lost')}; git reset -q --hard HEAD~1; git gc -q; {RECORD}", 1),
        (f"{AWAY}; {COMMIT.format('lost')}; {RECORD}; kill -9 $PPID; sleep 1", -9),
        (f"{AWAY}; {COMMIT.format('lost')}; {GONE}", 1),
        (f"{AWAY}; {COMMIT.format('lost')}; {RECORD}; {GONE}", 1),
        (f"{AWAY}; {COMMIT.format('lost')}; {RECORD}; {GONE}; kill -9 $PPID; sleep 1", -9),
    ],
    ids=["record", "packed", "killed", "files", "both", "both, killed"],
)
def test_commits_outlive_the_checkout_and_gits_record_of_it(tmp_path: Path, script: str, code: int) -> None:
    project = Project.create(tmp_path / "project", [task(1)])
    shell(project, f"{COMMIT.format('one')}; {script}", ok=code)
    shell(project, "echo 1 > x")
    assert project.desk.git("show", f"{KEPT}1-1:lost") == "precious"
    assert {"one", "x"} <= set(project.remote.files(BRANCH))
    assert project.desk.git("for-each-ref", "--format=%(refname)", KEPT) == f"{KEPT}1-1"
    project.desk.git("gc", "--quiet", "--prune=now")
    assert project.desk.git("log", "--format=%s", f"{KEPT}1-1", "--not", "main", BRANCH) == "Add lost"


PUSH = "git push -q origin HEAD"
AMEND = "git commit -q --amend -m Amended"


@pytest.mark.parametrize("killed", [False, True])
def test_what_an_agent_pushes_and_rewrites_is_replaced_and_kept(tmp_path: Path, killed: bool) -> None:
    project = Project.create(tmp_path / "project", [task(1)])
    rewrite = f"{COMMIT.format('one')}; {PUSH}; git reset -q --hard HEAD~1; {COMMIT.format('two')}"
    if killed:
        shell(project, f"{rewrite}; kill -9 $PPID; sleep 1", ok=-9)
    said = shell(project, "true" if killed else rewrite)
    attempt = 2 if killed else 1
    assert f", which is kept: git log {KEPT}1-{attempt}" in said
    assert project.remote.files(BRANCH) == ["src/main.rs", "two"]
    assert project.desk.git("show", f"{KEPT}1-{attempt}:one") == "precious"


def test_what_others_push_meanwhile_is_never_replaced(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", [task(1)])
    other = tmp_path / "other"
    push = f"git -C {other} push -q origin HEAD:{BRANCH}"
    clone = (
        f"git clone -q {project.remote.path.as_uri()} {other}; git -C {other} commit -q --allow-empty -m x"
    )
    said = shell(project, f"{COMMIT.format('one')}; (unset GIT_TRACE2_EVENT; {clone}; {push})", ok=1)
    assert "has commits on origin that are not here" in said
    assert project.remote.git("log", "-1", "--format=%s", BRANCH) == "x"
