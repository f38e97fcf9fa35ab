"""Many workers at the same moment on one shared repository: nothing is lost and nothing is in twice."""

import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import NamedTuple

import pytest

from tests.support.cli import Ran, environment, gitcoord
from tests.support.project import Project, independent
from tests.support.repos import Repo

TEN = ["1", "2", "3", "4", "5", "6", "9", "10", "11", "12"]
PAIRS = [("1", "2"), ("11", "12")]
"""Tasks that both change the same line."""
SHARED = {"1": "one.txt", "2": "one.txt", "11": "two.txt", "12": "two.txt"}

Prepare = Callable[[Project, str], Path]


class Handed(NamedTuple):
    """What became of one worker."""

    task: str
    taken: Ran
    submitted: Ran
    commit: str


def _own_clone(project: Project, task: str) -> Path:
    return project.worker(task).repo.path


def _own_worktree(project: Project, task: str) -> Path:
    return project.desk.path.parent / f"tree {task}"


def _work(project: Project, task: str, place: Path, start: Barrier) -> Handed:
    worker = {"GITCOORD_WORKER": f"worker-{task}"}
    start.wait()
    if place.exists():
        taken = gitcoord("checkout", task, cwd=place, env=worker)
    else:
        taken = gitcoord("checkout", task, "--worktree", str(place), cwd=project.desk.path, env=worker)
    assert taken.code == 0, taken.err
    _change(place, task)
    _git(place, "add", "--all")
    _git(place, "commit", "--quiet", "-m", f"Do task {task}")
    submitted = gitcoord("submit", cwd=place, env=worker)
    return Handed(task, taken, submitted, Repo(place).git("rev-parse", "HEAD"))


def _change(place: Path, task: str) -> None:
    (place / "work").mkdir(exist_ok=True)
    (place / "work" / f"{task}.txt").write_text(f"the work on {task}\n")
    if task in SHARED:
        (place / SHARED[task]).write_text(f"{task} was here\n")


def _git(place: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=place, env=environment(), check=True, capture_output=True)


def _all_at_once(project: Project, prepare: Prepare, workers: Sequence[str]) -> list[Handed]:
    places = [(task, prepare(project, task)) for task in workers]
    start = Barrier(len(places))
    with ThreadPoolExecutor(len(places)) as pool:
        working = [pool.submit(_work, project, task, place, start) for task, place in places]
        return [one.result() for one in working]


def _events(project: Project, workers: Sequence[str]) -> dict[str, Counter[str]]:
    """How often each kind of event is in the log of each task; the log is complete."""
    log = project.run("log", "--json", ok=0).json["events"]
    counts = {task: Counter(entry["event"] for entry in log if entry["task"] == task) for task in workers}
    for task, events in counts.items():
        commits = project.remote.git("rev-list", "--count", f"refs/gitcoord/tasks/{task}")
        assert events.total() == int(commits), task
    return counts


@pytest.fixture
def project(tmp_path: Path, strategy: str, workers: Sequence[str]) -> Project:
    files = {"one.txt": "free\n", "two.txt": "free\n"}
    made = Project.create(tmp_path, independent(*workers), strategy=strategy, files=files)
    made.desk.git("pull", "--quiet")
    return made


@pytest.mark.parametrize(
    ("strategy", "prepare", "workers"),
    [("single-pr", _own_clone, TEN), ("multi-pr", _own_worktree, TEN)],
    ids=["single-pr-clones", "multi-pr-worktrees"],
)
def test_many_workers_at_once_lose_nothing_and_land_everything_once(
    project: Project, prepare: Prepare, strategy: str, workers: Sequence[str]
) -> None:
    handed = _all_at_once(project, prepare, workers)
    _nobodys_work_is_lost(project, handed)
    late = _the_record_is_whole(project, handed, strategy)
    _land(project, handed, late)
    _everything_is_in_once(project, handed)


def _nobodys_work_is_lost(project: Project, handed: Sequence[Handed]) -> None:
    for one in handed:
        branch = f"feature/level-0-task-{one.task}"
        assert one.taken.out == f"{branch}\n"
        assert project.remote.tip(branch) == one.commit
        assert project.remote.read(branch, f"work/{one.task}.txt") == f"the work on {one.task}"


def _the_record_is_whole(project: Project, handed: Sequence[Handed], strategy: str) -> list[str]:
    """Checks every event of every task; returns the tasks that came too late into a conflict."""
    late = [one.task for one in handed if one.submitted.code != 0]
    if strategy == "multi-pr":
        assert late == []
    else:
        assert [len(set(pair) & set(late)) for pair in PAIRS] == [1, 1], late
        assert len(late) == len(PAIRS)
    for task, events in _events(project, [one.task for one in handed]).items():
        wanted = Counter(started=1, submitted=1)
        if strategy == "single-pr":
            wanted["deferred" if task in late else "folded"] = 1
        assert events == wanted, task
    return late


def _land(project: Project, handed: Sequence[Handed], late: Sequence[str]) -> None:
    first = project.run("merge-level", "level-0", "--json", ok=1).json
    deferred = [one["task"] for one in first["deferred"]]
    assert [len(set(pair) & set(deferred)) for pair in PAIRS] == [1, 1]
    assert not late or sorted(late) == sorted(deferred)
    assert sorted(one["task"] for one in first["landed"]) == sorted(
        {one.task for one in handed} - set(deferred)
    )
    assert first["waiting"] == []
    for task in deferred:
        place = project.worker(task).repo.path
        gitcoord("checkout", task, cwd=place, ok=0)
        (place / SHARED[task]).write_text("both were here\n")
        gitcoord("submit", cwd=place, ok=0)
    last = project.run("merge-level", "level-0", "--json", ok=0).json
    assert sorted(one["task"] for one in last["landed"]) == sorted(one.task for one in handed)


def _everything_is_in_once(project: Project, handed: Sequence[Handed]) -> None:
    commits = project.remote.git("log", "--no-merges", "--format=%H", "main").splitlines()
    assert sorted(commits) == sorted([*(one.commit for one in handed), commits[-1]])
    files = {path for path in project.remote.files("main") if path.startswith("work/")}
    assert files == {f"work/{one.task}.txt" for one in handed}
    assert [project.remote.read("main", path) for path in ("one.txt", "two.txt")] == ["both were here"] * 2
    assert all(events["landed"] == 1 for events in _events(project, [one.task for one in handed]).values())
