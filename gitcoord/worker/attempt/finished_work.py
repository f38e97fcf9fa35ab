"""Records complete work before it is submitted: if the attempt is then killed, no agent has to run again."""

import contextlib
from pathlib import Path

import msgspec

from gitcoord.git.git_cli import Oid
from gitcoord.git.worktree import WorkingCopy
from gitcoord.worker.attempt.attempt_context import AttemptContext, AttemptResult
from gitcoord.worker.attempt.paths import attempt_directory

_FILE = "finished.json"
_CUT_OFF = frozenset({"cancelled", "lost", "again"})


class FinishedWork(msgspec.Struct, frozen=True, kw_only=True):
    """A record that an agent's work is complete, committed as `head`, and has passed the command `check`."""

    head: Oid
    check: str


def note_finished(context: AttemptContext, copy: WorkingCopy) -> None:
    """Records that the work is complete; does nothing if the agent has removed the attempt's directory."""
    work = FinishedWork(head=copy.git.text("rev-parse", "--verify", "HEAD"), check=context.order.check)
    part = context.place / f"{_FILE}.part"
    with contextlib.suppress(FileNotFoundError):
        part.write_bytes(msgspec.json.encode(work))
        part.replace(context.place / _FILE)


def was_finished(context: AttemptContext, copy: WorkingCopy) -> bool:
    """Whether an attempt that was cut off on this machine left complete work in the checkout.

    Returns False after a `gitcoord retry`: a person wants the agent to run again.
    """
    if context.how.fresh or context.before.deferral is not None:
        return False
    for attempt in reversed(context.before.attempts):
        ended = attempt.ended
        if attempt.number <= context.before.retried_after or (ended and ended.outcome not in _CUT_OFF):
            return False
        work = _noted(_place_of(context, attempt.number))
        if work is not None:
            return _is_still_there(context, copy, work, attempt.number)
    return False


def cut_off(context: AttemptContext, why: str) -> AttemptResult:
    """The result of an attempt that was ended from outside; complete work stays for the next attempt."""
    work = _noted(context.place)
    if work is None:
        return AttemptResult(outcome="cancelled", reason=why)
    reason = f"{why}; its work is complete at {work.head[:12]}, and the next attempt submits it"
    return AttemptResult(outcome="cancelled", reason=reason, head=work.head, keep=True)


def _is_still_there(context: AttemptContext, copy: WorkingCopy, work: FinishedWork, attempt: int) -> bool:
    head = copy.git.text("rev-parse", "--verify", "HEAD")
    if head != work.head or work.check != context.order.check or copy.branch() != context.unit.branch:
        return False
    if copy.changes(untracked=False):
        return False
    context.log.say(f"the work of attempt {attempt} is complete at {head[:12]}: submitting it as it is")
    return True


def _place_of(context: AttemptContext, attempt: int) -> Path:
    task_context = context.task_context
    return attempt_directory(
        task_context.repository.common_dir, task_context.plan.generation, context.unit.id, attempt
    )


def _noted(place: Path) -> FinishedWork | None:
    try:
        return msgspec.json.decode((place / _FILE).read_bytes(), type=FinishedWork)
    except (OSError, msgspec.DecodeError):
        return None
