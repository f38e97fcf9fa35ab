"""Selects the contents of a plan from a task list: tasks, dependencies, subtasks, and pinned places."""

from collections.abc import Collection, Mapping, Sequence

from gitcoord.planning.model import Plan, PlannedSubtask, PlannedTask
from gitcoord.planning.waves import planned_subtasks
from gitcoord.tasks.model import ListedStatus, Task, TaskId, TaskList


def listed_ids(tasks: TaskList) -> frozenset[TaskId]:
    """Returns the ids of all tasks and subtasks of the list."""
    below = (subtask.id for task in tasks.tasks for subtask in task.subtasks)
    return frozenset((*(task.id for task in tasks.tasks), *below))


def satisfied_tasks(tasks: TaskList, cancelled_satisfies: bool) -> tuple[TaskId, ...]:
    """Returns the tasks that satisfy their dependents: done ones, and cancelled ones if so configured."""
    settled = {ListedStatus.DONE, ListedStatus.CANCELLED} if cancelled_satisfies else {ListedStatus.DONE}
    return tuple(task.id for task in tasks.tasks if task.status in settled)


def chosen_tasks(tasks: TaskList, satisfied: Collection[TaskId], previous: Plan | None) -> list[Task]:
    """Returns the tasks to plan: those that are not satisfied, and those in the earlier plan."""
    left_out = set(satisfied) - (previous.tasks.keys() if previous else set())
    return [task for task in tasks.tasks if task.id not in left_out]


def planned_needs(task: Task, everything: bool, previous: Plan | None) -> tuple[TaskId, ...]:
    """Returns the dependencies of the task: all with `everything`, else without most finished ones.

    Keeps finished ones that the task had in the earlier plan: without them it would change its level, and
    thus its branch, whenever a dependency is done.
    """
    if everything or not task.settled:
        return task.depends_on
    before = previous.tasks.get(task.id) if previous else None
    kept = before.depends_on if before else ()
    return tuple(need for need in task.depends_on if need not in task.settled or need in kept)


def remaining_parts(
    tasks: TaskList, chosen: Sequence[Task], needs: Mapping[TaskId, Collection[TaskId]], everything: bool
) -> dict[TaskId, tuple[PlannedSubtask, ...]]:
    """Returns the remaining subtasks of each task that has any."""
    if not any(task.subtasks for task in chosen):
        return {}
    owners = {subtask.id: task.id for task in tasks.tasks for subtask in task.subtasks}
    planned = {
        task.id: planned_subtasks(task, everything=everything, needs=needs[task.id], owners=owners)
        for task in chosen
        if task.subtasks
    }
    return {task: parts for task, parts in planned.items() if parts}


def pinned_places(
    chosen: Sequence[Task], previous: Plan | None, under_way: Collection[TaskId]
) -> dict[TaskId, PlannedTask]:
    """Returns the earlier places of tasks in progress, which must not change."""
    if previous is None:
        return {}
    kept = (task.id for task in chosen if task.id in under_way)
    return {task: previous.tasks[task] for task in kept if task in previous.tasks}
