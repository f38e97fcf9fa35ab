"""Stores over real repositories, and plans and events to put there."""

from collections.abc import Sequence

from gitcoord.event_stamp import now
from gitcoord.events import TaskStarted, TaskSubmitted
from gitcoord.git.locate_repository import locate
from gitcoord.git.remote_refs import SharedRefs
from gitcoord.planning.model import Plan, PlannedLevel, PlannedTask, Schedule, Schedules
from gitcoord.state.store import Store
from gitcoord.tasks.model import TaskId
from tests.support.repos import Repo

STATE = "refs/gitcoord/"


def store_of(repo: Repo) -> Store:
    """The store as a worker in `repo` sees it, freshly read."""
    repository = locate(repo.path).open()
    store = Store(repository, SharedRefs(repository, STATE))
    store.refresh()
    return store


def started(task: str, by: str = "worker", at: str | None = None) -> TaskStarted:
    """A task's start."""
    return TaskStarted(at=at or now(), by=by, task=task, branch=f"feature/level-0-task-{task}", base="0" * 40)


def submitted(task: str, head: str, by: str = "worker", at: str | None = None) -> TaskSubmitted:
    """A task's hand-in."""
    return TaskSubmitted(at=at or now(), by=by, task=task, branch=f"feature/level-0-task-{task}", head=head)


def plan_of(levels: Sequence[Sequence[Sequence[str]]], *, title: str = "Task") -> Plan:
    """A plan with these levels of waves of tasks, by hand."""
    rows = [
        (TaskId(task), number, wave)
        for number, waves in enumerate(levels)
        for wave, ids in enumerate(waves, 1)
        for task in ids
    ]
    schedule = Schedule(duration=1, speedup=1, efficiency=1)
    return Plan(
        base="main",
        strategy="multi-pr",
        tag="master",
        max_parallel=4,
        levels=tuple(
            PlannedLevel(
                number=number,
                name=f"level-{number}",
                branch=f"feature/level-{number}-implementation",
                waves=tuple(tuple(map(TaskId, wave)) for wave in waves),
                tasks=tuple(TaskId(task) for wave in waves for task in wave),
            )
            for number, waves in enumerate(levels)
        ),
        tasks={
            task: PlannedTask(
                id=task,
                title=f"{title} {task}",
                branch=f"feature/level-{number}-task-{task}",
                level=number,
                wave=wave,
            )
            for task, number, wave in rows
        },
        critical_path=(),
        schedules=Schedules(sequential=schedule, level_barrier=schedule, no_barrier=schedule),
    )
