"""The process of one check: takes a checkout, runs the command, and stores the result.

It is a separate process: it outlives the command that wanted the check, and can be ended together with all
processes that it started. A file in the check's directory says what to check.
"""

import os
import time
from pathlib import Path

import msgspec

from gitcoord.checks.memo import LOCK_FILE, LOG_FILE, read_result, write_result
from gitcoord.checks.model import MOST_OUTPUT, CheckResult, CheckTarget
from gitcoord.conflicts.regeneration_commands import Maker
from gitcoord.engines.processes import MARK, adopt_orphans, end, marked
from gitcoord.errors import GitcoordError
from gitcoord.git.git_cli import nowhere_above
from gitcoord.redact import redact
from gitcoord.settings import RuleSettings
from gitcoord.text_lists import some
from gitcoord.worker.attempt.command_process import Command, CommandEnd, command_words, run_command
from gitcoord.worker.attempt.log import Log
from gitcoord.worker.attempt.signals import StopSignal, listening
from gitcoord.worker.checking.checkouts import BorrowedRepository, Slot, Waiting, held_lock, held_slot
from gitcoord.worker.transient_errors import disk_problem

ORDER_FILE = "order.json"
_PAUSE = 0.05
_LONGEST_LINE = 200
_CANNOT_START = {126: "cannot be run", 127: "was not found"}
_TRY_AGAIN = 75
"""EX_TEMPFAIL of sysexits.h: the command itself reports an unclear result."""


class CheckOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The check that a process runs, and where."""

    target: CheckTarget
    argv: tuple[str, ...]
    source: BorrowedRepository
    slots: str
    count: int
    seconds: float | None
    grace: float
    clean: bool
    log_bytes: int
    makers: tuple[Maker, ...] = ()
    """Commands that generate files, in place of a check."""
    rules: RuleSettings = RuleSettings()
    shell: bool = False


def write_order(place: Path, order: CheckOrder) -> None:
    """Writes the order for the process in the directory `place`."""
    place.mkdir(parents=True, exist_ok=True)
    draft = place / f"{ORDER_FILE}.{os.getpid()}"
    draft.write_bytes(msgspec.json.encode(order))
    draft.replace(place / ORDER_FILE)


def check_at(place: Path) -> None:
    """Runs the check that is described in the directory `place`, unless its result is already there.

    Repeats an unclear check, and with `again` a failed one. Stores no result if it is stopped.
    """
    order = msgspec.json.decode((place / ORDER_FILE).read_bytes(), type=CheckOrder)
    adopt_orphans()
    with listening() as stop, held_lock(place / LOCK_FILE, given_up=_given_up(stop)) as mine:
        before = read_result(place)
        before = before if before is not None and before.tree == order.target.tree else None
        if not mine or (before is not None and not _is_wanted(order.target, before)):
            return
        with held_slot(Path(order.slots), order.count, order.source, given_up=_given_up(stop)) as slot:
            result = _check(order, slot, place, stop, before) if slot is not None else None
        if result is not None:
            write_result(place, result)


def _is_wanted(target: CheckTarget, before: CheckResult) -> bool:
    return before.outcome == "unclear" or (target.again and before.outcome == "failed")


def _given_up(stop: StopSignal) -> Waiting:
    parent, first = os.getppid(), True

    def given_up() -> bool:
        nonlocal first
        if not first:
            time.sleep(_PAUSE)
        first = False
        # Do not begin a check when the command that wanted it is gone.
        return stop.requested is not None or os.getppid() != parent

    return given_up


def _check(
    order: CheckOrder, slot: Slot, place: Path, stop: StopSignal, before: CheckResult | None
) -> CheckResult | None:
    """Runs the check and returns the result; None if it was stopped because nobody wants it any more."""
    mark, busy = str(slot.directory), slot.directory.with_suffix(".busy")
    if busy.exists():  # a process was killed here, and its children may be alive
        end(lambda: marked(mark.__eq__), order.grace)
    busy.touch()
    runs = 1 if before is None or before.outcome == "unclear" else before.runs + 1
    (place / LOG_FILE).unlink(missing_ok=True)
    log = Log(place / LOG_FILE, order.log_bytes, echo=None)
    began = time.monotonic()
    try:
        slot.move_to(order.target.tree, order.target.parent, clean=order.clean)
        finish = (
            _run(order, slot, mark, log, stop) if not order.makers else _make(order, slot, mark, log, stop)
        )
        made = slot.tree_of_files(order.target.tree, order.rules) if order.makers and finish.succeeded else ""
    except (GitcoordError, OSError) as error:
        why = f"its checkout could not be made: {disk_problem(slot.directory) or redact(str(error))}"
        return CheckResult(tree=order.target.tree, outcome="unclear", reason=why, runs=runs)
    finally:
        log.close()
        busy.unlink(missing_ok=True)
    if finish.why == "stopped":
        return None
    result = _result(order, slot, finish, place, runs, time.monotonic() - began)
    return msgspec.structs.replace(result, made=made)


def _run(order: CheckOrder, slot: Slot, mark: str, log: Log, stop: StopSignal) -> CommandEnd:
    until = None if order.seconds is None else time.monotonic() + order.seconds
    return _run_in(slot.directory, order.argv, order, slot, mark, log, stop, until)


def _make(order: CheckOrder, slot: Slot, mark: str, log: Log, stop: StopSignal) -> CommandEnd:
    """Runs the commands that generate files, up to the first that fails, in the time of one check."""
    until = None if order.seconds is None else time.monotonic() + order.seconds
    for one in order.makers:
        log.say(f"{one.command} for {some(one.paths)}")
        argv = tuple(command_words(one.command, shell=order.shell))
        finish = _run_in(slot.directory / one.directory, argv, order, slot, mark, log, stop, until)
        if not finish.succeeded:
            break
    return finish


def _run_in(
    directory: Path,
    argv: tuple[str, ...],
    order: CheckOrder,
    slot: Slot,
    mark: str,
    log: Log,
    stop: StopSignal,
    until: float | None,
) -> CommandEnd:
    given = {"GITCOORD_CHECK_SLOT": str(slot.number), MARK: mark} | nowhere_above(slot.directory)
    command = Command(argv=argv, directory=directory, environment={**os.environ, **given})
    return run_command(command, log, stop=stop, until=until, grace=order.grace)


def _result(
    order: CheckOrder, slot: Slot, finish: CommandEnd, place: Path, runs: int, seconds: float
) -> CheckResult:
    output = _tail(place / LOG_FILE)
    result = CheckResult(
        tree=order.target.tree,
        outcome="passed" if finish.succeeded else "unclear",
        code=finish.code if finish.why == "by itself" else None,
        output=output,
        seconds=round(seconds, 3),
        runs=runs,
    )
    if finish.succeeded:
        return result
    full = disk_problem(slot.directory)
    if finish.why == "timeout":
        reason = f"it was ended after {order.seconds:g} s"
    elif finish.why == "not started":
        reason = finish.problem
    elif full:
        reason = f"the disk of its checkout is full: {full}"
    elif finish.code < 0:
        reason = f"it was killed by signal {-finish.code}"
    elif finish.code in _CANNOT_START:
        reason = f"its command {_CANNOT_START[finish.code]} (code {finish.code}){_last_line(output)}"
    elif finish.code == _TRY_AGAIN:
        reason = f"it asks to be tried again (code {finish.code}){_last_line(output)}"
    else:
        reason = f"it ended with code {finish.code}{_last_line(output)}"
        return msgspec.structs.replace(result, outcome="failed", reason=reason)
    return msgspec.structs.replace(result, reason=reason)


def _tail(file: Path) -> str:
    try:
        data = file.read_bytes()[-4 * MOST_OUTPUT :]
    except OSError:
        return ""
    return data.decode("utf-8", "replace")[-MOST_OUTPUT:]


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return f": {lines[-1][:_LONGEST_LINE]}" if lines else ""
