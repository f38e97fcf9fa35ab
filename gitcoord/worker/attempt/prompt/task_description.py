"""Finds the text of a worker's task, in the plan or in a task list here.

If the two differ, the plan's text is used, because everybody shares the plan and nobody can tell which text
is newer. The text of a list that `--tasks` names is used even if it differs from the plan's.
"""

import msgspec

from gitcoord.errors import GitcoordError
from gitcoord.planning.parts import HOME
from gitcoord.planning.task_texts import task_texts
from gitcoord.state.known_tasks import find_others, tasks_changed
from gitcoord.tasks.model import Task, TaskList
from gitcoord.tasks.reader import read_task_list
from gitcoord.worker.attempt.request import WorkerOrder
from gitcoord.worker.task_context import TaskContext
from gitcoord.worker.unit import WorkUnit


class TaskDescription(msgspec.Struct, frozen=True, kw_only=True):
    """The task's text (None: only its title is known), and notes about its origin."""

    task: Task | None = None
    notes: tuple[str, ...] = ()


def describe(task_context: TaskContext, unit: WorkUnit, order: WorkerOrder) -> TaskDescription:
    """Finds the text of the unit's task.

    Raises `tasks-changed` (exit 2) if the task has work, but its id belongs to another task in the list here.
    """
    notes: list[str] = []
    listed = _read(task_context, order, notes)
    if listed is not None:
        own = {unit.id, unit.task.id}
        others = find_others(listed, task_context.plan, task_context.progress, task_context.tips, own)
        if others:
            raise tasks_changed(others, listed.source)
    here = next((task for task in listed.tasks if task.id == unit.task.id), None) if listed else None
    kept = task_context.store.saved.texts().get(unit.task.id)
    if kept is None or (here is not None and order.tasks is not None):
        return TaskDescription(task=here, notes=tuple(notes))
    if here is None:
        return TaskDescription(task=kept.task(unit.task.id), notes=tuple(notes))
    if task_texts([here])[unit.task.id] == kept:
        return TaskDescription(task=here, notes=tuple(notes))
    where = listed.source if listed is not None else "the task list"
    notes.append(
        f"the text of task {unit.task.id} in {where} differs from the plan's, which is used; "
        "`gitcoord plan` updates the plan"
    )
    return TaskDescription(task=kept.task(unit.task.id), notes=tuple(notes))


def _read(task_context: TaskContext, order: WorkerOrder, notes: list[str]) -> TaskList | None:
    part = task_context.plan.part
    if part is not None and part.name not in ("", HOME) and order.tasks is None:
        return None  # the plan's list is in the home repository; a list here is another one
    try:
        return read_task_list(
            root=task_context.repository.root,
            tasks=order.tasks,
            tag=order.tag or task_context.plan.tag,
            kept_list=task_context.plan.source,
            usual=task_context.settings.tasks.origin,
            environ={},
        )
    except GitcoordError as error:
        if order.tasks is not None:
            notes.append(f"the task list was not read: {error.message}")
        return None
