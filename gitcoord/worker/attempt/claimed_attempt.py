"""Runs a claimed attempt: the agent's turns, then the record of the result."""

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from gitcoord.errors import GitcoordError
from gitcoord.event_stamp import now, worker_name
from gitcoord.events import TaskStarted
from gitcoord.worker.attempt.agent_loop import take_turns
from gitcoord.worker.attempt.attempt_context import (
    AttemptContext,
    AttemptResult,
    ReadyAttempt,
    patiently,
    without_room,
)
from gitcoord.worker.attempt.attempt_end import end_event, log_end
from gitcoord.worker.attempt.broken_off import broken_off, without_records
from gitcoord.worker.attempt.checkout_removal import clear_away
from gitcoord.worker.attempt.claim import Claim
from gitcoord.worker.attempt.exit_codes import EXIT_CODES
from gitcoord.worker.attempt.heartbeat import heartbeat
from gitcoord.worker.attempt.log import Log
from gitcoord.worker.attempt.older_attempts import end_older
from gitcoord.worker.attempt.outside import Surroundings
from gitcoord.worker.attempt.signals import StopSignal
from gitcoord.worker.attempt.slot_numbers import held_slot
from gitcoord.worker.attempt.unfinished_work import publishing
from gitcoord.worker.attempt.worker_end import WorkerEnd
from gitcoord.worker.leases import superseded

_RESERVE = b"\1" * (256 << 10)


def run_claimed(
    ready: ReadyAttempt, held: Claim, stop: StopSignal, clock: Callable[[], float] = time.time
) -> WorkerEnd:
    """Runs the attempt that this worker has claimed; meanwhile sends heartbeats and publishes its work."""
    task_context, settings = ready.task_context, ready.settings
    repository = task_context.repository
    slots = held_slot(repository.common_dir, ready.order.slots, given_up=lambda: stop.requested is not None)
    most = int(settings.run.log_megabytes * (1 << 20))
    with closing(Log(ready.place / "log", most)) as log, slots as slot:
        context = AttemptContext(
            **{name: getattr(ready, name) for name in ReadyAttempt.__struct_fields__},
            attempt=held.attempt,
            before=held.before,
            log=log,
            stop=stop,
            began=time.monotonic(),
            outside=Surroundings(
                repository, task_context.plan, ready.place, ready.directory, ready.unit.branch
            ),
            slot=slot,
            clock=clock,
        )
        with heartbeat(context), publishing(context):
            return _attempt(context)


def _attempt(context: AttemptContext) -> WorkerEnd:
    reserve = _make_reserve(context.place)
    end_older(context)
    for note in context.described.notes:
        context.log.say(note)
    context.log.say(f"attempt {context.attempt} at {context.unit.id}: {' '.join(context.unit.title.split())}")
    try:
        patiently(context, lambda: _start_parent(context))
        result = take_turns(context)
    except GitcoordError as error:
        result = broken_off(context, error)
    except OSError as error:
        without = without_room(context, str(error)) or without_records(context)
        if without is None:
            _record(context, AttemptResult(outcome="failed", reason=f"a bug in gitcoord: {error}"))
            raise
        result = without
    except BaseException as error:
        reserve.unlink(missing_ok=True)
        _record(context, AttemptResult(outcome="failed", reason=f"a bug in gitcoord: {type(error).__name__}"))
        raise
    reserve.unlink(missing_ok=True)
    if result.recorded or _record(context, result):
        code = EXIT_CODES[result.outcome]
    else:
        result = AttemptResult(
            outcome="lost", reason="a newer attempt has begun, so the result was not recorded"
        )
        code = 1
    context.log.say(f"{result.outcome}{': ' if result.reason else ''}{result.reason}")
    clear_away(context, result)
    return WorkerEnd(
        task=context.unit.id,
        attempt=context.attempt,
        outcome=result.outcome,
        code=code,
        reason=result.reason,
        again_at=result.again_at,
        branch=context.unit.branch,
        head=result.head,
        directory=str(context.directory) if context.directory.exists() else "",
        log=str(context.place / "log"),
    )


def _start_parent(context: AttemptContext) -> None:
    """Records the start of the parent when its first subtask starts."""
    unit, who = context.unit, worker_name()
    if unit.subtask is not None and not context.task_context.mine.started_by:
        event = TaskStarted(at=now(), by=who, task=unit.task.id, branch=unit.task.branch, base=context.start)
        context.task_context.store.record(event, unless=lambda before: bool(before.started_by))


def _record(context: AttemptContext, result: AttemptResult) -> bool:
    """Records the result, unless a newer attempt has begun; returns whether it was recorded.

    Raises the error if recording fails. The checkout then stays for the next attempt, because an attempt
    without a result counts as lost.
    """
    event, shut_out = end_event(context, result), superseded(context.attempt)
    end = log_end(context, event)
    try:
        return patiently(
            context, lambda: context.task_context.store.record(event, unless=shut_out, extra=end)
        )
    except GitcoordError as error:
        where = f"The work of attempt {context.attempt} stays in {context.directory}; "
        where += "the next attempt continues from there."
        what = f"The result ({result.outcome}) could not be recorded: {error.message}"
        context.log.say(f"{what} {where}")
        raise GitcoordError(
            error.code, what, hint=f"{error.hint} {where}".strip(), passing=error.passing
        ) from error


def _make_reserve(place: Path) -> Path:
    """Writes a file to delete before the result is written: if the disk is full, that makes space for it."""
    reserve = place / "reserve"
    try:
        reserve.write_bytes(_RESERVE)
    except OSError:
        reserve.unlink(missing_ok=True)
    return reserve
