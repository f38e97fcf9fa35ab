"""`gitcoord submit`: complete work only, safely on the remote, and recorded once."""

import shutil
from pathlib import Path

import pytest

from tests.support.copies import copy_of
from tests.support.project import Project, Worker, independent

BRANCH = "feature/level-0-task-1"


@pytest.fixture
def project(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    def make(place: Path) -> Project:
        return Project.create(place, independent("1", "2"))

    return copy_of("submit", make, tmp_path, tmp_path_factory)


@pytest.fixture
def worker(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, project: Project) -> Worker:
    """A worker who has done task 1 and not handed it in."""

    def make(place: Path) -> Project:
        made = Project.create(place, independent("1", "2"))
        one = made.worker("1")
        one.run("checkout", "1", ok=0)
        one.write({"one.txt": "1\n"})
        return made

    shutil.rmtree(tmp_path)
    return copy_of("submit with work", make, tmp_path, tmp_path_factory).worker("1")


def record(project: Project, task: str = "1") -> list[str]:
    """The subjects of a task's record, oldest first."""
    ref = f"refs/gitcoord/tasks/{task}"
    return project.remote.git("log", "--reverse", "--format=%s", ref).splitlines()


def test_work_is_pushed_and_recorded(project: Project, worker: Worker) -> None:
    document = worker.run("submit", "--json", ok=0).json
    commit = worker.repo.tip("HEAD")
    assert document == {
        "schema": "gitcoord.submit/1",
        "task": "1",
        "branch": BRANCH,
        "head": commit,
        "folded_into": None,
        "folded": None,
        "notes": [],
    }
    assert project.remote.tip(BRANCH) == commit
    assert [line.split(" by ")[0] for line in record(project)] == ["task 1 started", "task 1 submitted"]


def test_submitting_twice_changes_nothing_the_second_time(project: Project, worker: Worker) -> None:
    worker.run("submit", ok=0)
    before = project.remote.refs()
    worker.run("submit", ok=0)
    assert project.remote.refs() == before


def test_work_may_be_handed_in_again_after_more_of_it(project: Project, worker: Worker) -> None:
    worker.run("submit", ok=0)
    worker.write({"one.txt": "1, better\n"})
    worker.run("submit", ok=0)
    assert project.remote.read(BRANCH, "one.txt") == "1, better"
    assert len(record(project)) == 3


@pytest.mark.parametrize("path", ["one.txt", "forgotten.txt", "ab cd.txt"])
def test_uncommitted_changes_are_refused_and_named(project: Project, worker: Worker, path: str) -> None:
    (worker.repo.path / path).write_text("half done\n")
    before = project.remote.refs()
    refused = worker.run("submit", "--json", ok=1)
    assert refused.json["code"] == "unclean"
    assert f"uncommitted changes: {path}." in refused.json["message"]
    assert project.remote.refs() == before


def test_ignored_files_do_not_count(project: Project, worker: Worker) -> None:
    worker.write({".gitignore": "*.log\n"})
    (worker.repo.path / "agent.log").write_text("talk\n")
    worker.run("submit", ok=0)


def test_commits_of_others_on_the_remote_are_not_overwritten(project: Project, worker: Worker) -> None:
    theirs = project.work("1", {"two.txt": "theirs\n"})
    refused = worker.run("submit", "--json", ok=1)
    assert refused.json["code"] == "behind"
    assert f"git pull origin {BRANCH}" in refused.json["hint"]
    assert project.remote.tip(BRANCH) == theirs


def test_the_words_of_a_pre_push_hook_reach_the_worker(project: Project, worker: Worker) -> None:
    hook = worker.repo.path / ".git" / "hooks" / "pre-push"
    hook.write_text("#!/bin/sh\necho 'lint: one.txt has no last line' >&2\nexit 1\n")
    hook.chmod(0o755)
    before = project.remote.refs()
    refused = worker.run("submit", "--json", ok=3)
    assert refused.json["code"] == "push-refused"
    assert "lint: one.txt has no last line" in refused.json["message"]
    assert project.remote.refs() == before


def test_the_words_of_a_hook_of_the_remote_reach_the_worker(project: Project, worker: Worker) -> None:
    hook = project.remote.path / "hooks" / "update"
    hook.write_text('#!/bin/sh\ncase "$1" in refs/heads/*) echo "no pushes on Sundays"; exit 1;; esac\n')
    hook.chmod(0o755)
    refused = worker.run("submit", "--json", ok=3)
    assert refused.json["code"] == "push-refused"
    assert "no pushes on Sundays" in refused.json["message"]
    assert len(record(project)) == 1, "nothing is recorded as handed in that nobody has got"


def test_work_without_commits_is_refused_unless_it_is_meant(project: Project) -> None:
    worker = project.worker("1")
    worker.run("checkout", "1", ok=0)
    before = project.remote.refs()
    refused = worker.run("submit", "--json", ok=1)
    assert refused.json["code"] == "no-commits-of-its-own"
    assert project.remote.refs() == before
    handed = worker.run("submit", "--allow-empty", "--json", ok=0).json
    assert handed["notes"] == [f"{BRANCH} has no changes of its own"]
    landed = project.run("merge-level", "0", "--json", ok=1).json["landed"]
    assert [one["task"] for one in landed] == ["1"]


def test_work_pushed_after_an_empty_hand_in_is_pointed_out_and_can_be_handed_in(project: Project) -> None:
    worker = project.worker("1")
    worker.run("checkout", "1", ok=0)
    worker.run("submit", "--allow-empty", ok=0)
    worker.write({"one.txt": "late\n"})
    worker.repo.git("push", "--quiet", "origin", BRANCH)
    warnings = project.run("status", "--json", ok=0).json["warnings"]
    assert [(one["code"], one["task"]) for one in warnings] == [("unlanded-commits", "1")]
    worker.run("submit", ok=0)
    assert project.run("status", "--json", ok=0).json["warnings"] == []
    project.run("merge-level", "0", "--json", ok=1)
    assert project.remote.read("main", "one.txt") == "late"


def test_a_task_is_handed_in_by_its_id_from_another_branch(project: Project, worker: Worker) -> None:
    commit = worker.repo.tip("HEAD")
    worker.repo.git("switch", "--quiet", "main")
    (worker.repo.path / "src" / "main.rs").write_text("half of something else\n")
    worker.run("submit", "1", ok=0)
    assert project.remote.tip(BRANCH) == commit


@pytest.mark.parametrize("head", ["main", "--detach"])
def test_without_an_id_the_branch_has_to_belong_to_a_task(
    project: Project, worker: Worker, head: str
) -> None:
    worker.repo.git("switch", "--quiet", head)
    refused = worker.run("submit", "--json", ok=2)
    assert refused.json["code"] == "which-task"
    assert "gitcoord submit TASK" in refused.json["hint"]


def test_commits_on_a_detached_head_are_not_left_behind(project: Project, worker: Worker) -> None:
    worker.repo.git("switch", "--quiet", "--detach")
    worker.run("submit", "1", ok=0)
    worker.write({"more.txt": "more\n"})
    refused = worker.run("submit", "1", "--json", ok=1)
    assert refused.json["code"] == "detached"
    worker.repo.git("switch", "--quiet", "-C", BRANCH)
    worker.run("submit", ok=0)
    assert project.remote.read(BRANCH, "more.txt") == "more"


def test_a_rebase_in_progress_is_not_handed_in(project: Project, worker: Worker) -> None:
    project.remote.commit({"one.txt": "base\n"})
    worker.repo.git("fetch", "--quiet")
    worker.repo.git("rebase", "origin/main", ok=(1,))
    refused = worker.run("submit", "1", "--json", ok=1)
    assert refused.json["code"] == "unfinished"
    assert "git rebase --continue" in refused.json["hint"]


def test_a_task_that_nobody_began_has_nothing_to_hand_in(project: Project) -> None:
    refused = project.run("submit", "2", "--json", ok=2)
    assert refused.json["code"] == "no-branch"
    assert "gitcoord checkout 2" in refused.json["hint"]


def test_work_that_has_landed_may_be_handed_in_again_in_vain(project: Project, worker: Worker) -> None:
    worker.run("submit", ok=0)
    project.run("merge-level", "0", ok=1)
    before = project.remote.refs()
    assert worker.run("submit", "--json", ok=0).json["notes"] == ["it has already landed"]
    assert project.remote.refs() == before


def test_a_dry_run_changes_nothing(project: Project, worker: Worker) -> None:
    before = project.remote.refs()
    assert "would be pushed" in worker.run("submit", "--dry-run", ok=0).err
    assert project.remote.refs() == before


def test_a_dry_run_tells_of_the_fold_and_of_what_is_in_its_way(tmp_path: Path) -> None:
    project = Project.create(tmp_path, independent("1", "2"), strategy="single-pr")
    first, second = project.worker("1"), project.worker("2")
    for worker in (first, second):
        worker.run("checkout", worker.id, ok=0)
        worker.write({"one.txt": f"{worker.id}\n"})
    before = project.remote.refs()
    told = first.run("submit", "--dry-run", "--json", ok=0)
    assert told.json["folded_into"] == "feature/level-0-implementation"
    assert "would be merged into feature/level-0-implementation" in told.err
    assert project.remote.refs() == before
    first.run("submit", ok=0)
    before = project.remote.refs()
    told = second.run("submit", "--dry-run", "--json", ok=1)
    assert (told.json["folded_into"], told.json["conflicts"]) == (None, ["one.txt"])
    assert "it would be deferred" in told.err
    assert project.remote.refs() == before
    assert second.run("submit", "--json", ok=1).json["code"] == "conflict"


def test_what_was_amended_after_a_push_replaces_that_push_and_nothing_of_others(tmp_path: Path) -> None:
    project = Project.create(tmp_path, independent("1", "2"))
    worker = project.worker("1")
    worker.do({"one.txt": "1\n"})
    old = worker.repo.tip("HEAD")
    (worker.repo.path / "one.txt").write_text("better\n")
    worker.repo.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    refused = worker.run("submit", "--json", ok=1).json
    assert (refused["code"], "gitcoord submit 1 --amended" in refused["hint"]) == ("rewritten", True)
    assert project.remote.tip(BRANCH) == old
    worker.run("submit", "--amended", ok=0)
    assert project.remote.tip(BRANCH) == worker.repo.tip("HEAD")
    assert [one["task"] for one in project.run("merge-level", "--json", ok=1).json["landed"]] == ["1"]
    assert project.remote.read("main", "one.txt") == "better"

    second = project.worker("2")
    second.do({"two.txt": "2\n"})
    theirs = project.remote.commit({"more.txt": "x\n"}, branch="feature/level-0-task-2")
    second.repo.git("commit", "--quiet", "--amend", "-m", "other words")
    assert second.run("submit", "--amended", "--json", ok=1).json["code"] == "behind"
    assert project.remote.tip("feature/level-0-task-2") == theirs
