"""Finds the subtasks that are done: the journal names their heads, and git proves where these are."""

from collections.abc import Container, Mapping

from gitcoord.git.ancestry import Ancestry
from gitcoord.git.git_cli import Oid
from gitcoord.planning.model import Plan
from gitcoord.state.task_history import Progress
from gitcoord.tasks.model import TaskId


def done_subtasks(
    plan: Plan,
    progress: Mapping[TaskId, Progress],
    tips: Mapping[str, Oid],
    ancestry: Ancestry,
    landed: Container[TaskId],
) -> set[TaskId]:
    """Returns the subtasks that are done: their work is in the parent's branch, or landed with it."""
    done: set[TaskId] = set()
    for task in plan.tasks.values():
        folded = {part.id: progress[part.id].folded for part in task.subtasks if part.id in progress}
        heads = {id: fold.head for id, fold in folded.items() if fold is not None}
        if task.id in landed:
            done.update(part.id for part in task.subtasks)
        elif task.branch in tips and heads:
            inside = ancestry.contained(tips[task.branch], ancestry.existing(set(heads.values())))
            done.update(id for id, head in heads.items() if head in inside)
    return done
