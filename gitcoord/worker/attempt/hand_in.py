"""Submits a task's work; if it conflicts, gives the conflict to the agent."""

from gitcoord.errors import GitcoordError, answer_no
from gitcoord.event_stamp import now, worker_name
from gitcoord.events import TaskDeferred
from gitcoord.git.git_cli import Oid
from gitcoord.git.remote_refs import HEADS, RefUpdate
from gitcoord.git.worktree import WorkingCopy
from gitcoord.landing.defer_task import conflict_reason, exclusive_reason, record_deferral
from gitcoord.state.task_history import PENDING
from gitcoord.worker.attempt.attempt_context import AttemptContext, AttemptResult
from gitcoord.worker.attempt.conflict_handoff import SHUT_OUT, merge_in, tell
from gitcoord.worker.attempt.find_conflict import conflict_of
from gitcoord.worker.attempt.held_back_store import why_nothing_to_submit
from gitcoord.worker.attempt.kept_commits import keep_also, kept_ref
from gitcoord.worker.attempt.prompt.markdown import ConflictBrief
from gitcoord.worker.attempt.run_commands import run_check
from gitcoord.worker.leases import superseded
from gitcoord.worker.rewritten_work import was_here
from gitcoord.worker.submit import hand_in_commit
from gitcoord.worker.task_context import TaskContext


def hand_in_task(context: AttemptContext, copy: WorkingCopy, *, last: bool) -> AttemptResult | ConflictBrief:
    """Submits the task; returns the result, or the conflict that the agent has to resolve in the checkout."""
    task_context = context.look()
    head = copy.git.text("rev-parse", "--verify", "HEAD")
    clash = conflict_of(task_context, head)
    if clash is not None and not last:
        tell(context, clash)
        left = merge_in(copy, clash, context)
        # A merge driver of this repository may resolve more than git alone.
        return left or run_check(context, " with the other side") or hand_in_task(context, copy, last=True)
    return _handed_in(context, task_context, copy, head, clash)


def _handed_in(
    context: AttemptContext,
    task_context: TaskContext,
    copy: WorkingCopy,
    head: Oid,
    clash: ConflictBrief | None,
) -> AttemptResult:
    try:
        done = hand_in_commit(
            task_context, head, unless=superseded(context.attempt), allow_empty=context.order.allow_empty
        )
    except GitcoordError as error:
        if error.code == "no-commits-of-its-own" and (why := why_nothing_to_submit(copy)):
            raise answer_no(error.code, f"{error.message.removesuffix('.')}{why}.", error.hint) from error
        if error.code == "behind" and _replace_rewritten(context, task_context, head):
            return _handed_in(context, context.look(), copy, head, clash)
        if error.code != "conflict":
            raise
        return AttemptResult(outcome="conflict", reason=error.message, head=head)
    if done is None:
        return SHUT_OUT
    if clash is not None and done.folded is None:
        return _defer(task_context, head, clash)
    for note in done.notes:
        context.log.say(note)
    pushed = task_context.ancestry.contains(task_context.base_commit, head) and not context.order.allow_empty
    return AttemptResult(outcome="ok", head=head, reason="; ".join(done.notes) if pushed else "")


def _replace_rewritten(context: AttemptContext, task_context: TaskContext, head: Oid) -> bool:
    """Replaces commits that the agent pushed and then rewrote, and keeps the old ones under a ref.

    Returns False if there are none, if a newer attempt has begun, or if the remote branch has moved.
    """
    branch = task_context.task.branch
    pushed = task_context.shared.branch(branch)
    if superseded(context.attempt)(task_context.progress.get(task_context.task.id, PENDING)):
        return False
    if pushed is None or not was_here(
        task_context.repository, task_context.ancestry, branch, pushed, context.directory
    ):
        return False
    kept = kept_ref(task_context.plan.generation, context.unit.id, context.attempt)
    keep_also(task_context.repository, kept, pushed)
    context.log.say(
        f"the agent rewrote {branch} after a push; replacing {pushed[:12]}, which is kept: git log {kept}"
    )
    return task_context.shared.publish([RefUpdate(HEADS + branch, pushed, head)], hooks=True)


def _defer(task_context: TaskContext, head: Oid, clash: ConflictBrief) -> AttemptResult:
    task = task_context.task.id
    say = exclusive_reason if clash.exclusive else conflict_reason
    reason = say(task, clash.others, clash.paths, clash.name)
    event = TaskDeferred(
        at=now(),
        by=worker_name(),
        task=task,
        head=head,
        reason=reason,
        others=clash.others,
        paths=clash.paths,
        onto=clash.commit,
        exclusive=clash.exclusive,
    )
    record_deferral(task_context.store, event)
    return AttemptResult(outcome="conflict", reason=reason, head=head)
