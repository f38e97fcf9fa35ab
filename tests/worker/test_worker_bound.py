"""Checkouts that an agent takes away from git: nothing around them is ever taken for them."""

from pathlib import Path

import pytest

from tests.support.project import Project
from tests.support.repos import Repo
from tests.support.tasklists import task, write_tasks
from tests.worker.test_worker import BRANCH, told
from tests.worker.test_worker_kept import shell

PLACES = {"inside": "trees", "outside": "", "below another": "../around/trees"}
DAMAGES = {
    "removed": ("rm .git", "its .git was removed"),
    "initialised": ("rm .git; git init -q; git add -A; git commit -qm Mine", "its .git was replaced"),
    "elsewhere": ("echo gitdir: /nowhere > .git", "its .git was replaced"),
    "forgotten": (
        'git add work; git commit -qm Work; rm -rf "$(git rev-parse --git-dir)"',
        "git's own record of it was removed",
    ),
    "emptied": ("rm .git; mkdir .git", "its .git was replaced"),
    "committed upwards": (
        "rm .git; git add -A; git commit -qm Mine; git switch -c mine",
        "its .git was removed",
    ),
}


@pytest.mark.parametrize(
    ("place", "strategy"),
    [
        ("inside", "multi-pr"),
        ("outside", "single-pr"),
        ("below another", "multi-pr"),
    ],
)
def test_the_users_own_work_is_never_taken_for_the_checkouts(
    tmp_path: Path, place: str, strategy: str
) -> None:
    parts = [{"id": id, "title": f"Part {id}", "status": "pending"} for id in (1, 2)]
    project = Project.create(
        tmp_path / "project", [task(1), task(2, subtasks=parts)], strategy=strategy, files={"app.txt": "1\n"}
    )
    desk, around = project.desk, Repo.create(tmp_path / "project" / "around")
    for repo in (desk, around):
        (repo.path / "staged").write_text("the user's\n")
        repo.git("add", "staged")
    around.commit({"a": "1\n"}, "first")
    (around.path / "mine").write_text("the user's\n")
    around.git("add", "mine")
    (desk.path / ".git/info/exclude").write_text("/gitcoord.toml\n/trees\n")
    (desk.path / "gitcoord.toml").write_text(
        f'[run]\nworktrees = "{PLACES[place]}"\n' if PLACES[place] else ""
    )
    checkouts = desk.path / (PLACES[place] or "../desk.gitcoord")
    before = [state(repo) for repo in (desk, around)]
    done = {
        "1": ("forgotten", "removed", "initialised"),
        "2.1": ("committed upwards", "elsewhere", "emptied"),
    }
    for unit, damages in done.items():
        for damage, why in (DAMAGES[name] for name in damages):
            shell(project, f"echo work > work; {damage}; exit 0", unit, ok=1)
            last = told(project, unit)[-1]
            assert last.startswith(
                f"task {unit}: attempt {last.split()[3]} ended: failed: "
                f"the agent damaged its checkout: {why}; everything it left stays in "
            )
            assert (checkouts / unit / "work").read_text() == "work\n"
        # The next one goes on with it.
        assert "was restored" in shell(project, "grep work work", unit)
        assert [state(repo) for repo in (desk, around)] == before
    branch = {"1": BRANCH, "2.1": "feature/level-0-task-2"}
    assert all("work" in project.remote.files(branch[unit]) for unit in branch)
    assert not [file for file in project.remote.files("main") if file in ("staged", "mine")]


def state(repo: Repo) -> list[str]:
    """Where a person's own checkout is, and what is staged in it."""
    return [
        repo.git("symbolic-ref", "HEAD"),
        repo.git("rev-parse", "HEAD"),
        repo.git("status", "--porcelain"),
    ]


@pytest.mark.parametrize("then", ["", "; git checkout -q --detach"], ids=["branch", "detached"])
def test_locks_that_an_agent_leaves_do_not_keep_its_work_from_being_handed_in(
    tmp_path: Path, then: str
) -> None:
    project = Project.create(tmp_path / "project", [task(1)])
    places = "$(git rev-parse --git-dir)/{index,HEAD}.lock $(git rev-parse --git-common-dir)/$ref.lock"
    lock = f"ref=$(git symbolic-ref HEAD){then}; touch {places}"
    said = shell(project, f"echo work > work; bash -c '{lock}'")
    assert "removed git lock files that the agent left: index, HEAD, level-0-task-1" in said
    assert "work" in project.remote.files(BRANCH)


POINTING = {
    "file, and back": "cp .git ../own; echo gitdir: $common > .git; {git}; mv ../own .git",
    "link": "rm .git; ln -s $common .git; {git}",
    "environment": "GIT_DIR=$common GIT_WORK_TREE=$PWD sh -c '{git}'",
    "its own HEAD": "git switch -q --ignore-other-worktrees main; {git}",
    "told": "{git}; git update-ref refs/heads/main HEAD",
    "told, and locked": "{git}; git update-ref refs/heads/main HEAD; touch $common/refs/heads/main.lock",
}


@pytest.mark.parametrize("pointing", POINTING)
def test_an_agent_whose_git_is_led_to_the_users_repository_is_named_and_moves_no_base(
    tmp_path: Path, pointing: str
) -> None:
    desk = Repo.create(tmp_path / "desk")
    write_tasks(desk.path, [task(1)])
    desk.commit({"a": "1\n", ".gitignore": "/.taskmaster\n/tasks\n"}, "first")
    project = Project(desk, desk)
    project.run("plan", ok=0)
    (desk.path / "a").write_text("the user's\n")
    before = desk.tip("main")
    script = POINTING[pointing].format(git="git add -A; git commit -qm Mine")
    common = "common=$(git rev-parse --path-format=absolute --git-common-dir)"
    said = shell(project, f"{common}; echo work > work; {script}; exit 1", ok=1)
    assert desk.tip("main") == before
    assert (desk.path / "a").read_text() == "the user's\n"
    assert f"; reset it to {before[:12]}; the commits that were on it meanwhile are kept: git log " in said
    changes = [one["change"] for one in project.run("report", "--json", ok=0).json["outside"]]
    named = {(one["kind"], one["name"]) for one in changes if one.get("by_agent")}
    assert ("branch", "main") in named
    assert (("command", "commit") in named) == (pointing not in ("its own HEAD", "told", "told, and locked"))
    # What it committed is on its own branch in the end, and a person's commit stays where it is.
    desk.git("commit", "--quiet", "--allow-empty", "-m", "A person's")
    person = desk.tip("main")
    shell(project, "grep work work")
    assert (desk.tip("main"), "work" in desk.files(BRANCH)) == (person, True)


def test_what_others_put_on_the_base_after_an_agent_stays_and_the_agent_is_named(tmp_path: Path) -> None:
    desk = Repo.create(tmp_path / "desk")
    write_tasks(desk.path, [task(1)])
    desk.commit({"a": "1\n", ".gitignore": "/.taskmaster\n/tasks\n"}, "first")
    project = Project(desk, desk)
    project.run("plan", ok=0)
    person = f"sleep 1.1; env -u GIT_TRACE2_EVENT git -C {desk.path} commit -q --allow-empty -m Person"
    led = "echo gitdir: $(git rev-parse --path-format=absolute --git-common-dir) > .git"
    shell(project, f"echo x > x; {led}; git add -A; git commit -qm Mine; {person}", ok=1)
    assert desk.git("log", "--format=%s", "main").split("\n") == ["Person", "Mine", "first"]
    changes = [one["change"] for one in project.run("report", "--json", ok=0).json["outside"]]
    named = {(one["kind"], one["name"]) for one in changes if one.get("by_agent")}
    assert {("branch", "main"), ("command", "commit")} <= named
