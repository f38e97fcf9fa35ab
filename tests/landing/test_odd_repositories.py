"""Landing in repositories, and on histories, that are not as most are."""

from pathlib import Path

from tests.support.project import Project, independent
from tests.support.repos import Repo
from tests.support.tasklists import task


def test_a_repository_with_long_ids_lands_and_rolls_back(tmp_path: Path) -> None:
    remote = Repo(tmp_path / "origin.git")
    remote.path.mkdir()
    remote.git("init", "--quiet", "--bare", "--object-format=sha256", "--initial-branch=main")
    project = Project.create(tmp_path, independent("1", "2"), remote=remote)
    for id in ("1", "2"):
        project.work(id, {f"{id}.txt": f"{id}\n"})
    project.run("merge-level", "level-0", "--method", "rebase", ok=0)
    assert remote.files("main") == ["1.txt", "2.txt", "src/main.rs"]
    project.run("rollback", "level-0", ok=0)
    assert remote.files("main") == ["src/main.rs"]


def test_work_that_is_part_of_what_was_squashed_has_landed_with_it(tmp_path: Path) -> None:
    project = Project.create(tmp_path, independent("1", "2"))
    project.work("2", {"src/main.rs": "first\n"})
    project.work("1", {"src/main.rs": "second\n"}, at="feature/level-0-task-2")
    landed = project.run("merge-level", "0", "--method", "squash", "--json", ok=0).json["landed"]
    assert len({one["commit"] for one in landed}) == 1
    assert project.remote.read("main", "src/main.rs") == "second"
    assert project.remote.git("rev-list", "--count", "main") == "2"
    # What is handed in once that was taken back has not landed with it.
    project.run("rollback", "0", ok=0)
    project.remote.git("update-ref", "-d", "refs/gitcoord/tasks/2")
    assert project.run("status", "--json").json["tasks"]["2"]["state"] == "pending"


def test_equal_work_that_landed_in_the_same_commits_goes_only_together(tmp_path: Path) -> None:
    project = Project.create(tmp_path, [task(1), task(2), task(3, dependencies=[2])])
    picked = project.work("1", {"same.txt": "1\n"})
    project.work("1", {"1.txt": "1\n"})
    clone = project.remote.clone(tmp_path / "clone")
    # Else what is picked may be the very commit that a rebase makes in the same second.
    clone.environment["GIT_COMMITTER_DATE"] = "@1700000000 +0000"
    for branch, start in (("feature/level-0-task-2", "main"), ("feature/level-1-task-3", "main~0")):
        project.remote.commit({f"{start}.txt": "1\n"}, "Somebody else's work")
        clone.git("fetch", "--quiet")
        clone.git("switch", "--quiet", "--create", branch, "--no-track", f"origin/{start}")
        clone.git("cherry-pick", picked)
        clone.git("push", "--quiet", "origin", branch)
    project.run("merge-level", "0", "--method", "rebase", ok=0)
    project.run("merge-level", "1", "--method", "rebase", ok=0)
    refused = project.run("rollback", "level-1", "--json").json
    assert (refused["code"], "level-0 landed in the same commits" in refused["message"]) == (
        "built-upon",
        True,
    )
    project.run("rollback", "level-1", "level-0", ok=0)
    assert project.remote.files("main") == ["main.txt", "main~0.txt", "src/main.rs"]


def test_a_level_does_not_take_along_what_its_branches_brought_for_another(tmp_path: Path) -> None:
    project = Project.create(tmp_path, [task(1), task(2), task(3, dependencies=[2])])
    project.work("2", {"2.txt": "2\n"})
    project.run("merge-level", "0")
    project.work("1", {"1.txt": "1\n"})
    project.work("3", {"3.txt": "3\n"}, level=1, at="feature/level-0-task-1")
    project.run("merge-level", "1", ok=0)
    landed = project.remote.tip("main")
    refused = project.run("rollback", "level-1", "--json").json
    assert (refused["code"], "task 1 of level-0" in refused["message"]) == ("built-upon", True)
    assert project.remote.tip("main") == landed


def test_taking_back_what_landed_nothing_leaves_the_commit_that_was_there_before(tmp_path: Path) -> None:
    project = Project.create(tmp_path, independent("1"))
    project.work("1", {"1.txt": "1\n"})
    project.remote.commit({"1.txt": "1\n"}, "Somebody did the same")
    project.remote.commit({"else.txt": "1\n"}, "Somebody else's work")
    project.run("merge-level", "0", "--method", "rebase", ok=0)
    project.run("rollback", "0", ok=0)
    assert project.remote.files("main") == ["1.txt", "else.txt", "src/main.rs"]
