"""Merges a subtask's work into its parent's branch, on top of its siblings' work."""

import msgspec

from gitcoord.engines.engine import key_of
from gitcoord.errors import GitcoordError
from gitcoord.event_stamp import now, worker_name
from gitcoord.events import TaskDeferred
from gitcoord.git.git_cli import Oid
from gitcoord.git.remote_refs import HEADS, RefUpdate
from gitcoord.git.worktree import WorkingCopy
from gitcoord.landing.conflicting_tasks import other_side
from gitcoord.state.task_history import PENDING
from gitcoord.tasks.model import TaskId
from gitcoord.worker.attempt.attempt_context import AttemptContext, AttemptResult
from gitcoord.worker.attempt.attempt_end import end_event, log_end
from gitcoord.worker.attempt.conflict_handoff import SHUT_OUT, merge_in, tell
from gitcoord.worker.attempt.held_back_store import why_nothing_to_submit
from gitcoord.worker.attempt.prompt.markdown import ConflictBrief
from gitcoord.worker.attempt.run_commands import run_check
from gitcoord.worker.leases import superseded
from gitcoord.worker.own_work import check_added
from gitcoord.worker.subtasks import fold_subtask, hand_in_whole
from gitcoord.worker.task_context import TaskContext

_FOLDS = 60
_TURN = 20.0


def fold(context: AttemptContext, copy: WorkingCopy, *, last: bool) -> AttemptResult | ConflictBrief:
    """Merges the subtask into its parent's branch, or leaves the conflict in the checkout for the agent.

    `last`: a conflict does not go back to the agent; the subtask is deferred.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(context.place.parent / f"fold-{key_of(context.unit.task.id, 0)}.lock")
    try:
        # If siblings take turns, each needs only one merge. Between machines, compare-and-swap decides.
        lock.acquire(timeout=_TURN)
    except Timeout:
        context.log.say("a sibling subtask has been submitting for a long time; no longer waiting for it")
    try:
        return _try_to_fold(context, copy, context.look(), last=last)
    finally:
        lock.release()


def _try_to_fold(
    context: AttemptContext, copy: WorkingCopy, task_context: TaskContext, *, last: bool
) -> AttemptResult | ConflictBrief:
    for note in check_added(task_context, copy.git.text("rev-parse", "--verify", "HEAD"), context.unit):
        context.log.say(note)
    for _ in range(_FOLDS):
        head = copy.git.text("rev-parse", "--verify", "HEAD")
        if head == context.start and not context.order.allow_empty:
            reason = f"{context.unit.branch} has no commits of its own{why_nothing_to_submit(copy)}"
            return AttemptResult(outcome="failed", reason=reason, head=head)
        result = AttemptResult(outcome="ok", head=head, recorded=True)
        event = end_event(context, result)
        folded = fold_subtask(
            task_context, context.unit, context.attempt, head, event, log_end(context, event)
        )
        if folded is True:
            _hand_in_parent(context)
            return result
        if folded is False:
            return SHUT_OUT
        others = ConflictBrief(commit=folded, name=task_context.task.branch)
        clash = merge_in(copy, others, context)
        if clash is not None and not last:
            clash = msgspec.structs.replace(clash, others=_siblings(task_context, head, clash))
            tell(context, clash)
            return clash
        if clash is not None:
            return _defer_subtask(context, copy, task_context, head, clash)
        if wrong := run_check(context, " with its siblings' work"):
            return wrong
    raise GitcoordError("push-raced", f"{task_context.task.branch} kept moving.", hint="Try again.")


def _siblings(task_context: TaskContext, head: Oid, clash: ConflictBrief) -> tuple[TaskId, ...]:
    """The sibling subtasks whose changes `head` conflicts with."""
    folds = {
        part.id: task_context.progress.get(part.id, PENDING).folded for part in task_context.task.subtasks
    }
    heads = {id: fold.head for id, fold in folds.items() if fold is not None and fold.head != head}
    return other_side(task_context.repository.git, head=head, paths=clash.paths, heads=heads)


def _defer_subtask(
    context: AttemptContext, copy: WorkingCopy, task_context: TaskContext, head: Oid, clash: ConflictBrief
) -> AttemptResult:
    """Pushes the work to its own branch for a later attempt, and records the deferral."""
    copy.git.run("merge", "--abort")
    reason = f"subtask {context.unit.id} conflicts with {clash.name} in {', '.join(clash.paths)}"
    event = TaskDeferred(
        at=now(),
        by=worker_name(),
        task=context.unit.id,
        head=head,
        reason=reason,
        paths=clash.paths,
        onto=clash.commit,
    )
    result = AttemptResult(outcome="conflict", reason=reason, head=head, recorded=True)
    ref, end = HEADS + context.unit.branch, end_event(context, result)
    log = log_end(context, end)
    for _ in range(_FOLDS):
        before = task_context.shared.read(ref)
        moves = [] if before == head else [RefUpdate(ref, before, head)]
        written = task_context.store.try_record([event, end], moves, superseded(context.attempt), extra=log)
        if written is not None:
            return result if written else SHUT_OUT
    raise GitcoordError("push-raced", f"{context.unit.branch} kept moving.", hint="Try again.")


def _hand_in_parent(context: AttemptContext) -> None:
    """Submits the parent if this was its last subtask. If that fails, the next run or worker does it."""
    try:
        task_context = context.look()
        if hand_in_whole(task_context) is not None:
            context.log.say(f"task {task_context.task.id} is complete, and submitted")
    except GitcoordError as error:
        context.log.say(f"task {context.unit.task.id} could not be submitted: {error.message}")
