"""Runs one attempt from claim to result, the same on every engine.

The claim fences everything after it: once a newer attempt has begun, an older one cannot submit.
"""

import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import msgspec

from gitcoord.errors import GitcoordError
from gitcoord.event_stamp import now, worker_name
from gitcoord.events import TaskStarted
from gitcoord.git.git_cli import Oid
from gitcoord.git.remote_refs import SharedRefs
from gitcoord.git.repository import Repository
from gitcoord.notices import AnyNotice, Tell
from gitcoord.settings import Settings
from gitcoord.state.heartbeats import Beat
from gitcoord.state.store import Store
from gitcoord.state.task_history import PENDING
from gitcoord.worker.attempt.agent_loop import take_turns
from gitcoord.worker.attempt.attempt_context import (
    AttemptContext,
    AttemptResult,
    ended,
    log_end,
    patiently,
    without_room,
)
from gitcoord.worker.attempt.broken_off import broken_off, without_records
from gitcoord.worker.attempt.checkout_removal import clear_away
from gitcoord.worker.attempt.claim import MOMENT, Claim, ClaimRefusal, claim
from gitcoord.worker.attempt.exit_codes import AGAIN, EXIT_CODES
from gitcoord.worker.attempt.heartbeat import heartbeat, lease_of
from gitcoord.worker.attempt.log import Log
from gitcoord.worker.attempt.outside import Surroundings
from gitcoord.worker.attempt.paths import attempt_directory, checkout_directory
from gitcoord.worker.attempt.pid_file import announce, record_worker, withdraw
from gitcoord.worker.attempt.preconditions import (
    WorkerEnd,
    clear_what_is_done,
    look,
    not_begun,
    note_not_begun,
    without_attempt,
    without_the_dead,
)
from gitcoord.worker.attempt.prompt.task_description import describe
from gitcoord.worker.attempt.prompt.template import read_template
from gitcoord.worker.attempt.request import WorkerOrder
from gitcoord.worker.attempt.run_commands import end_older
from gitcoord.worker.attempt.signals import StopSignal
from gitcoord.worker.attempt.slot_numbers import held_slot
from gitcoord.worker.attempt.unfinished_work import publishing
from gitcoord.worker.attempt.wait_for_holder import Holder
from gitcoord.worker.leases import superseded
from gitcoord.worker.task_context import TaskContext, task_context_for
from gitcoord.worker.transient_errors import try_for
from gitcoord.worker.unit import WorkUnit, find_unit


def _unheard(notice: AnyNotice) -> None:
    """Ignores notices."""


_BALLAST = b"\1" * (256 << 10)


def work(
    repository: Repository,
    shared: SharedRefs,
    store: Store,
    settings: Settings,
    order: WorkerOrder,
    stop: StopSignal,
    *,
    dry_run: bool = False,
    clock: Callable[[], float] = time.time,
    tell: Tell = _unheard,
) -> WorkerEnd:
    """Claims the unit, runs the agent, submits the work, and records the result; `dry_run`: changes nothing.

    `clock` returns seconds since the epoch. Raises (exit 2) `no-plan`, `no-such-task`, `tasks-changed`,
    `has-subtasks`, and the errors of reading the repository; nothing is claimed then.
    """
    act = partial(_work, repository, shared, store, settings, order, stop, dry_run=dry_run, clock=clock)
    holder = Holder(store, order.unit, order.wait, stop, tell)
    done = act()
    while order.wait and not dry_run and not done.outcome and done.code == AGAIN and holder.wait():
        done = act()
    if not done.outcome and order.attempt is not None and not dry_run:
        place = attempt_directory(repository.common_dir, store.generation, order.unit, order.attempt)
        note_not_begun(place, done)
    return done


def _work(
    repository: Repository,
    shared: SharedRefs,
    store: Store,
    settings: Settings,
    order: WorkerOrder,
    stop: StopSignal,
    *,
    dry_run: bool,
    clock: Callable[[], float],
) -> WorkerEnd:
    def stopped() -> bool:
        return stop.requested is not None

    try_for(MOMENT, store.refresh, given_up=stopped)
    plan = store.require_plan()
    unit = find_unit(plan, order.unit)
    task_context = task_context_for(repository, shared, store, plan, unit.task, settings)
    words = describe(task_context, unit, order)
    template = read_template(repository.root, settings.run.prompt)
    directory = checkout_directory(repository, plan.generation, unit.id, settings.run.worktrees)
    mine = (
        task_context.progress.get(unit.id, PENDING)
        if dry_run
        else without_the_dead(task_context, unit, order)
    )
    ready = look(task_context, unit, order, directory, mine, fresh=settings.run.fresh)
    if isinstance(ready, WorkerEnd):
        if ready.code == 0 and not dry_run:
            clear_what_is_done(task_context, unit, directory, mine, keep=settings.run.keep_checkout)
        return ready
    how, start = ready
    preview = _would_begin(repository, unit, start, directory) if dry_run else ""
    instead = without_attempt(task_context, unit, order, mine, stop, clock, preview)
    if instead is not None:
        return instead
    attempt = order.attempt or (mine.attempt.number if mine.attempt else 0) + 1
    place = attempt_directory(repository.common_dir, plan.generation, unit.id, attempt)
    held = _take(task_context, unit, msgspec.structs.replace(order, attempt=attempt), start, place, stopped)
    if isinstance(held, ClaimRefusal):
        return not_begun(unit, order, held.reason, held.code)
    slots = held_slot(repository.common_dir, order.slots, given_up=stopped)
    with closing(_log(place, settings)) as log, slots as slot:
        context = AttemptContext(
            task_context=task_context,
            unit=unit,
            order=order,
            described=words,
            settings=settings,
            attempt=held.attempt,
            before=held.before,
            how=how,
            start=start,
            directory=directory,
            place=place,
            log=log,
            stop=stop,
            began=time.monotonic(),
            outside=Surroundings(repository, plan, place, directory, unit.branch),
            slot=slot,
            template=template,
            clock=clock,
        )
        beats = heartbeat(store, unit.id, held.attempt, lease_of(settings.run), lambda: _sign(context))
        with beats, publishing(context):
            return _attempt(context, held)


def _log(place: Path, settings: Settings) -> Log:
    return Log(place / "log", int(settings.run.log_megabytes * (1 << 20)))


def _sign(context: AttemptContext) -> Beat:
    return Beat(
        unit=context.unit.id,
        attempt=context.attempt,
        by=worker_name(),
        at=now(),
        quiet=round(context.log.quiet, 1),
    )


def _take(
    task_context: TaskContext,
    unit: WorkUnit,
    order: WorkerOrder,
    start: Oid,
    place: Path,
    stopped: Callable[[], bool],
) -> Claim | ClaimRefusal:
    """Records this process in the directory `place`, and claims the attempt."""
    announce(place)
    held = claim(task_context, unit, order, start, given_up=stopped)
    if isinstance(held, ClaimRefusal):
        withdraw(place)
    else:
        record_worker(place)
    return held


def _would_begin(repository: Repository, unit: WorkUnit, start: Oid, directory: Path) -> str:
    begin = "continued" if repository.resolve(f"refs/heads/{unit.branch}") else "made"
    return f"{unit.branch} would be {begin} at {start[:12]}, in {directory}"


def _attempt(context: AttemptContext, held: Claim) -> WorkerEnd:
    ballast = _loaded(context.place)
    end_older(context)
    for note in context.described.notes:
        context.log.say(note)
    context.log.say(f"attempt {held.attempt} at {context.unit.id}: {' '.join(context.unit.title.split())}")
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
        ballast.unlink(missing_ok=True)
        _record(context, AttemptResult(outcome="failed", reason=f"a bug in gitcoord: {type(error).__name__}"))
        raise
    # On a full disk, this reserve is freed to write the result.
    ballast.unlink(missing_ok=True)
    if result.recorded or _record(context, result):
        code = EXIT_CODES[result.outcome]
    else:
        result = AttemptResult(
            outcome="lost", reason="a newer attempt has begun meanwhile: nothing was recorded"
        )
        code = 1
    context.log.say(f"{result.outcome}{': ' if result.reason else ''}{result.reason}")
    clear_away(context, result)
    return WorkerEnd(
        task=context.unit.id,
        attempt=held.attempt,
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

    Raises if recording fails. The checkout then stays for the next attempt: one without a result counts as
    lost.
    """
    event, shut_out = ended(context, result), superseded(context.attempt)
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


def _loaded(place: Path) -> Path:
    ballast = place / "ballast"
    try:
        ballast.write_bytes(_BALLAST)
    except OSError:
        ballast.unlink(missing_ok=True)
    return ballast
