"""Deferred work: the conflict comes to the worker, and submit completes what was resolved."""

from pathlib import Path

import msgspec
import pytest

from gitcoord.event_stamp import now
from gitcoord.events import TaskDeferred
from gitcoord.landing.defer_task import record_deferral
from gitcoord.tasks.model import TaskId
from tests.state.world import store_of, submitted
from tests.support.copies import copy_of
from tests.support.project import Project, Worker, independent

BRANCH = "feature/level-0-task-2"


@pytest.fixture
def strategy() -> str:
    """Most of this has nothing to do with the strategy."""
    return "multi-pr"


@pytest.fixture
def late(strategy: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Worker:
    """The worker of task 2, which was deferred because task 1 landed first."""

    def make(place: Path) -> Project:
        files = {"shared.txt": "free\n", "gone.txt": "old\n"}
        project = Project.create(place, independent("1", "2"), strategy=strategy, files=files)
        project.worker("1").do({"shared.txt": "1\n", "one.txt": "1\n"})
        project.worker("2").do({"shared.txt": "2\n", "two.txt": "2\n"})
        project.run("merge-level", "0", ok=1)
        return project

    return copy_of(f"deferred {strategy}", make, tmp_path, tmp_path_factory).worker("2")


both_strategies = pytest.mark.parametrize("strategy", ["single-pr", "multi-pr"])


def lands(worker: Worker) -> None:
    report = worker.project.run("merge-level", "0", "--json", ok=0).json
    assert {one["task"] for one in report["landed"]} == {"1", "2"}


@both_strategies
def test_checkout_leaves_the_conflict_and_says_so(late: Worker) -> None:
    taken = late.run("checkout", "2", ok=0)
    assert taken.out == f"{BRANCH}\n"
    assert "conflicts in shared.txt" in taken.err
    assert "<<<<<<<" in (late.repo.path / "shared.txt").read_text()


def test_checkout_again_leaves_the_half_resolved_conflict_alone(late: Worker) -> None:
    late.run("checkout", "2", ok=0)
    (late.repo.path / "shared.txt").write_text("half resolved\n")
    again = late.run("checkout", "2", "--json", ok=0).json
    assert again["conflicts"] == ["shared.txt"]
    assert (late.repo.path / "shared.txt").read_text() == "half resolved\n"


@both_strategies
@pytest.mark.parametrize("add", [True, False], ids=["added", "not added"])
def test_submit_completes_the_merge(late: Worker, add: bool) -> None:
    late.run("checkout", "2", ok=0)
    (late.repo.path / "shared.txt").write_text("1 and 2\n")
    if add:
        late.repo.git("add", "shared.txt")
    late.run("submit", ok=0)
    assert late.project.remote.read(BRANCH, "shared.txt") == "1 and 2"
    assert late.project.remote.read(BRANCH, "one.txt") == "1"
    lands(late)
    assert late.project.remote.read("main", "shared.txt") == "1 and 2"


def test_a_merge_that_the_worker_committed_is_handed_in_as_it_is(late: Worker) -> None:
    late.run("checkout", "2", ok=0)
    late.write({"shared.txt": "1 and 2\n"}, "Resolve by hand")
    late.run("submit", ok=0)
    lands(late)


@pytest.mark.parametrize("add", [True, False], ids=["added", "not added"])
def test_submit_refuses_while_markers_remain(late: Worker, add: bool) -> None:
    late.run("checkout", "2", ok=0)
    if add:
        late.repo.git("add", "--all")
    before = late.project.remote.refs()
    refused = late.run("submit", "--json", ok=1)
    assert refused.json["code"] == "unresolved"
    assert "shared.txt" in refused.json["message"]
    assert late.project.remote.refs() == before
    assert late.repo.find("MERGE_HEAD")


@pytest.mark.parametrize("path", ["new.txt", "two.txt"])
def test_changes_that_the_merge_commit_would_leave_out_are_named(late: Worker, path: str) -> None:
    late.run("checkout", "2", ok=0)
    (late.repo.path / "shared.txt").write_text("1 and 2\n")
    (late.repo.path / path).write_text("forgotten\n")
    refused = late.run("submit", "--json", ok=1)
    assert refused.json["code"] == "unclean"
    assert f"{path}." in refused.json["message"]
    assert "git add" in refused.json["hint"]
    late.repo.git("add", path)
    late.run("submit", ok=0)
    assert late.project.remote.read(BRANCH, path) == "forgotten"


def test_a_file_that_is_gone_has_to_be_removed_by_git(late: Worker) -> None:
    late.run("checkout", "2", ok=0)
    (late.repo.path / "shared.txt").unlink()
    refused = late.run("submit", "--json", ok=1)
    assert refused.json["code"] == "unresolved"
    assert "git rm" in refused.json["hint"]
    late.repo.git("rm", "--quiet", "shared.txt")
    late.run("submit", ok=0)
    assert "shared.txt" not in late.project.remote.files(BRANCH)


@both_strategies
def test_work_that_was_not_touched_since_is_not_taken_again(late: Worker) -> None:
    before = late.project.remote.refs()
    refused = late.run("submit", "--json", ok=1)
    assert refused.json["code"] == "conflict"
    assert "gitcoord checkout 2" in refused.json["hint"]
    assert late.project.remote.refs() == before


def test_uncommitted_changes_keep_the_merge_from_beginning(late: Worker) -> None:
    (late.repo.path / "two.txt").write_text("half done\n")
    refused = late.run("checkout", "2", "--json", ok=1)
    assert refused.json["code"] == "unclean"
    assert "two.txt" in refused.json["message"]
    assert (late.repo.path / "two.txt").read_text() == "half done\n"
    assert late.repo.find("MERGE_HEAD") is None


def test_another_machine_gets_the_conflict_as_well(late: Worker) -> None:
    other = late.project.worker("elsewhere")
    taken = other.run("checkout", "2", "--json", ok=0).json
    assert taken["conflicts"] == ["shared.txt"]
    (other.repo.path / "shared.txt").write_text("1 and 2\n")
    other.run("submit", ok=0)
    lands(late)


@both_strategies
def test_a_conflict_that_has_gone_away_is_merged_without_the_worker(late: Worker) -> None:
    late.project.remote.commit({"shared.txt": "free\n"}, "give way")
    taken = late.run("checkout", "2", "--json", ok=0).json
    assert taken["conflicts"] == []
    assert taken["notes"] == [f"main was merged into {BRANCH} without a conflict"]
    late.run("submit", ok=0)
    lands(late)
    assert late.project.remote.read("main", "shared.txt") == "2"


@pytest.mark.parametrize("side", ["one", "two"])
def test_a_conflict_without_markers_has_to_be_decided(tmp_path: Path, side: str) -> None:
    project = Project.create(tmp_path, independent("1", "2"), files={"gone.txt": "old\n"})
    changed, deleted = ("1", "2") if side == "one" else ("2", "1")
    project.work(changed, {"gone.txt": "new\n"})
    project.work(deleted, {"gone.txt": None})
    project.run("merge-level", "0", ok=1)
    [late] = project.run("merge-level", "0", "--json", ok=1).json["deferred"]
    worker = project.worker(late["task"])
    worker.run("checkout", worker.id, ok=0)
    refused = worker.run("submit", "--json", ok=1)
    assert refused.json["code"] == "unresolved"
    assert "git add" in refused.json["hint"]
    worker.repo.git("add", "gone.txt")
    worker.run("submit", ok=0)
    project.run("merge-level", "0", ok=0)
    assert project.remote.read("main", "gone.txt") == "new"


def test_a_conflict_of_older_work_says_nothing_against_what_was_handed_in_since(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", independent("1"))
    store = store_of(project.desk)
    older, newer = "1" * 40, "2" * 40
    for head in (older, newer):
        store.record(submitted("1", head))
    event = TaskDeferred(at=now(), by="late", task="1", head=older, reason="it conflicts", onto="3" * 40)
    record_deferral(store, event)
    assert store.progress()[TaskId("1")].state == "submitted"
    record_deferral(store, msgspec.structs.replace(event, head=newer))
    assert store.progress()[TaskId("1")].state == "deferred"
