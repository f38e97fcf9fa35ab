"""Work that is complete and not handed in yet: an attempt that was cut off then is not run again."""

import contextlib
from pathlib import Path

import msgspec

from gitcoord.git.run import Oid
from gitcoord.git.working_copy import WorkingCopy
from gitcoord.running.worker.place import attempt_directory
from gitcoord.running.worker.seat import AttemptResult, Seat

_FILE = "finished.json"
_CUT_OFF = frozenset({"cancelled", "lost", "again"})


class FinishedWork(msgspec.Struct, frozen=True, kw_only=True):
    """An agent's work is complete and committed as `head`, and the command `check` found nothing wrong."""

    head: Oid
    check: str


def note_finished(seat: Seat, copy: WorkingCopy) -> None:
    """Leaves word that everything is done but the hand-in, unless the agent has removed where that goes."""
    work = FinishedWork(head=copy.git.text("rev-parse", "--verify", "HEAD"), check=seat.order.check)
    part = seat.place / f"{_FILE}.part"
    with contextlib.suppress(FileNotFoundError):
        part.write_bytes(msgspec.json.encode(work))
        part.replace(seat.place / _FILE)


def was_finished(seat: Seat, copy: WorkingCopy) -> bool:
    """Whether an attempt that was cut off has left the checkout with its work complete, on this machine.

    A person who asked for another try since wants the agent to run.
    """
    if seat.how.fresh or seat.before.deferral is not None:
        return False
    for attempt in reversed(seat.before.attempts):
        ended = attempt.ended
        if attempt.number <= seat.before.retried_after or (ended and ended.outcome not in _CUT_OFF):
            return False
        work = _noted(_place_of(seat, attempt.number))
        if work is not None:
            return _is_still_there(seat, copy, work, attempt.number)
    return False


def cut_off(seat: Seat, why: str) -> AttemptResult:
    """The result of an attempt that was ended from outside; what is complete stays to be handed in."""
    work = _noted(seat.place)
    if work is None:
        return AttemptResult(outcome="cancelled", reason=why)
    reason = f"{why}; its work is complete at {work.head[:12]}, and the next attempt hands it in"
    return AttemptResult(outcome="cancelled", reason=reason, head=work.head, keep=True)


def _is_still_there(seat: Seat, copy: WorkingCopy, work: FinishedWork, attempt: int) -> bool:
    head = copy.git.text("rev-parse", "--verify", "HEAD")
    if head != work.head or work.check != seat.order.check or copy.branch() != seat.unit.branch:
        return False
    if copy.changes(untracked=False):
        return False
    seat.log.say(f"the work of attempt {attempt} is complete at {head[:12]}: it is handed in as it is")
    return True


def _place_of(seat: Seat, attempt: int) -> Path:
    desk = seat.desk
    return attempt_directory(desk.repository.common_dir, desk.plan.generation, seat.unit.id, attempt)


def _noted(place: Path) -> FinishedWork | None:
    try:
        return msgspec.json.decode((place / _FILE).read_bytes(), type=FinishedWork)
    except (OSError, msgspec.DecodeError):
        return None
