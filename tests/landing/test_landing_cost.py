"""Landing starts few git processes for each task: most of what they answer is read in-process."""

from pathlib import Path

from tests.support.cli import gitcoord
from tests.support.git_processes import VARIABLE, count_processes
from tests.support.project import independent
from tests.support.repos import Repo
from tests.support.tasklists import write_tasks


def _processes(place: Path, count: int) -> int:
    repo = Repo.create(place / "repo")
    repo.commit({"a": "a"})
    ids = [str(number) for number in range(1, count + 1)]
    write_tasks(repo.path, independent(*ids))
    gitcoord("plan", "--strategy", "multi-pr", cwd=repo.path, ok=0)
    repo.commit_many([(f"feature/level-0-task-{id}", "main", {f"{id}.txt": id}) for id in ids])
    trace = place / "trace"
    gitcoord("merge-level", cwd=repo.path, env={VARIABLE: str(trace)}, ok=0)
    assert all((repo.path / f"{id}.txt").exists() for id in ids)
    return count_processes(trace).all


def test_a_task_more_costs_at_most_21_processes(tmp_path: Path) -> None:
    few, many = _processes(tmp_path / "few", 2), _processes(tmp_path / "many", 5)
    assert 0 < (many - few) / 3 <= 21


def test_two_tasks_cost_at_most_54_processes(tmp_path: Path) -> None:
    assert _processes(tmp_path, 2) <= 54
