"""Deferred work: what it conflicts with, and whether it still does."""

from gitcoord.conflicts.exclusive import overtaken
from gitcoord.conflicts.rules import rulebook
from gitcoord.errors import answer_no
from gitcoord.events import TaskDeferred
from gitcoord.git.merges import merge_tree
from gitcoord.git.run import Oid
from gitcoord.merging.rounds import present_round
from gitcoord.running.model import TaskContext
from gitcoord.running.stacked import rewritten_parents
from gitcoord.tasks.model import TaskId

_MOST_LINES = 20


def other_side(desk: TaskContext) -> tuple[Oid, str]:
    """The base; or the level branch while what the task conflicts with is only there.

    A stacked branch has to come to the base first.
    """
    deferral = desk.mine.deferral
    if deferral is not None and deferral.stands_on:
        return desk.base_commit, desk.plan.base
    tip = desk.local_tip or desk.shared_tip
    if tip is not None and desk.stacks.heads(desk.repository.git, tip):
        return desk.base_commit, desk.plan.base
    if desk.plan.strategy == "single-pr" and deferral is not None:
        name = present_round(desk.plan.level_of(desk.task.id), desk.progress)
        tip = desk.tips.get(name)
        others = [TaskId(other) for other in deferral.others]
        if tip is not None and any(other not in desk.landed for other in others):
            return tip, name
    return desk.base_commit, desk.plan.base


def merged_like(desk: TaskContext, commit: Oid, head: Oid) -> Oid:
    """The commit to merge `head` with in place of `commit`: of its tree, with what landed as parents."""
    if commit != desk.base_commit:
        return commit
    deferral = desk.mine.deferral
    moves = deferral is not None and bool(deferral.stands_on)
    also = [parent.head for parent in rewritten_parents(desk, head) if parent.here] if moves else []
    return desk.stacks.base_for(desk.repository.git, head, *also)


def check_reworked(desk: TaskContext, head: Oid) -> None:
    """Raises `conflict` (exit 1) when `head` was deferred as it is, and conflicts as before."""
    deferral = desk.mine.deferral
    if deferral is None or deferral.head != head:
        return
    commit, name = other_side(desk)
    git = desk.repository.git
    like = merged_like(desk, commit, head)
    if not merge_tree(git, like, head).clean or overtaken(git, rulebook(desk.settings.rules), like, head):
        raise answer_no(
            "conflict",
            f"Task {desk.task.id} was deferred, and its work is as it was: {deferral.reason}.",
            way_out(desk.task.id, name, exclusive=deferral.exclusive),
        )


def check_notes(deferral: TaskDeferred) -> tuple[str, ...]:
    """For work whose check failed: with whom, and the end of what the check printed."""
    if not deferral.check:
        return ()
    end = deferral.output.rstrip().split("\n")[-_MOST_LINES:]
    return (deferral.reason, *([f"the check ended with:\n  {chr(10).join(end)}"] if any(end) else []))


def way_out(task: TaskId, name: str, *, exclusive: bool) -> str:
    """What the worker of deferred work does."""
    if exclusive:
        return f"`gitcoord checkout {task}` merges {name} in; adapt the work to it, then submit again."
    brings = f"`gitcoord checkout {task}` brings the conflict with {name} into the working copy"
    return f"{brings}; then submit again."
