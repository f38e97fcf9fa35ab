"""Finds the tasks in progress or landed, and compares them with the tasks of a list."""

from collections.abc import Collection, Mapping

from gitcoord.errors import Exit, GitcoordError
from gitcoord.git.git_cli import Oid
from gitcoord.natural_order import natural_key
from gitcoord.planning.model import Plan
from gitcoord.planning.plan_identity import (
    ChangedTask,
    changed_tasks,
    entries_of,
    is_another,
    listed_identities,
)
from gitcoord.state.task_history import Progress
from gitcoord.task_identity import TaskIdentity
from gitcoord.tasks.model import Finding, TaskId, TaskList

_MOST = 6


def begun_tasks(
    saved: Plan | None, progress: Mapping[TaskId, Progress], tips: Mapping[str, Oid]
) -> set[TaskId]:
    """Returns the tasks and subtasks with work: recorded work, or an existing branch."""
    begun = {task for task, task_progress in progress.items() if task_progress.begun}
    planned = saved.tasks.values() if saved is not None else ()
    return begun | {task.id for task in planned if task.branch in tips}


def known_identities(
    saved: Plan | None, progress: Mapping[TaskId, Progress], tips: Mapping[str, Oid]
) -> dict[TaskId, TaskIdentity]:
    """Returns the identity of every task with work, from the journal, else from the plan."""
    planned = saved.identities() if saved is not None else {}
    found = {}
    for task in sorted(begun_tasks(saved, progress, tips), key=natural_key):
        task_progress = progress.get(task)
        identity = (task_progress.identity if task_progress is not None else None) or planned.get(task)
        if identity is not None:
            found[task] = identity
    return found


def find_changes(
    listed: TaskList,
    saved: Plan | None,
    progress: Mapping[TaskId, Progress],
    tips: Mapping[str, Oid],
    among: Collection[TaskId] | None = None,
) -> list[ChangedTask]:
    """Returns the tasks with work whose id belongs to another task in `listed`, or which have a new id there.

    With `among`, returns only tasks of these.
    """
    known = known_identities(saved, progress, tips)
    if among is not None:
        known = {task: identity for task, identity in known.items() if task in among}
    earlier = saved.identities() if saved is not None else {}
    return changed_tasks(known, listed_identities(listed), earlier) if known else []


def find_others(
    listed: TaskList,
    saved: Plan,
    progress: Mapping[TaskId, Progress],
    tips: Mapping[str, Oid],
    among: Collection[TaskId] | None = None,
) -> list[ChangedTask]:
    """Finds changed tasks for a command that uses the plan; its checkout may have a list with other texts.

    Counts a task only if its id is missing in the list, or if both title and details differ.
    """
    changes = find_changes(listed, saved, progress, tips, among)
    entries, known = entries_of(listed), known_identities(saved, progress, tips) if changes else {}
    return [
        change
        for change in changes
        if change.task not in entries or is_another(known[change.task], entries[change.task])
    ]


def tasks_changed(changes: Collection[ChangedTask], source: str) -> GitcoordError:
    """Returns the error (exit 2) for a task list in which ids of tasks with work belong to other tasks."""
    many = len(changes) > 1
    what = (
        f"{len(changes)} task{'s' if many else ''} in progress or landed {'do' if many else 'does'} not match"
    )
    said = "; ".join(change.sentence() for change in list(changes)[:_MOST])
    more = f"; and {len(changes) - _MOST} more" if len(changes) > _MOST else ""
    moved = any(change.moved_to is not None for change in changes)
    words = (
        "If tasks only got new ids, give them their old ids back."
        if moved
        else "If only the texts changed: `gitcoord plan --same-tasks`."
    )
    return GitcoordError(
        "tasks-changed",
        f"{what} {source or 'the task list'}: {said}{more}.",
        hint="If it is another task list: `gitcoord plan --new-list`, which gives it its own branches and "
        f"journal. {words}",
        exit=Exit.USAGE,
        findings=[
            Finding(code="task-changed", message=f"Task {change.sentence()}.", task=change.task)
            for change in changes
        ],
    )
