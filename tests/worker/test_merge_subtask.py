"""`gitcoord submit` under single-PR: folding into the level branch there and then."""

from pathlib import Path

import pytest

from tests.support.cli import start_gitcoord
from tests.support.project import Project, independent
from tests.support.tasklists import task
from tests.worker.test_submit import record

LEVEL = "feature/level-0-implementation"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    tasks = [*independent("1", "2", "3"), task(4, depends_on=[1])]
    return Project.create(tmp_path, tasks, strategy="single-pr", files={"shared.txt": "free\n"})


def test_the_first_hand_in_makes_the_level_branch_and_the_next_adds_to_it(project: Project) -> None:
    first = project.worker("1").do({"one.txt": "1\n"})
    assert f"merged into {LEVEL}" in first.err
    project.worker("2").do({"two.txt": "2\n"})
    assert {"one.txt", "two.txt"} <= set(project.remote.files(LEVEL))
    assert "one.txt" not in project.remote.files("main")


def test_what_does_not_fold_is_named_and_stays_safe_on_the_remote(project: Project) -> None:
    project.worker("1").do({"shared.txt": "1\n"})
    level = project.remote.tip(LEVEL)
    worker = project.worker("2")
    worker.run("checkout", "2", ok=0)
    worker.write({"shared.txt": "2\n"})
    refused = worker.run("submit", "--json", ok=1)
    assert refused.json["code"] == "conflict"
    assert "Task 2 conflicts with task 1 in shared.txt" in refused.json["message"]
    assert "safe on feature/level-0-task-2" in refused.json["message"]
    assert project.remote.read("feature/level-0-task-2", "shared.txt") == "2"
    assert project.remote.tip(LEVEL) == level


def test_handing_in_the_same_conflict_again_adds_nothing_to_the_record(project: Project) -> None:
    project.worker("1").do({"shared.txt": "1\n"})
    worker = project.worker("2")
    assert worker.do({"shared.txt": "2\n"}).code == 1
    before = project.remote.refs()
    again = worker.run("submit", "--json", ok=1).json
    assert again["code"] == "conflict"
    assert "gitcoord checkout 2" in again["hint"]
    assert project.remote.refs() == before


def test_the_conflict_is_resolved_against_the_level_branch_before_anything_has_landed(
    project: Project,
) -> None:
    project.worker("1").do({"shared.txt": "1\n"})
    worker = project.worker("2")
    worker.do({"shared.txt": "2\n"})
    worker.run("checkout", "2", ok=0)
    (worker.repo.path / "shared.txt").write_text("1 and 2\n")
    worker.run("submit", ok=0)
    assert project.remote.read(LEVEL, "shared.txt") == "1 and 2"
    assert [line.split(" ")[2].rstrip(":") for line in record(project, "2")] == [
        "started",
        "submitted",
        "deferred",
        "submitted",
        "folded",
    ]


def test_a_fold_that_was_cut_short_is_made_up_for_by_submitting_again(project: Project) -> None:
    worker = project.worker("1")
    worker.do({"one.txt": "1\n"})
    project.remote.git("update-ref", "-d", f"refs/heads/{LEVEL}")
    worker.run("submit", ok=0)
    assert "one.txt" in project.remote.files(LEVEL)


def test_stacked_work_waits_for_its_dependencies_before_it_is_folded(project: Project) -> None:
    project.worker("1").do({"one.txt": "1\n"})
    worker = project.worker("4")
    worker.run("checkout", "4", "--stack", ok=0)
    worker.write({"four.txt": "4\n"})
    notes = worker.run("submit", "--json", ok=0).json["notes"]
    assert notes == ["it will be folded into the level branch when task 1 has landed"]
    assert project.remote.find("refs/heads/feature/level-1-implementation") is None


def test_workers_who_fold_at_the_same_moment_are_all_in(project: Project) -> None:
    workers = [project.worker(id) for id in ("1", "2", "3")]
    for worker in workers:
        worker.run("checkout", worker.id, ok=0)
        worker.write({f"{worker.id}.txt": f"{worker.id}\n"})
    running = [start_gitcoord("submit", cwd=worker.repo.path) for worker in workers]
    ended = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], ended
    assert {"1.txt", "2.txt", "3.txt"} <= set(project.remote.files(LEVEL))
