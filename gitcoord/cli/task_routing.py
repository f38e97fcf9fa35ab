"""The repositories in which a command about one task acts: here, or where the task works."""

from pathlib import Path

import msgspec

from gitcoord.cli.context import Context, acts_across, open_context
from gitcoord.errors import usage_error
from gitcoord.planning.model import Plan, PlannedTask
from gitcoord.tasks.model import TaskId


class TaskPlace(msgspec.Struct, frozen=True, kw_only=True):
    """The context of one of the repositories of a task; `name` is empty where there is only this one."""

    name: str
    context: Context

    def says(self, line: str) -> str:
        """A line about this repository."""
        return f"{self.name}: {line}" if self.name else line


def places_of(task: str | None, *, restores: bool = False, reads: bool = False) -> list[TaskPlace]:
    """Where a command about `task` acts. Raises `no-such-task`, or what opening the repositories raises.

    The shared refs of a plan over several repositories have been read, and its parts brought up to date.
    """
    context = open_context(restores=restores, reads=reads, several=True)
    if task is None or not acts_across(context.settings):
        return [TaskPlace(name="", context=context)]
    from gitcoord.cli.repositories import Repositories

    several = Repositories(context)
    several.refresh()
    plan = several.plan()
    names = _owner(plan, task.strip()).repositories
    if not reads:
        several.keep_parts(plan)
    return [TaskPlace(name=name, context=several.contexts[name]) for name in names]


def the_place_of(task: str, *, restores: bool = False, reads: bool = False) -> TaskPlace:
    """Where a command acts that works in one repository. Raises `several-repositories` for more (exit 2)."""
    places = places_of(task, restores=restores, reads=reads)
    if len(places) > 1:
        names = ", ".join(place.name for place in places)
        raise usage_error(
            "several-repositories",
            f"Task {task} works in several repositories ({names}), which this command cannot do yet.",
            "Do it with `gitcoord checkout` and `gitcoord submit`, which take all of them.",
        )
    return places[0]


def directory_in(worktree: Path | None, place: TaskPlace, count: int) -> Path | None:
    """The worktree for one of `count` repositories: one below it where they are more."""
    return worktree / place.name if worktree is not None and count > 1 else worktree


def _owner(plan: Plan, task: str) -> PlannedTask:
    from gitcoord.worker.manual_subtasks import subtask_of
    from gitcoord.worker.task_context import find_task

    if TaskId(task) in plan.tasks:
        return plan.tasks[TaskId(task)]
    part = subtask_of(plan, task)
    return part.task if part is not None else find_task(plan, task)
