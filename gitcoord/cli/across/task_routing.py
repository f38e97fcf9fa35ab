"""Finds the repositories in which a command about one task acts: this one, or those of the task."""

from pathlib import Path

import msgspec

from gitcoord.cli.context import Context, acts_across, open_context
from gitcoord.errors import GitcoordError, usage_error
from gitcoord.planning.model import Plan, PlannedTask
from gitcoord.tasks.model import TaskId


class TaskPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A repository in which a command acts; `name` is empty if there is only this one.

    `tasks`: the command's tasks that work there; only `places_with` sets it.
    """

    name: str
    context: Context
    tasks: tuple[str, ...] = ()

    def says(self, line: str) -> str:
        """Returns `line` with the repository's name, if it has one, in front of it."""
        return f"{self.name}: {line}" if self.name else line


def places_of(task: str | None, *, restores: bool = False, reads: bool = False) -> list[TaskPlace]:
    """Returns the repositories in which a command about `task` acts. Raises `no-such-task` or `no-plan`.

    Without a task, returns this repository: the checked-out branch identifies the task. For a plan over
    several repositories, fetches the shared refs; with a task and without `reads`, also updates the parts.
    """
    context = open_context(restores=restores, reads=reads, several=True)
    if not acts_across(context.settings):
        return [TaskPlace(name="", context=context)]
    if task is None:
        context.store.refresh()
        if context.store.plan() is None:
            raise no_task_here(context, "Name the task.")
        return [TaskPlace(name="", context=context)]
    from gitcoord.cli.across.repositories import Repositories

    several = Repositories(context)
    several.refresh()
    plan = several.plan()
    names = owner(plan, task.strip()).repositories
    if not reads:
        several.update_parts(plan)
    return [TaskPlace(name=name, context=several.contexts[name]) for name in names]


def no_task_here(context: Context, way_out: str) -> GitcoordError:
    """Returns the error for a home repository without tasks. Raises `no-plan` if no plan is saved."""
    from gitcoord.cli.across.repositories import across

    across(context).store.require_plan()
    return usage_error("no-plan", "No task of the plan works in this repository.", way_out)


def directory_in(worktree: Path | None, place: TaskPlace, count: int) -> Path | None:
    """Returns the worktree for a repository: a subdirectory of `worktree` if `count` is more than 1."""
    return worktree / place.name if worktree is not None and count > 1 else worktree


def owner(plan: Plan, task: str) -> PlannedTask:
    """Returns the task with the id `task`, or with a subtask of that id. Raises `no-such-task` (exit 2)."""
    from gitcoord.worker.manual_subtasks import subtask_of
    from gitcoord.worker.task_context import find_task

    if TaskId(task) in plan.tasks:
        return plan.tasks[TaskId(task)]
    part = subtask_of(plan, task)
    return part.task if part is not None else find_task(plan, task)
