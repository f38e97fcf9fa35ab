"""One unit of work from claim to result, the same on every engine.

Everything after the claim is fenced by it: an attempt that a newer one has overtaken hands nothing in.
"""

import time
from pathlib import Path

import msgspec

from gitcoord.errors import GitcoordError
from gitcoord.events import AttemptEnded, TaskStarted
from gitcoord.git.repository import Repository
from gitcoord.git.run import Oid
from gitcoord.git.shared import SharedRefs
from gitcoord.running.agent_log import Log
from gitcoord.running.checkout import How, starting_point
from gitcoord.running.model import Desk, desk_for
from gitcoord.running.stop import Stop
from gitcoord.running.subtasks import done_at, subtask_start, whole
from gitcoord.running.worker_agent import end_older
from gitcoord.running.worker_checkout import check_free, clear_done, remove
from gitcoord.running.worker_claim import AGAIN, EXIT_CODES, Claim, Refusal, claim, refusal, superseded
from gitcoord.running.worker_finish import disk_problem
from gitcoord.running.worker_order import WorkerOrder
from gitcoord.running.worker_place import attempt_directory, checkout_directory
from gitcoord.running.worker_presence import announce, died_here, take_seat, withdraw, worker_at
from gitcoord.running.worker_seat import Result, Seat, ended
from gitcoord.running.worker_turns import take_turns
from gitcoord.running.worker_unit import WorkUnit, find_unit, has_parts
from gitcoord.settings import Settings
from gitcoord.state.journal import now, worker_name
from gitcoord.state.progress import PENDING, Progress
from gitcoord.state.store import Store
from gitcoord.tasks.model import TaskId

_BALLAST = b"\1" * (256 << 10)


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """How a worker ended. `outcome` is empty when it never began; `reason` says why."""

    task: TaskId
    attempt: int | None
    outcome: str
    code: int
    reason: str = ""
    branch: str = ""
    head: str = ""
    directory: str = ""
    log: str = ""


def work(
    repository: Repository,
    shared: SharedRefs,
    store: Store,
    settings: Settings,
    order: WorkerOrder,
    stop: Stop,
    *,
    dry_run: bool = False,
) -> Done:
    """Claims the unit, has the agent do it, hands it in, and records the result; `dry_run`: only looks.

    Raises (exit 2) `no-plan`, `no-such-task`, `has-subtasks`, and what reading the repository raises; nothing
    has been claimed then.
    """
    store.refresh()
    plan = store.require_plan()
    unit = find_unit(plan, order.unit)
    desk = desk_for(repository, shared, store, plan, unit.task)
    directory = checkout_directory(repository, unit.id, settings.run.worktrees)
    mine = desk.progress.get(unit.id, PENDING) if dry_run else _without_the_dead(desk, unit, order)
    ready = _look(desk, unit, order, directory, mine, fresh=settings.run.fresh)
    if isinstance(ready, Done):
        if ready.code == 0 and not dry_run:
            _clear_what_is_done(desk, unit, directory, mine, keep=settings.run.keep_checkout)
        return ready
    how, start = ready
    refused = refusal(mine, unit, order.attempt)
    if refused is not None:
        return _not_begun(unit, order, refused.reason, refused.code)
    if dry_run:
        begin = "gone on with" if desk.repository.resolve(f"refs/heads/{unit.branch}") else "made"
        reason = f"{unit.branch} would be {begin} at {start[:12]}, in {directory}"
        return _not_begun(unit, order, reason, 0)
    if stop.asked is not None:
        return _not_begun(unit, order, f"{stop.asked.name} came", EXIT_CODES["cancelled"])
    attempt = order.attempt or (mine.attempt.number if mine.attempt else 0) + 1
    place = attempt_directory(repository.common_dir, unit.id, attempt)
    announce(place)
    held = claim(desk, unit, msgspec.structs.replace(order, attempt=attempt), start)
    if isinstance(held, Refusal):
        withdraw(place)
        return _not_begun(unit, order, held.reason, held.code)
    take_seat(place)
    log = Log(place / "log", int(settings.run.log_megabytes * (1 << 20)))
    seat = Seat(
        desk=desk,
        unit=unit,
        order=order,
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
    )
    try:
        return _attempt(seat, held)
    finally:
        log.close()


def _without_the_dead(desk: Desk, unit: WorkUnit, order: WorkerOrder) -> Progress:
    """The unit's progress, after recording the end of an attempt whose worker died on this machine.

    Only where no number was asked for: who gives numbers keeps the books.
    """
    mine = desk.progress.get(unit.id, PENDING)
    newest = mine.attempt
    if order.attempt is not None or newest is None or not newest.running:
        return mine
    if not died_here(attempt_directory(desk.repository.common_dir, unit.id, newest.number)):
        return mine
    done = bool(_done_already(desk, unit, mine))
    event = AttemptEnded(
        at=now(),
        by=worker_name(),
        task=unit.id,
        attempt=newest.number,
        outcome="ok" if done else "lost",
        reason="its worker was gone before it could say so" if done else "its worker is gone",
        head=mine.head or "" if done else "",
    )
    desk.store.record(event, unless=superseded(newest.number))
    return desk.store.progress().get(unit.id, PENDING)


def _look(
    desk: Desk, unit: WorkUnit, order: WorkerOrder, directory: Path, mine: Progress, *, fresh: bool
) -> tuple[How, Oid] | Done:
    done = _done_already(desk, unit, mine)
    if done:
        return _not_begun(unit, order, done, 0)
    if unit.subtask is None and unit.task.subtasks and not whole(desk):
        raise has_parts(unit)
    check_free(desk.repository, unit, directory)
    wanted = order.fresh or mine.fresh or (fresh and mine.deferral is None)
    how = How(stack=order.stack, now=order.now, fresh=wanted and bool(mine.attempts))
    try:
        start = subtask_start(desk, unit, how) if unit.subtask else starting_point(desk, how)[0]
    except GitcoordError as error:
        if error.code != "not-ready":
            raise
        return _not_begun(unit, order, error.message, AGAIN)
    return how, start


def _clear_what_is_done(desk: Desk, unit: WorkUnit, directory: Path, mine: Progress, *, keep: str) -> None:
    """Takes away what a worker that died after handing in has left."""
    newest = mine.attempt.number if mine.attempt else 0
    if keep != "always" and not worker_at(attempt_directory(desk.repository.common_dir, unit.id, newest)):
        clear_done(desk.repository, desk.shared, unit, directory)


def _done_already(desk: Desk, unit: WorkUnit, mine: Progress) -> str:
    if unit.task.id in desk.landed:
        return f"task {unit.task.id} has landed on {desk.plan.base} already"
    if unit.subtask is not None:
        return f"subtask {unit.id} is done already" if unit.id in done_at(desk) else ""
    newest = mine.attempt.number if mine.attempt else 0
    again = newest > 0 and mine.retried_after == newest
    if mine.stand == "submitted" and mine.head == desk.shared_tip and not again:
        return f"task {unit.id} has been handed in already"
    return ""


def _attempt(seat: Seat, held: Claim) -> Done:
    ballast = _loaded(seat.place)
    end_older(seat)
    seat.log.say(f"attempt {held.attempt} at {seat.unit.id}: {' '.join(seat.unit.title.split())}")
    try:
        _start_parent(seat)
        result = take_turns(seat)
    except GitcoordError as error:
        why = f"{error.message} {error.hint}".strip()
        result = Result(outcome="cancelled" if seat.stop.asked else "failed", reason=why)
    except BaseException as error:
        ballast.unlink(missing_ok=True)
        _record(seat, Result(outcome="failed", reason=f"a bug in gitcoord: {type(error).__name__}"))
        raise
    # On a full disk this is what the result is written with.
    ballast.unlink(missing_ok=True)
    if result.recorded or _record(seat, result):
        code = EXIT_CODES[result.outcome]
    else:
        result = Result(outcome="lost", reason="a newer attempt has begun meanwhile: nothing was recorded")
        code = 1
    seat.log.say(f"{result.outcome}{': ' if result.reason else ''}{result.reason}")
    _clear_away(seat, result)
    return Done(
        task=seat.unit.id,
        attempt=held.attempt,
        outcome=result.outcome,
        code=code,
        reason=result.reason,
        branch=seat.unit.branch,
        head=result.head,
        directory=str(seat.directory) if seat.directory.exists() else "",
        log=str(seat.place / "log"),
    )


def _start_parent(seat: Seat) -> None:
    """The first of its subtasks starts a task: it is under way for everybody."""
    unit, who = seat.unit, worker_name()
    if unit.subtask is not None and not seat.desk.mine.started_by:
        event = TaskStarted(at=now(), by=who, task=unit.task.id, branch=unit.task.branch, base=seat.start)
        seat.desk.store.record(event, unless=lambda before: bool(before.started_by))


def _record(seat: Seat, result: Result) -> bool:
    """Writes the result, unless a newer attempt has begun; on a full disk at the price of the checkout."""
    event, shut_out = ended(seat, result), superseded(seat.attempt)
    try:
        return seat.desk.store.record(event, unless=shut_out)
    except GitcoordError:
        if not disk_problem(seat.place):
            raise
        seat.log.say("the checkout is given up, so that there is room to record the result")
        remove(seat.desk.repository, seat.directory)
        return seat.desk.store.record(event, unless=shut_out)


def _loaded(place: Path) -> Path:
    ballast = place / "ballast"
    try:
        ballast.write_bytes(_BALLAST)
    except OSError:
        ballast.unlink(missing_ok=True)
    return ballast


def _clear_away(seat: Seat, result: Result) -> None:
    """Takes the checkout away where it is of no more use; the branch stays until the parent has it."""
    repository, unit = seat.desk.repository, seat.unit
    wish = seat.settings.run.keep_checkout
    if result.outcome == "lost" or wish == "always" or (wish == "failed" and result.outcome != "ok"):
        return
    if result.outcome == "ok":
        clear_done(repository, seat.desk.shared, unit, seat.directory)
    else:
        remove(repository, seat.directory)


def _not_begun(unit: WorkUnit, order: WorkerOrder, reason: str, code: int) -> Done:
    return Done(task=unit.id, attempt=order.attempt, outcome="", code=code, reason=reason, branch=unit.branch)
