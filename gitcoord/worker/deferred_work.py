"""Deferred work: which commit it conflicts with, and whether it still does."""

from gitcoord.conflicts.exclusive_paths import overtaken
from gitcoord.conflicts.rules import rulebook
from gitcoord.errors import answer_no
from gitcoord.events import TaskDeferred
from gitcoord.git.git_cli import Oid
from gitcoord.git.merge_tree import merge_tree
from gitcoord.landing.level_branch_names import present_round
from gitcoord.tasks.model import TaskId
from gitcoord.worker.stacked_work import rewritten_parents
from gitcoord.worker.task_context import TaskContext

_MOST_LINES = 20


def other_side(context: TaskContext) -> tuple[Oid, str]:
    """Returns commit and name of the base, or of the level branch if only that contains the conflicting work.

    Returns the base for a stacked branch, which has to be merged with the base first.
    """
    deferral = context.mine.deferral
    if deferral is not None and deferral.stands_on:
        return context.base_commit, context.plan.base
    tip = context.local_tip or context.shared_tip
    if tip is not None and context.stacks.heads(context.repository.git, tip):
        return context.base_commit, context.plan.base
    if context.plan.strategy == "single-pr" and deferral is not None:
        name = present_round(context.plan.level_of(context.task.id), context.progress)
        tip = context.tips.get(name)
        others = [TaskId(other) for other in deferral.others]
        if tip is not None and any(other not in context.landed for other in others):
            return tip, name
    return context.base_commit, context.plan.base


def merged_like(context: TaskContext, commit: Oid, head: Oid) -> Oid:
    """Returns the commit with which to merge `head`: `commit` itself, unless that is the base.

    In place of the base, returns a commit with its tree and with the landed heads as additional parents.
    """
    if commit != context.base_commit:
        return commit
    deferral = context.mine.deferral
    moves = deferral is not None and bool(deferral.stands_on)
    also = [parent.head for parent in rewritten_parents(context, head) if parent.here] if moves else []
    return context.stacks.base_for(context.repository.git, head, *also)


def check_reworked(context: TaskContext, head: Oid) -> None:
    """Raises `conflict` (exit 1) if `head` is the deferred commit and still conflicts."""
    deferral = context.mine.deferral
    if deferral is None or deferral.head != head:
        return
    commit, name = other_side(context)
    git = context.repository.git
    like = merged_like(context, commit, head)
    if not merge_tree(git, like, head).clean or overtaken(git, rulebook(context.settings.rules), like, head):
        raise answer_no(
            "conflict",
            f"Task {context.task.id} was deferred, and its work has not changed: {deferral.reason}.",
            way_out(context.task.id, name, exclusive=deferral.exclusive),
        )


def check_notes(deferral: TaskDeferred) -> tuple[str, ...]:
    """Notes for work that a failed check deferred: the reason, and the end of the check's output."""
    if not deferral.check:
        return ()
    end = deferral.output.rstrip().split("\n")[-_MOST_LINES:]
    return (deferral.reason, *([f"the check ended with:\n  {chr(10).join(end)}"] if any(end) else []))


def way_out(task: TaskId, name: str, *, exclusive: bool) -> str:
    """The hint for the worker of deferred work. `name` is the branch that the checkout merges."""
    if exclusive:
        return f"`gitcoord checkout {task}` merges {name}; adapt the work to it, then submit again."
    return f"`gitcoord checkout {task}` merges {name}; resolve the conflict, then submit again."
