"""Checks before a worker claims a unit: whether it is done, and how and where its attempt can begin."""

from collections.abc import Callable
from pathlib import Path

from gitcoord.errors import GitcoordError
from gitcoord.git.git_cli import Oid
from gitcoord.state.accounts import closed_now
from gitcoord.state.task_history import Progress
from gitcoord.worker.attempt.agent_checkout import check_free, clear_done
from gitcoord.worker.attempt.claim import refusal
from gitcoord.worker.attempt.exit_codes import AGAIN, EXIT_CODES
from gitcoord.worker.attempt.paths import attempt_directory
from gitcoord.worker.attempt.pid_file import worker_at
from gitcoord.worker.attempt.request import WorkerOrder
from gitcoord.worker.attempt.signals import StopSignal
from gitcoord.worker.attempt.worker_end import WorkerEnd, not_begun
from gitcoord.worker.checkout import CheckoutOptions, starting_point
from gitcoord.worker.free_branch_names import require_free_names
from gitcoord.worker.subtasks import done_at, subtask_start, whole
from gitcoord.worker.task_context import TaskContext
from gitcoord.worker.unit import WorkUnit, has_parts


def look(
    task_context: TaskContext,
    unit: WorkUnit,
    order: WorkerOrder,
    directory: Path,
    mine: Progress,
    *,
    fresh: bool,
) -> tuple[CheckoutOptions, Oid] | WorkerEnd:
    """Returns the options and the commit with which the unit begins, or the result if it does not begin.

    Raises `diverged` (exit 1), `has-subtasks` or `name-taken` (exit 2).
    """
    done = why_done(task_context, unit, mine)
    if done:
        return not_begun(unit, order, done, 0)
    if unit.subtask is None and unit.task.subtasks and not whole(task_context):
        raise has_parts(unit)
    try:
        check_free(task_context.repository, unit, directory)
    except GitcoordError as error:
        return not_begun(unit, order, f"{error.message} {error.hint}", AGAIN)
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
    """Whether the branch must begin again, because the work below it landed as other commits."""
    told = mine.deferral
    void = told is not None and told.anew and unit.subtask is None
    return void and told is not None and told.head in (task_context.shared_tip, task_context.local_tip)


def clear_what_is_done(
    task_context: TaskContext, unit: WorkUnit, directory: Path, mine: Progress, *, keep: str
) -> None:
    """Removes the checkout of a worker that died after its submit.

    Keeps it if `keep` is `always`, or if a worker of the newest attempt is alive here.
    """
    newest = mine.attempt.number if mine.attempt else 0
    if keep != "always" and not worker_at(
        attempt_directory(task_context.repository.common_dir, task_context.plan.generation, unit.id, newest)
    ):
        folded = mine.folded.head if mine.folded else None
        clear_done(task_context.repository, task_context.shared, unit, directory, folded)


def without_attempt(
    task_context: TaskContext,
    unit: WorkUnit,
    order: WorkerOrder,
    mine: Progress,
    stop: StopSignal,
    clock: Callable[[], float],
    preview: str,
) -> WorkerEnd | None:
    """The result if no attempt begins; None if one may begin.

    No attempt begins if the claim would be refused, if the account is closed, for a preview, or after a
    signal to end.
    """
    refused = refusal(mine, unit, order.attempt)
    if refused is not None:
        return not_begun(unit, order, refused.reason, refused.code)
    closed = closed_now(task_context.store, task_context.settings.run, clock)
    if closed is not None:
        return not_begun(unit, order, closed.sentence(), EXIT_CODES["again"], again_at=closed.end)
    if preview:
        return not_begun(unit, order, preview, 0)
    if stop.requested is not None:
        reason = f"the worker received {stop.requested.name}"
        return not_begun(unit, order, reason, EXIT_CODES["cancelled"])
    return None


def why_done(task_context: TaskContext, unit: WorkUnit, mine: Progress) -> str:
    """Returns why the unit needs no worker; empty if it needs one."""
    if unit.task.id in task_context.landed:
        return f"task {unit.task.id} has already landed on {task_context.plan.base}"
    if unit.subtask is not None:
        return f"subtask {unit.id} is already done" if unit.id in done_at(task_context) else ""
    again = mine.retry_pending and bool(mine.attempts)
    if mine.state == "submitted" and mine.head == task_context.shared_tip and not again:
        return f"task {unit.id} has already been submitted"
    return ""
