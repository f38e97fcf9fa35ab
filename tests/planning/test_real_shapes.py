"""Lists as they really occur: all of it planned, again as work gets done, and in parts under a cap."""

from pathlib import Path

import msgspec
import pytest

from gitcoord.errors import GitcoordError
from gitcoord.planning.waves import capped_waves
from gitcoord.tasks.model import ListedStatus, TaskList
from gitcoord.tasks.reader import read_task_list
from tests.planning.lists import a_plan

LISTS = sorted((Path(__file__).parent.parent.parent / "fixtures" / "tasklists").glob("*.json"))


def read(path: Path) -> TaskList | None:
    try:
        return read_task_list(root=None, tasks=str(path), tag=None, environ={})
    except GitcoordError:
        return None


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_levels_and_branches_stay_from_the_first_task_to_the_last(path: Path) -> None:
    listed = read(path)
    if listed is None:
        return
    tasks = list(listed.tasks)
    first = plan = a_plan(tasks)
    assert a_plan(tasks, everything=True).tasks.keys() == {task.id for task in tasks}
    for id in first.tasks:
        tasks = [
            msgspec.structs.replace(task, status=ListedStatus.DONE) if task.id == id else task
            for task in tasks
        ]
        plan = a_plan(tasks, previous=plan)
        assert {one: (task.level, task.branch) for one, task in plan.tasks.items()} == {
            one: (task.level, task.branch) for one, task in first.tasks.items()
        }
    for most in (1, 2, 4):
        capped = capped_waves(a_plan(tasks, everything=True, max_parallel=most))
        assert all(len(part) <= most for part in capped)
        assert sum(map(len, capped)) == len(tasks)
