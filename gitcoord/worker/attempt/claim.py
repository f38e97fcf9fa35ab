"""Claims: at most one worker has an attempt, and a newer attempt fences off all older ones."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from gitcoord.errors import GitcoordError
from gitcoord.event_stamp import now, worker_name
from gitcoord.events import AttemptStarted, TaskStarted
from gitcoord.git.git_cli import Oid
from gitcoord.state.published_work import abandoned_work
from gitcoord.state.task_history import PENDING, Progress
from gitcoord.worker.attempt.exit_codes import AGAIN, EXIT_CODES
from gitcoord.worker.attempt.heartbeat import lease_of
from gitcoord.worker.attempt.pid_file import announce, record_worker, withdraw
from gitcoord.worker.attempt.request import WorkerOrder
from gitcoord.worker.task_context import TaskContext
from gitcoord.worker.transient_errors import try_for
from gitcoord.worker.unit import WorkUnit

_ATTEMPTS = 40
MOMENT: Final = 15.0
"""Seconds for which a worker retries requests to a failing remote before its attempt has begun."""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A claim: only this process has `attempt`. `before` is the unit's progress before the claim."""

    attempt: int
    before: Progress


class _Try(msgspec.Struct, frozen=True, kw_only=True):
    started: AttemptStarted
    before: Progress


class ClaimRefusal(msgspec.Struct, frozen=True, kw_only=True):
    """The reason why an attempt must not begin, and the worker's exit code for that."""

    reason: str
    code: int


def claim_here(
    task_context: TaskContext,
    unit: WorkUnit,
    order: WorkerOrder,
    start: Oid,
    place: Path,
    *,
    given_up: Callable[[], bool] = bool,
) -> Claim | ClaimRefusal:
    """Records this process in the directory `place`, and claims the attempt; a refusal removes the record."""
    announce(place)
    held = claim(task_context, unit, order, start, given_up=given_up)
    if isinstance(held, ClaimRefusal):
        withdraw(place)
    else:
        record_worker(place)
    return held


def claim(
    task_context: TaskContext,
    unit: WorkUnit,
    order: WorkerOrder,
    start: Oid,
    *,
    given_up: Callable[[], bool] = bool,
) -> Claim | ClaimRefusal:
    """Records that this worker begins the attempt, unless `refusal` has a reason against it.

    Retries for `MOMENT` seconds if the remote fails, and recognizes its own claim if the answer to it was
    lost. Raises `state-busy` if the record of the unit kept changing.
    """
    from tenacity import Retrying, retry_if_result, stop_after_attempt, wait_random_exponential

    patience = Retrying(
        retry=retry_if_result(lambda claimed: claimed is None),
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.02, max=1),
        retry_error_callback=lambda state: None,
    )
    tries: list[_Try] = []

    def act() -> Claim | ClaimRefusal | None:
        if tries:
            task_context.store.refresh()
        answer: Claim | ClaimRefusal | None = patience(_try_claim, task_context, unit, order, start, tries)
        return answer

    claimed = try_for(MOMENT, act, given_up=given_up)
    if claimed is None:
        raise GitcoordError(
            "state-busy",
            f"The record of task {unit.id} kept changing while it was claimed.",
            hint="Run the command again.",
        )
    return claimed


def refusal(before: Progress, unit: WorkUnit, attempt: int | None) -> ClaimRefusal | None:
    """Why `attempt` (None: the next one) must not begin; None if it may.

    It must not if it, or a newer one, has begun, or if the unit was cancelled. The next one must not begin
    while another attempt is running.
    """
    newest = before.attempt
    if attempt is None and newest is not None and newest.running and newest.started is not None:
        who, since = newest.started.by, newest.started.at[:19]
        reason = f"attempt {newest.number} by {who} has been running since {since}; `--attempt` overrides it"
        return ClaimRefusal(reason=reason, code=AGAIN)
    if attempt is not None and newest is not None and newest.number > attempt:
        reason = f"attempt {newest.number} is newer than attempt {attempt}"
        return ClaimRefusal(reason=reason, code=1)
    if attempt is not None and newest is not None and newest.number == attempt:
        if newest.ended is not None:
            reason = f"attempt {attempt} has already ended: {newest.ended.outcome}"
            return ClaimRefusal(reason=reason, code=EXIT_CODES[newest.ended.outcome])
        who = newest.started.by if newest.started else "somebody"
        return ClaimRefusal(reason=f"attempt {attempt} is held by {who}", code=AGAIN)
    if before.cancelled:
        reason = f"task {unit.id} was cancelled; `gitcoord retry {unit.id}` lets it begin again"
        return ClaimRefusal(reason=reason, code=EXIT_CODES["cancelled"])
    return None


def _try_claim(
    task_context: TaskContext, unit: WorkUnit, order: WorkerOrder, start: Oid, tries: list[_Try]
) -> Claim | ClaimRefusal | None:
    before = task_context.store.progress().get(unit.id, PENDING)
    newest = before.attempt
    for known in tries:
        if newest is not None and newest.started == known.started:
            return Claim(attempt=newest.number, before=known.before)
    refused = refusal(before, unit, order.attempt)
    if refused is not None:
        return refused
    attempt = order.attempt or (before.attempt.number if before.attempt else 0) + 1
    who = worker_name()
    started = AttemptStarted(
        at=now(),
        by=who,
        task=unit.id,
        attempt=attempt,
        branch=unit.branch,
        base=start,
        engine=order.engine,
        rework=before.deferral is not None and not before.deferral.anew,
        waited=dict(order.waited),
        lease=lease_of(task_context.settings.run),
    )
    tries.append(_Try(started=started, before=before))
    told: list[TaskStarted | AttemptStarted] = [started]
    if unit.subtask is None and before.started_by != who:
        told.insert(0, TaskStarted(at=now(), by=who, task=unit.id, branch=unit.branch, base=start))
    written = task_context.store.try_record(
        told,
        abandoned_work(task_context.store, {}, unit.id),
        unless=lambda newest: refusal(newest, unit, order.attempt or attempt) is not None,
    )
    return Claim(attempt=attempt, before=before) if written else None
