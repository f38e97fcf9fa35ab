"""Repositories that an agent makes inside its checkout: what is in them is work like any other."""

from pathlib import Path

import pytest

from tests.support.cli import gitcoord
from tests.support.project import Project
from tests.support.tasklists import task
from tests.worker.test_worker import told
from tests.worker.test_worker_kept import shell

MADE = "mkdir -p a/sub && cd a/sub && echo 1 > one && git init -q"
COMMITTED = "git add -A && git commit -qm Mine"


def test_the_files_of_a_repository_inside_are_committed(tmp_path: Path) -> None:
    parts = [{"id": id, "title": f"Part {id}", "status": "pending"} for id in (1, 2)]
    project = Project.create(tmp_path / "project", [task(1), task(2, subtasks=parts)])
    deeper = f"{COMMITTED}; mkdir in; cd in; git init -q; echo 2 > two; {COMMITTED}"
    for unit, script in (("1", MADE), ("2.1", f"{MADE}; {deeper}")):
        said = shell(project, script, unit)
        assert "the files of the repository a/sub are committed; its .git is in " in said
    assert "a/sub/one" in project.remote.files("feature/level-0-task-1")
    assert {"a/sub/one", "a/sub/in/two"} <= set(project.remote.files("feature/level-0-task-2"))
    kept = project.desk.path / ".git/gitcoord-kept/replaced"
    assert len(list(kept.glob("*/git/HEAD"))) == 3


@pytest.mark.parametrize(
    ("script", "named"),
    [
        (f"{MADE}; git remote add origin /nowhere", "a/sub"),
        (f"{MADE}; mkdir in; cd in; git init -q; echo 2 > two; git remote add o /nowhere", "a/sub/in"),
        ("git worktree add -q --detach sub; echo 1 > sub/one", "sub"),
    ],
    ids=["remote", "deeper", "worktree"],
)
def test_a_repository_that_cannot_be_taken_in_is_named_and_stays(
    tmp_path: Path, script: str, named: str
) -> None:
    project = Project.create(tmp_path / "project", [task(1)])
    (project.desk.path / "gitcoord.toml").write_text('[run]\nkeep-checkout = "never"\n')
    shell(project, f"echo 1 > x; {script}", ok=1)
    assert told(project)[-1].endswith(
        f"ended: failed: the agent left nested repositories, which no commit can contain: {named}"
    )
    place = project.desk.path.parent / "desk.gitcoord/1" / named
    assert ((place / ".git").exists(), bool(list(place.glob("[ot]*")))) == (True, True)


def test_a_setting_refuses_all_of_them_and_scratch_is_passed_over(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", [task(1)])
    settings = '[run]\nnested-repositories = "fail"\n[rules]\nscratch = ["/scratch"]\n'
    (project.desk.path / "gitcoord.toml").write_text(settings)
    shell(project, f"{MADE}", ok=1)
    shell(
        project,
        "rm -rf a; echo 1 > x; git init -q scratch; echo 1 > scratch/y; cd src; git init -q; echo 1 > z",
    )
    assert {"x", "src/z"} <= set(project.remote.files("feature/level-0-task-1"))


@pytest.mark.parametrize("how", ["branch deleted", "another history", "fresh"])
def test_a_repository_in_a_checkout_that_cannot_be_gone_on_with_is_kept_and_named(
    tmp_path: Path, how: str
) -> None:
    project = Project.create(tmp_path / "project", [task(1)])
    left = f"({MADE}; {COMMITTED}); mkdir b; git init -q b; (cd b; git remote add o /nowhere; echo 2 > two)"
    ways = {
        "branch deleted": "git checkout -q --detach; git branch -qD $GITCOORD_BRANCH",
        "another history": "echo 1 > x; git add x; git commit -qm X; git checkout -q --detach main",
        "fresh": ":",
    }
    shell(project, f"{left}; {ways[how]}; exit 1", ok=1)
    if how == "fresh":
        gitcoord("retry", "1", "--fresh", cwd=project.desk.path, ok=0)
    said = shell(project, "echo 3 > three", ok=0)
    kept = project.desk.path / ".git/gitcoord-kept/replaced"
    places = {place.parent for file in ("one", "two") for place in kept.rglob(file)}
    there = {path.read_text() for place in places for path in place.glob("*") if path.is_file()}
    assert there == {"1\n", "2\n"}
    assert all(f"moved a repository that was made in the checkout to {place}" in said for place in places)
