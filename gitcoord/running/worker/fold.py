"""A subtask's work goes into its parent's branch, after what its siblings have brought there."""

import msgspec

from gitcoord.errors import GitcoordError
from gitcoord.events import TaskDeferred
from gitcoord.git.run import Oid
from gitcoord.git.shared import HEADS, RefUpdate
from gitcoord.git.working_copy import WorkingCopy
from gitcoord.merging.blame import other_side
from gitcoord.running.engines.port import key_of
from gitcoord.running.leases import superseded
from gitcoord.running.model import TaskContext
from gitcoord.running.own_work import check_brought
from gitcoord.running.subtasks import fold_subtask, hand_in_whole
from gitcoord.running.worker.commands import run_check
from gitcoord.running.worker.conflict import SHUT_OUT, merge_in, tell
from gitcoord.running.worker.held_back import why_nothing
from gitcoord.running.worker.prompt import ConflictBrief
from gitcoord.running.worker.seat import AttemptResult, Seat, ended
from gitcoord.state.journal import now, worker_name
from gitcoord.state.progress import PENDING
from gitcoord.tasks.model import TaskId

_FOLDS = 60
_TURN = 20.0


def fold(seat: Seat, copy: WorkingCopy, *, last: bool) -> AttemptResult | ConflictBrief:
    """Brings the subtask into its parent's branch; what conflicts is in the checkout then, for the agent.

    `last`: it does not go back to the agent any more; the subtask is deferred.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(seat.place.parent / f"fold-{key_of(seat.unit.task.id, 0)}.lock")
    try:
        # One after the other costs one merge each; without it, on other machines, compare-and-swap decides.
        lock.acquire(timeout=_TURN)
    except Timeout:
        seat.log.say("a sibling takes long to hand in; going ahead of it")
    try:
        return _try_to_fold(seat, copy, seat.look(), last=last)
    finally:
        lock.release()


def _try_to_fold(
    seat: Seat, copy: WorkingCopy, desk: TaskContext, *, last: bool
) -> AttemptResult | ConflictBrief:
    for note in check_brought(desk, copy.git.text("rev-parse", "--verify", "HEAD"), seat.unit.branch):
        seat.log.say(note)
    for _ in range(_FOLDS):
        head = copy.git.text("rev-parse", "--verify", "HEAD")
        if head == seat.start and not seat.order.allow_empty:
            reason = f"{seat.unit.branch} has no commits of its own{why_nothing(copy)}"
            return AttemptResult(outcome="failed", reason=reason, head=head)
        result = AttemptResult(outcome="ok", head=head, recorded=True)
        folded = fold_subtask(desk, seat.unit, seat.attempt, head, ended(seat, result))
        if folded is True:
            _hand_in_parent(seat)
            return result
        if folded is False:
            return SHUT_OUT
        others = ConflictBrief(commit=folded, name=desk.task.branch)
        clash = merge_in(copy, others, seat)
        if clash is not None and not last:
            clash = msgspec.structs.replace(clash, others=_siblings(desk, head, clash))
            tell(seat, clash)
            return clash
        if clash is not None:
            return _defer_subtask(seat, copy, desk, head, clash)
        if wrong := run_check(seat, " with what its siblings did"):
            return wrong
    raise GitcoordError("push-raced", f"{desk.task.branch} kept moving.", hint="Try again.")


def _siblings(desk: TaskContext, head: Oid, clash: ConflictBrief) -> tuple[TaskId, ...]:
    """The subtasks of the same parent that brought what `head` conflicts with."""
    folds = {part.id: desk.progress.get(part.id, PENDING).folded for part in desk.task.subtasks}
    heads = {id: fold.head for id, fold in folds.items() if fold is not None and fold.head != head}
    return other_side(desk.repository.git, head=head, paths=clash.paths, heads=heads)


def _defer_subtask(
    seat: Seat, copy: WorkingCopy, desk: TaskContext, head: Oid, clash: ConflictBrief
) -> AttemptResult:
    """Keeps the work safe on its own branch, for an attempt that comes later."""
    copy.git.run("merge", "--abort")
    reason = f"subtask {seat.unit.id} conflicts with {clash.name} in {', '.join(clash.paths)}"
    event = TaskDeferred(
        at=now(),
        by=worker_name(),
        task=seat.unit.id,
        head=head,
        reason=reason,
        paths=clash.paths,
        onto=clash.commit,
    )
    result = AttemptResult(outcome="conflict", reason=reason, head=head, recorded=True)
    ref = HEADS + seat.unit.branch
    for _ in range(_FOLDS):
        before = desk.shared.read(ref)
        moves = [] if before == head else [RefUpdate(ref, before, head)]
        written = desk.store.try_record([event, ended(seat, result)], moves, superseded(seat.attempt))
        if written is not None:
            return result if written else SHUT_OUT
    raise GitcoordError("push-raced", f"{seat.unit.branch} kept moving.", hint="Try again.")


def _hand_in_parent(seat: Seat) -> None:
    """The last subtask hands its parent in; where that fails now, whoever looks next does it."""
    try:
        desk = seat.look()
        if hand_in_whole(desk) is not None:
            seat.log.say(f"task {desk.task.id} is whole, and submitted")
    except GitcoordError as error:
        seat.log.say(f"task {seat.unit.task.id} is whole, but not submitted: {error.message}")
