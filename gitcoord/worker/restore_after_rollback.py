"""Restores a task's work on its branch after a rollback, or reports that it has to be restored."""

from gitcoord.errors import answer_no
from gitcoord.evidence.model import Rollback
from gitcoord.evidence.rollbacks import stands
from gitcoord.git.git_cli import Oid
from gitcoord.git.worktree import WorkingCopy
from gitcoord.landing.rollback.restore_work import TO_COME, revive
from gitcoord.text_lists import some
from gitcoord.worker.task_context import TaskContext


def rolled_back(context: TaskContext, tip: Oid) -> Rollback | None:
    """Returns the task's newest rollback if the branch at `tip` has not restored its work; else None."""
    mine = context.undone.get(context.task.id, [])
    missing = mine and (not stands(context.ancestry, mine, tip) or _before_work(context, tip) != tip)
    return mine[-1] if missing else None


def former_work(context: TaskContext) -> Oid | None:
    """The last commit of a rolled-back task, fetched from the remote if necessary; None if it is lost."""
    mine = context.undone.get(context.task.id, [])
    head = mine[-1].head if mine else None
    if head is None or context.ancestry.existing({head}):
        return head
    return head if context.shared.bring(head) and context.ancestry.existing({head}) else None


def require_restored(context: TaskContext) -> None:
    """Raises `rolled-back` (exit 1) if landing the branch would not restore its former work."""
    head = context.local_tip or context.shared_tip
    if head is None or rolled_back(context, head) is None:
        return
    task = context.task.id
    raise answer_no(
        "rolled-back",
        f"Task {task} was rolled back, and {context.task.branch} still has the old commits. "
        f"{context.plan.base} already has these in its history: merging them again would restore nothing.",
        f"`gitcoord checkout {task}` restores the work as a new commit on top; then submit.",
    )


def restore_work(context: TaskContext, copy: WorkingCopy) -> tuple[str, ...]:
    """Restores the rolled-back work on the checked-out branch; leaves a conflict in the working copy.

    Returns notes; empty if there is nothing to restore. Raises `unclean` (exit 1).
    """
    tip = copy.git.text("rev-parse", "HEAD")
    rollback = rolled_back(context, tip)
    if rollback is None:
        return _say_gone(context)
    unclean = copy.changes(untracked=False)
    if unclean:
        raise answer_no(
            "unclean",
            f"{copy.directory} has uncommitted changes in the way of the work that was rolled back: "
            f"{some(unclean)}.",
            "Commit or stash them, then run the command again.",
        )
    base, branch = context.plan.base, context.task.branch
    again = revive(
        context.repository,
        task=context.task.id,
        branch=branch,
        tip=tip,
        former=_before_work(context, tip),
        start=rollback.start,
        base=base,
        base_commit=context.base_commit,
    )
    copy.fast_forward(again.work or again.without)
    if again.work == again.without:
        return (f"{branch} was brought up to date with {base}, which has the task's former work again",)
    if again.work is not None:
        return (f"task {context.task.id} was rolled back: its work is back on {branch} as {again.work[:12]}",)
    copy.merge(again.former, f"Restore the work of task {context.task.id} after its rollback")
    return (f"task {context.task.id} was rolled back: restoring its work conflicts with {base}",)


def _say_gone(context: TaskContext) -> tuple[str, ...]:
    """Returns a note for the worker if the former work no longer exists, so that the task starts again."""
    if context.mine.state != "rolled-back" or context.shared_tip is not None or former_work(context):
        return ()
    reverted = context.mine.rollbacks[-1].commit[:12]
    return (
        f"the former work of task {context.task.id} is gone; `git show {reverted}` shows what was reverted",
    )


def _before_work(context: TaskContext, tip: Oid) -> Oid:
    """Returns `tip`, or its newest ancestor with the work if it is a restoration that is not complete."""
    git = context.repository.git
    while git.text("show", "--no-patch", f"--format=%(trailers:key={TO_COME},valueonly)", tip):
        tip = git.text("rev-parse", "--verify", f"{tip}^1")
    return tip
