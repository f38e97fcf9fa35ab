"""One unit of work from claim to result, the same on every engine.

Everything after the claim is fenced by it: an attempt that a newer one has overtaken hands nothing in.
"""

import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import msgspec

from gitcoord.errors import GitcoordError
from gitcoord.events import Outcome, TaskStarted
from gitcoord.git.repository import Repository
from gitcoord.git.run import Oid
from gitcoord.git.shared import SharedRefs
from gitcoord.notices import AnyNotice, Tell
from gitcoord.running.engines.memory import said_why
from gitcoord.running.leases import superseded
from gitcoord.running.model import TaskContext, desk_for
from gitcoord.running.troubles import passes, try_for
from gitcoord.running.unit import WorkUnit, find_unit
from gitcoord.running.worker.begin import (
    WorkerEnd,
    clear_what_is_done,
    look,
    not_begun,
    note_not_begun,
    without_attempt,
    without_the_dead,
)
from gitcoord.running.worker.claim import AGAIN, EXIT_CODES, MOMENT, Claim, ClaimRefusal, claim
from gitcoord.running.worker.clearing import clear_away
from gitcoord.running.worker.commands import end_older
from gitcoord.running.worker.described import describe
from gitcoord.running.worker.finished import cut_off
from gitcoord.running.worker.heartbeat import Heartbeat, lease_of
from gitcoord.running.worker.holder import Holder
from gitcoord.running.worker.log import Log
from gitcoord.running.worker.order import WorkerOrder
from gitcoord.running.worker.outside import Surroundings
from gitcoord.running.worker.place import attempt_directory, checkout_directory
from gitcoord.running.worker.presence import announce, take_seat, withdraw
from gitcoord.running.worker.seat import AttemptResult, Seat, ended, patiently, without_room
from gitcoord.running.worker.slots import held_slot
from gitcoord.running.worker.stop import StopSignal
from gitcoord.running.worker.template import read_template
from gitcoord.running.worker.turns import take_turns
from gitcoord.settings import Settings
from gitcoord.state.beats import Beat
from gitcoord.state.journal import now, worker_name
from gitcoord.state.progress import PENDING
from gitcoord.state.store import Store


def _unheard(notice: AnyNotice) -> None:
    """For callers to whom nobody listens."""


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
    """Claims the unit, has the agent do it, hands it in, and records the result; `dry_run`: only looks.

    `clock` tells seconds since the epoch. Raises (exit 2) `no-plan`, `no-such-task`, `tasks-changed`,
    `has-subtasks`, and what reading the repository raises; nothing has been claimed then.
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
        return stop.asked is not None

    try_for(MOMENT, store.refresh, given_up=stopped)
    plan = store.require_plan()
    unit = find_unit(plan, order.unit)
    desk = desk_for(repository, shared, store, plan, unit.task, settings)
    words = describe(desk, unit, order)
    template = read_template(repository.root, settings.run.prompt)
    directory = checkout_directory(repository, plan.generation, unit.id, settings.run.worktrees)
    mine = desk.progress.get(unit.id, PENDING) if dry_run else without_the_dead(desk, unit, order)
    ready = look(desk, unit, order, directory, mine, fresh=settings.run.fresh)
    if isinstance(ready, WorkerEnd):
        if ready.code == 0 and not dry_run:
            clear_what_is_done(desk, unit, directory, mine, keep=settings.run.keep_checkout)
        return ready
    how, start = ready
    preview = _would_begin(repository, unit, start, directory) if dry_run else ""
    instead = without_attempt(desk, unit, order, mine, stop, clock, preview)
    if instead is not None:
        return instead
    attempt = order.attempt or (mine.attempt.number if mine.attempt else 0) + 1
    place = attempt_directory(repository.common_dir, plan.generation, unit.id, attempt)
    held = _take(desk, unit, msgspec.structs.replace(order, attempt=attempt), start, place, stopped)
    if isinstance(held, ClaimRefusal):
        return not_begun(unit, order, held.reason, held.code)
    slots = held_slot(repository.common_dir, order.slots, given_up=stopped)
    with closing(_log(place, settings)) as log, slots as slot:
        seat = Seat(
            desk=desk,
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
        with Heartbeat(store, unit.id, held.attempt, lease_of(settings.run), lambda: _sign(seat)):
            return _attempt(seat, held)


def _log(place: Path, settings: Settings) -> Log:
    return Log(place / "log", int(settings.run.log_megabytes * (1 << 20)))


def _sign(seat: Seat) -> Beat:
    return Beat(
        unit=seat.unit.id,
        attempt=seat.attempt,
        by=worker_name(),
        at=now(),
        quiet=round(seat.log.quiet, 1),
    )


def _take(
    desk: TaskContext,
    unit: WorkUnit,
    order: WorkerOrder,
    start: Oid,
    place: Path,
    stopped: Callable[[], bool],
) -> Claim | ClaimRefusal:
    """Claims the attempt, with word at `place` of who does so."""
    announce(place)
    held = claim(desk, unit, order, start, given_up=stopped)
    if isinstance(held, ClaimRefusal):
        withdraw(place)
    else:
        take_seat(place)
    return held


def _would_begin(repository: Repository, unit: WorkUnit, start: Oid, directory: Path) -> str:
    begin = "gone on with" if repository.resolve(f"refs/heads/{unit.branch}") else "made"
    return f"{unit.branch} would be {begin} at {start[:12]}, in {directory}"


def _attempt(seat: Seat, held: Claim) -> WorkerEnd:
    ballast = _loaded(seat.place)
    end_older(seat)
    for note in seat.described.notes:
        seat.log.say(note)
    seat.log.say(f"attempt {held.attempt} at {seat.unit.id}: {' '.join(seat.unit.title.split())}")
    try:
        patiently(seat, lambda: _start_parent(seat))
        result = take_turns(seat)
    except GitcoordError as error:
        result = _broken_off(seat, error)
    except OSError as error:
        without = without_room(seat, str(error)) or _without_records(seat)
        if without is None:
            _record(seat, AttemptResult(outcome="failed", reason=f"a bug in gitcoord: {error}"))
            raise
        result = without
    except BaseException as error:
        ballast.unlink(missing_ok=True)
        _record(seat, AttemptResult(outcome="failed", reason=f"a bug in gitcoord: {type(error).__name__}"))
        raise
    # On a full disk this is what the result is written with.
    ballast.unlink(missing_ok=True)
    if result.recorded or _record(seat, result):
        code = EXIT_CODES[result.outcome]
    else:
        result = AttemptResult(
            outcome="lost", reason="a newer attempt has begun meanwhile: nothing was recorded"
        )
        code = 1
    seat.log.say(f"{result.outcome}{': ' if result.reason else ''}{result.reason}")
    clear_away(seat, result)
    return WorkerEnd(
        task=seat.unit.id,
        attempt=held.attempt,
        outcome=result.outcome,
        code=code,
        reason=result.reason,
        again_at=result.again_at,
        branch=seat.unit.branch,
        head=result.head,
        directory=str(seat.directory) if seat.directory.exists() else "",
        log=str(seat.place / "log"),
    )


def outcome_of(error: GitcoordError) -> Outcome:
    """How an attempt comes out that `error` broke off; what passes by itself says nothing about the work."""
    return "again" if passes(error) else "failed"


def _broken_off(seat: Seat, error: GitcoordError) -> AttemptResult:
    if ended := said_why(seat.place):
        return AttemptResult(outcome="failed", reason=f"the attempt was ended: {ended}")
    why = f"{error.message} {error.hint}".strip()
    asked = seat.stop.asked
    full = without_room(seat, why)
    if full is None and asked is not None:
        return cut_off(seat, f"{asked.name} came while it waited: {why}")
    return full or AttemptResult(outcome=outcome_of(error), reason=why)


def _without_records(seat: Seat) -> AttemptResult | None:
    """The result of an attempt whose own directory somebody removed, with what it needs to go on."""
    if seat.place.is_dir():
        return None
    reason = f"{seat.place} was removed while the agent ran; what it left stays in {seat.directory}"
    return AttemptResult(outcome="failed", reason=reason, keep=True)


def _start_parent(seat: Seat) -> None:
    """The first of its subtasks starts a task: it is under way for everybody."""
    unit, who = seat.unit, worker_name()
    if unit.subtask is not None and not seat.desk.mine.started_by:
        event = TaskStarted(at=now(), by=who, task=unit.task.id, branch=unit.task.branch, base=seat.start)
        seat.desk.store.record(event, unless=lambda before: bool(before.started_by))


def _record(seat: Seat, result: AttemptResult) -> bool:
    """Writes the result, unless a newer attempt has begun. Raises what keeps it from being written.

    The checkout stays then, for whoever goes on: an attempt without a result counts as lost.
    """
    event, shut_out = ended(seat, result), superseded(seat.attempt)
    try:
        return patiently(seat, lambda: seat.desk.store.record(event, unless=shut_out))
    except GitcoordError as error:
        where = f"The work of attempt {seat.attempt} stays in {seat.directory}; the next one goes on from it."
        what = f"That it ended ({result.outcome}) could not be recorded: {error.message}"
        seat.log.say(f"{what} {where}")
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
