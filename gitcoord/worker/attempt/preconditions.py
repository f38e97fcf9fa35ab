"""Checks before a worker claims a unit: whether it is done, its last worker is dead, and it can begin."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from gitcoord.errors import GitcoordError
from gitcoord.event_stamp import now, worker_name
from gitcoord.events import AttemptEnded
from gitcoord.git.git_cli import Oid
from gitcoord.state.accounts import closed_now
from gitcoord.state.log_ends import write_log_end
from gitcoord.state.task_history import PENDING, Progress
from gitcoord.tasks.model import TaskId
from gitcoord.worker.attempt.agent_checkout import check_free, clear_done
from gitcoord.worker.attempt.claim import refusal
from gitcoord.worker.attempt.exit_codes import AGAIN, EXIT_CODES
from gitcoord.worker.attempt.outside import MOST_OUTSIDE, outside_of_dead
from gitcoord.worker.attempt.paths import attempt_directory
from gitcoord.worker.attempt.pid_file import died_here, worker_at
from gitcoord.worker.attempt.request import WorkerOrder
from gitcoord.worker.attempt.signals import StopSignal
from gitcoord.worker.checkout import CheckoutOptions, starting_point
from gitcoord.worker.free_branch_names import require_free_names
from gitcoord.worker.leases import superseded
from gitcoord.worker.subtasks import done_at, subtask_start, whole
from gitcoord.worker.task_context import TaskContext
from gitcoord.worker.unit import WorkUnit, has_parts


class WorkerEnd(msgspec.Struct, frozen=True, kw_only=True):
    """How a worker ended. `outcome` is empty when it never began; `reason` says why.

    `again_at` is when the closed account opens again.
    """

    task: TaskId
    attempt: int | None
    outcome: str
    code: int
    reason: str = ""
    again_at: str = ""
    branch: str = ""
    head: str = ""
    directory: str = ""
    log: str = ""


def not_begun(unit: WorkUnit, order: WorkerOrder, reason: str, code: int, *, again_at: str = "") -> WorkerEnd:
    """Makes the result for a worker that claimed nothing."""
    return WorkerEnd(
        task=unit.id,
        attempt=order.attempt,
        outcome="",
        code=code,
        reason=reason,
        again_at=again_at,
        branch=unit.branch,
    )


_NOT_BEGUN = "not-begun.json"


def note_not_begun(place: Path, done: WorkerEnd) -> None:
    """Writes to the attempt's directory `place` why its worker did not begin."""
    if place.is_dir():
        (place / _NOT_BEGUN).write_bytes(msgspec.json.encode(done))


def noted_not_begun(place: Path) -> WorkerEnd | None:
    """Reads why the worker of the attempt at `place` did not begin; None if it began."""
    try:
        return msgspec.json.decode((place / _NOT_BEGUN).read_bytes(), type=WorkerEnd)
    except (OSError, msgspec.DecodeError):
        return None


def without_the_dead(task_context: TaskContext, unit: WorkUnit, order: WorkerOrder) -> Progress:
    """Records the end of an attempt whose worker died on this machine; returns the unit's progress.

    Does so only if the order has no attempt number: a run, which gives numbers, records ends itself.
    """
    mine = task_context.progress.get(unit.id, PENDING)
    newest = mine.attempt
    if order.attempt is not None or newest is None or not newest.running:
        return mine
    place = attempt_directory(
        task_context.repository.common_dir, task_context.plan.generation, unit.id, newest.number
    )
    if not died_here(place):
        return mine
    outside = outside_of_dead(task_context.repository, task_context.plan, place)
    done = bool(_done_already(task_context, unit, mine))
    event = AttemptEnded(
        at=now(),
        by=worker_name(),
        task=unit.id,
        attempt=newest.number,
        outcome="ok" if done else "lost",
        reason="its worker ended before it recorded that" if done else "its worker is gone",
        head=mine.head or "" if done else "",
        outside=outside[:MOST_OUTSIDE],
        outside_count=len(outside),
    )
    end = write_log_end(task_context.store, event, place / "log", task_context.settings.run.keep_log_ends)
    task_context.store.record(event, unless=superseded(newest.number), extra=end)
    return task_context.store.progress().get(unit.id, PENDING)


def look(
    task_context: TaskContext,
    unit: WorkUnit,
    order: WorkerOrder,
    directory: Path,
    mine: Progress,
    *,
    fresh: bool,
) -> tuple[CheckoutOptions, Oid] | WorkerEnd:
    """Returns how and at which commit the unit begins, or why it does not.

    Raises `in-use` or `already-landed` (exit 1), `has-subtasks` or `name-taken` (exit 2).
    """
    done = _done_already(task_context, unit, mine)
    if done:
        return not_begun(unit, order, done, 0)
    if unit.subtask is None and unit.task.subtasks and not whole(task_context):
        raise has_parts(unit)
    check_free(task_context.repository, unit, directory)
    require_free_names(task_context.shared, task_context.plan, task_context.progress, [task_context.task.id])
    wanted = (
        order.fresh or mine.fresh or (fresh and mine.deferral is None) or _is_void(task_context, unit, mine)
    )
    how = CheckoutOptions(
        stack=order.stack,
        now=order.now,
        fresh=wanted and bool(mine.attempts),
        rewritten=True,
        worktree=directory,
    )
    try:
        start = (
            subtask_start(task_context, unit, how) if unit.subtask else starting_point(task_context, how)[0]
        )
    except GitcoordError as error:
        if error.code != "not-ready":
            raise
        return not_begun(unit, order, error.message, AGAIN)
    return how, start


def _is_void(task_context: TaskContext, unit: WorkUnit, mine: Progress) -> bool:
    """Whether the branch was built on work that landed as other commits, and has to begin again."""
    told = mine.deferral
    void = told is not None and told.anew and unit.subtask is None
    return void and told is not None and told.head in (task_context.shared_tip, task_context.local_tip)


def clear_what_is_done(
    task_context: TaskContext, unit: WorkUnit, directory: Path, mine: Progress, *, keep: str
) -> None:
    """Removes the checkout of a worker that died after its submit."""
    newest = mine.attempt.number if mine.attempt else 0
    if keep != "always" and not worker_at(
        attempt_directory(task_context.repository.common_dir, task_context.plan.generation, unit.id, newest)
    ):
        folded = mine.folded.head if mine.folded else None
        clear_done(task_context.repository, task_context.shared, unit, directory, folded)


def _done_already(task_context: TaskContext, unit: WorkUnit, mine: Progress) -> str:
    if unit.task.id in task_context.landed:
        return f"task {unit.task.id} has already landed on {task_context.plan.base}"
    if unit.subtask is not None:
        return f"subtask {unit.id} is already done" if unit.id in done_at(task_context) else ""
    again = mine.retry_pending and bool(mine.attempts)
    if mine.state == "submitted" and mine.head == task_context.shared_tip and not again:
        return f"task {unit.id} has already been submitted"
    return ""


def without_attempt(
    task_context: TaskContext,
    unit: WorkUnit,
    order: WorkerOrder,
    mine: Progress,
    stop: StopSignal,
    clock: Callable[[], float],
    preview: str,
) -> WorkerEnd | None:
    """The result if no attempt begins: refused, the account is closed, a preview, or told to end."""
    refused = refusal(mine, unit, order.attempt)
    if refused is not None:
        return not_begun(unit, order, refused.reason, refused.code)
    closed = closed_now(task_context.store, task_context.settings.run, clock)
    if closed is not None:
        return not_begun(unit, order, closed.sentence(), EXIT_CODES["again"], again_at=closed.end)
    if preview:
        return not_begun(unit, order, preview, 0)
    if stop.requested is not None:
        return not_begun(unit, order, f"{stop.requested.name} came", EXIT_CODES["cancelled"])
    return None
