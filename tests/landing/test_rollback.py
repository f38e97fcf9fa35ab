"""`gitcoord rollback`: what a level landed goes, as git's own reverts would have it, and may come back."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.landing.test_crashes import without_remote
from tests.support.copies import copy_of
from tests.support.github.fixtures import hub
from tests.support.killer import deadly_git
from tests.support.project import Project
from tests.support.repos import Repo
from tests.support.tasklists import task

__all__ = ["hub"]
LINES = "".join(f"{number}\n" for number in range(1, 10))


def two_levels(directory: Path, strategy: str) -> Project:
    """Tasks 1 (two commits) and 2 in level-0, both done; 3 in level-1 needs 1."""
    tasks = [task(1), task(2), task(3, dependencies=[1])]
    project = Project.create(directory, tasks, strategy=strategy, files={"lines.txt": LINES})
    project.work("1", {"lines.txt": LINES.replace("2\n", "two\n")})
    project.work("1", {"one.txt": "one\n"})
    project.work("2", {"lines.txt": LINES.replace("8\n", "eight\n"), "two.txt": "two\n"})
    return project


@pytest.fixture
def landed(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same after level-0 has landed by merges, one a task."""

    def make(place: Path) -> Project:
        project = two_levels(place, "multi-pr")
        project.run("merge-level", "level-0", ok=0)
        return project

    return copy_of("a landed level", make, tmp_path / "landed", tmp_path_factory)


def reverted_by_hand(remote: Repo, place: Path, start: str, commits: list[str]) -> str:
    """The tree that `git revert` gives for these commits on top of `start`, in this order."""
    clone = remote.clone(place)
    clone.git("switch", "--quiet", "--detach", start)
    for commit in commits:
        parents = clone.git("show", "--no-patch", "--format=%P", commit).split()
        clone.git("revert", "--no-edit", *(["-m", "1"] if len(parents) > 1 else []), commit)
    return clone.git("rev-parse", "HEAD^{tree}")


def states(project: Project) -> dict[str, Any]:
    told = project.run("status", "--json", ok=0).json["tasks"]
    return {id: one["state"] for id, one in told.items()}


@pytest.mark.parametrize(
    ("strategy", "method"), [("multi-pr", "merge"), ("single-pr", "squash"), ("multi-pr", "rebase")]
)
def test_a_level_goes_as_git_revert_would_have_it_and_comes_back_whole(
    strategy: str, method: str, tmp_path: Path
) -> None:
    project = two_levels(tmp_path, strategy)
    project.run("merge-level", "level-0", "--method", method, ok=0)
    project.remote.commit({"foreign.txt": "foreign\n"}, "Somebody else's work")
    landed = project.remote.tip("main")

    planned = project.run("rollback", "level-0", "--dry-run", "--json", ok=0).json
    assert project.remote.tip("main") == landed
    done = project.run("rollback", "level-0", "--json", ok=0).json
    assert done["state"] == "done"
    assert [one["task"] for one in done["tasks"]] == ["1", "2"]
    assert project.remote.tree("main") == planned["tree"]
    assert planned["unowned"] == done["unowned"] == []
    assert project.remote.tip("main~1") == landed
    assert len(planned["reverted"]) == {"merge": 2, "squash": 1, "rebase": 3}[method]
    by_hand = reverted_by_hand(project.remote, tmp_path / "by-hand", landed, planned["reverted"])
    assert by_hand == planned["tree"]
    assert project.remote.files("main") == ["foreign.txt", "lines.txt", "src/main.rs"]
    assert project.remote.read("main", "lines.txt") == LINES.rstrip("\n")
    assert states(project) == {"1": "rolled-back", "2": "rolled-back", "3": "pending"}
    log = project.run("log", "--json", ok=0).json["events"]
    assert [one["event"] for one in log].count("rolled-back") == 2

    twice = project.run("rollback", "level-0", ok=0)
    assert "already" in twice.out
    if method == "merge":  # else only the branch holds the commit that is brought back
        project.remote.git("update-ref", "-d", "refs/heads/feature/level-0-task-2")
    idle = project.run("merge-level", "level-0", "--method", method, "--json")
    assert idle.code == 1
    reasons = {one["task"]: one["reason"] for one in idle.json["waiting"]}
    assert reasons == {id: f"rolled back; `gitcoord checkout {id}` restores its work" for id in "12"}
    assert "Nobody works on tasks 1, 2: gitcoord checkout TASK" in project.run("merge-level", "0").out
    assert project.remote.tree("main") == planned["tree"]

    for id in ("1", "2"):
        worker = project.worker(id)
        worker.run("checkout", id, ok=0)
        worker.write({f"again-{id}.txt": "again\n"})
        worker.run("submit", ok=0)
    project.run("merge-level", "level-0", "--method", method, ok=0)
    assert project.remote.read("main", "lines.txt") == "1\ntwo\n3\n4\n5\n6\n7\neight\n9"
    assert {"again-1.txt", "again-2.txt", "one.txt", "two.txt", "foreign.txt"} < set(
        project.remote.files("main")
    )
    assert states(project) == {"1": "landed", "2": "landed", "3": "pending"}


def test_what_others_build_on_goes_only_together_with_them(landed: Project) -> None:
    project = landed
    nothing = project.run("rollback", "1", "--json")
    assert (nothing.code, nothing.json["code"]) == (1, "nothing-landed")
    project.work("3", {"one.txt": "one\nthree\n"}, level=1)
    project.run("merge-level", "level-1", ok=0)
    before = project.remote.tip("main")
    refused = project.run("rollback", "level-0", "--json")
    assert (refused.code, refused.json["code"]) == (1, "built-upon")
    assert "task 3 of level-1" in refused.json["message"]
    assert project.remote.tip("main") == before

    project.remote.commit({"two.txt": "two, and more\n"}, "Somebody builds on task 2")
    refs = project.remote.refs()
    conflict = project.run("rollback", "level-0", "level-1", "--json")
    assert (conflict.code, conflict.json["code"]) == (1, "conflict")
    assert "two.txt" in conflict.json["message"]
    assert "Somebody builds on task 2" in conflict.json["message"]
    assert project.remote.refs() == refs

    project.remote.commit({"two.txt": "two\n"}, "Somebody takes that back")
    planned = project.run("rollback", "level-0", "--include-later", "--dry-run", ok=0).out
    merges = project.remote.git("log", "--merges", "--format=%h %s", "--abbrev=12", "main").splitlines()
    assert [line.removeprefix("  revert ") for line in planned.splitlines()[1:]] == merges
    done = project.run("rollback", "level-0", "--include-later", ok=0)
    assert "level-0, level-1 (tasks 1, 2, 3) are rolled back on main at" in done.out
    assert "gitcoord checkout TASK" in done.out
    assert "rolled back" not in done.err
    assert project.remote.files("main") == ["lines.txt", "src/main.rs"]
    assert states(project) == dict.fromkeys("123", "rolled-back")


def test_merging_the_old_branch_again_is_never_taken_for_landing(landed: Project) -> None:
    project = landed
    project.run("rollback", "level-0", ok=0)
    worker = project.worker("1")
    worker.repo.git("switch", "--quiet", "feature/level-0-task-1")
    worker.write({"repair.txt": "repair\n"})
    refused = worker.run("submit", "1", "--json")
    assert (refused.code, refused.json["code"]) == (1, "rolled-back")
    worker.repo.git("push", "--quiet", "origin", "HEAD")
    idle = project.run("merge-level", "level-0", "--json")
    assert "gitcoord checkout 1" in json.dumps(idle.json["waiting"])
    # Somebody merges it all the same: the repair is in the base, and what it repairs is not.
    worker.repo.git("switch", "--quiet", "main")
    worker.repo.git("merge", "--quiet", "--no-ff", "--no-edit", "feature/level-0-task-1")
    worker.repo.git("push", "--quiet", "origin", "main")
    assert states(project)["1"] == "rolled-back"
    assert worker.run("checkout", "1", "--json", ok=0).json["conflicts"] == []
    worker.run("submit", ok=0)
    project.run("merge-level", "level-0", "--json")
    assert states(project)["1"] == "landed"
    assert {"one.txt", "repair.txt"} < set(project.remote.files("main"))


def test_what_is_brought_back_alone_takes_nothing_else_for_landed(tmp_path: Path) -> None:
    project = two_levels(tmp_path, "single-pr")
    project.run("merge-level", "level-0", "--delete-branches", ok=0)
    project.run("rollback", "level-0", ok=0)
    worker = project.worker("2")
    worker.run("checkout", "2", ok=0)
    worker.run("submit", ok=0)
    again = project.run("merge-level", "level-0", "--partial", "--delete-branches", "--json")
    assert (again.code, [one["task"] for one in again.json["landed"]]) == (1, ["2"])
    assert states(project)["1"] == "rolled-back"
    assert "two.txt" in project.remote.files("main")
    assert "Gitcoord-Landed: 1" not in project.remote.git("log", "-1", "--format=%B", "main")
    worker.run("checkout", "1", ok=0)
    worker.run("submit", ok=0)
    project.run("merge-level", "level-0", "--delete-branches", ok=0)
    assert {"one.txt", "two.txt"} < set(project.remote.files("main"))


def test_work_that_conflicts_when_it_is_brought_back_waits_in_the_working_copy(tmp_path: Path) -> None:
    project = two_levels(tmp_path, "multi-pr")
    project.run("merge-level", "level-0", "--method", "squash", ok=0)
    project.run("rollback", "level-0", ok=0)
    project.remote.commit({"lines.txt": LINES.replace("2\n", "zwei\n")}, "Somebody goes on")
    project.remote.git("branch", "-D", "feature/level-0-task-1")
    (project.desk.path / ".git/info/exclude").write_text(".taskmaster\n")
    desk = project.run("checkout", "1", "--json", ok=0).json
    assert desk["conflicts"] == ["lines.txt"]
    project.desk.git("merge", "--abort")
    assert project.run("submit", "1", "--json").json["code"] == "rolled-back"
    assert project.run("checkout", "1", "--json", ok=0).json["conflicts"] == ["lines.txt"]
    (project.desk.path / "lines.txt").write_text(LINES.replace("2\n", "two and zwei\n"))
    project.run("submit", "1", ok=0)
    project.run("merge-level", "level-0", "--method", "squash", "--json")
    assert project.remote.read("main", "lines.txt").startswith("1\ntwo and zwei\n3\n")
    assert project.remote.read("main", "one.txt") == "one"
    assert states(project)["1"] == "landed"


def test_commits_of_a_task_that_a_rebase_put_among_those_of_others_all_go(tmp_path: Path) -> None:
    project = Project.create(tmp_path, [task(1), task(2), task(3)], strategy="single-pr")
    start = project.remote.tree("main")
    project.work("1", {"one.txt": "1\n"})
    project.work("2", {"two.txt": "2\n"})
    project.run("merge-level", "--method", "rebase", ok=1)
    project.work("1", {"more.txt": "1\n"})
    project.work("3", {"three.txt": "3\n"})
    project.run("merge-level", "--method", "rebase", ok=0)
    assert len(project.run("rollback", "level-0", "--json", ok=0).json["reverted"]) == 0
    assert project.remote.tree("main") == start


def test_a_rollback_survives_being_killed_after_any_move_of_refs(tmp_path: Path) -> None:
    template = two_levels(tmp_path / "template", "single-pr")
    template.run("merge-level", "level-0", ok=0)
    start = template.remote.tree("main~1")
    for nth in range(1, 10):
        project = without_remote(template, tmp_path / f"run-{nth}")
        deadly = deadly_git(tmp_path / f"bin-{nth}", nth, "after", "update-ref")
        killed = project.run("rollback", "level-0", env=deadly)
        again = project.run("rollback", "level-0", "--json", ok=0).json
        assert project.desk.tree("main") == start, nth
        assert project.desk.git("status", "--porcelain", "--untracked-files=no") == "", nth
        assert project.desk.git("log", "--format=%s", "--grep=^Roll back", "main").count("\n") == 0, nth
        assert states(project) == {"1": "rolled-back", "2": "rolled-back", "3": "pending"}, nth
        if killed.code == 0:
            assert (again["state"], nth > 2) == ("already", True)
            return
        assert killed.code == -signal.SIGKILL, (nth, killed)
    raise AssertionError("it never came to an end")
