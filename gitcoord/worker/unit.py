"""The unit that a worker does: a task, or one subtask, which has its own branch beside its parent's."""

import msgspec

from gitcoord.errors import usage_error
from gitcoord.planning.branch_names import is_branch_name
from gitcoord.planning.model import Plan, PlannedSubtask, PlannedTask
from gitcoord.tasks.model import TaskId


class WorkUnit(msgspec.Struct, frozen=True, kw_only=True):
    """A unit of work: `task` is the task or the subtask's parent; the worker commits on `branch`."""

    id: TaskId
    task: PlannedTask
    subtask: PlannedSubtask | None = None
    branch: str

    @property
    def title(self) -> str:
        """The title of the task or subtask."""
        return self.task.title if self.subtask is None else self.subtask.title


def find_unit(plan: Plan, id: str) -> WorkUnit:
    """The unit with this id; raises `no-such-task` or `task-done` (exit 2)."""
    wanted = TaskId(id.strip())
    for task in plan.tasks.values():
        for subtask in task.subtasks:
            if subtask.id == wanted:
                branch = subtask_branch(task.branch, task.id, wanted)
                return WorkUnit(id=wanted, task=task, subtask=subtask, branch=branch)
    if wanted not in plan.tasks:
        from gitcoord.worker.task_context import find_task  # its error names the ids that exist

        find_task(plan, id)
    task = plan.tasks[wanted]
    return WorkUnit(id=task.id, task=task, branch=task.branch)


def subtask_branch(parent_branch: str, parent: TaskId, subtask: TaskId) -> str:
    """The branch of a subtask, beside the parent's: git cannot have a ref below another ref."""
    name = f"{parent_branch}-subtask-{subtask.removeprefix(f'{parent}.')}"
    if is_branch_name(name):
        return name
    import hashlib  # the import loads OpenSSL

    digest = hashlib.sha256(subtask.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{parent_branch}-subtask-{digest}"


def has_parts(unit: WorkUnit) -> Exception:
    """The error for a parent with unfinished subtasks."""
    parts = ", ".join(subtask.id for subtask in unit.task.subtasks)
    return usage_error(
        "has-subtasks",
        f"Task {unit.id} is done through its subtasks, and not all of them are done.",
        f"Give a worker one of them: {parts}.",
    )
