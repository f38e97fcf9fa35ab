"""The context of an attempt that a worker has claimed, and its result."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from gitcoord.engines.engine import key_of
from gitcoord.errors import GitcoordError
from gitcoord.event_stamp import now, worker_name
from gitcoord.events import AttemptEnded, Outcome
from gitcoord.git.git_cli import Oid
from gitcoord.git.remote_refs import RefUpdate
from gitcoord.git.worktree import WorkingCopy
from gitcoord.outside import OutsideChange
from gitcoord.redact import redact
from gitcoord.settings import Settings
from gitcoord.state.log_ends import write_log_end
from gitcoord.state.task_history import Progress
from gitcoord.text_lists import some
from gitcoord.worker.attempt.environment import tokens_used
from gitcoord.worker.attempt.held_back_store import held_back_files
from gitcoord.worker.attempt.kept_commits import (
    keep_commits,
    keep_stashed,
    keep_unnamed,
    kept_ref,
    uncommitted_ref,
)
from gitcoord.worker.attempt.log import Log
from gitcoord.worker.attempt.outside import MOST_OUTSIDE, Surroundings
from gitcoord.worker.attempt.prompt.task_description import TaskDescription
from gitcoord.worker.attempt.prompt.template import PromptTemplate
from gitcoord.worker.attempt.request import WorkerOrder
from gitcoord.worker.attempt.signals import StopSignal
from gitcoord.worker.attempt.uncommitted_work import keep_uncommitted
from gitcoord.worker.checkout import CheckoutOptions
from gitcoord.worker.task_context import TaskContext, load_task_context
from gitcoord.worker.transient_errors import disk_problem, passes, try_for
from gitcoord.worker.unit import WorkUnit

_LONGEST_REASON = 400
_PATIENCE = 300.0
_MOST_HELD = 20


class Reworks:
    """How often a conflict went back to the agent in this attempt, and when that first happened."""

    def __init__(self) -> None:
        self.count = 0
        self.work_seconds = 0.0
        """Seconds of the agent and the check before the first rework."""
        self._since: float | None = None

    def begin(self) -> None:
        """Counts another rework."""
        self.count += 1
        self._since = self._since or time.monotonic()

    def spend(self, seconds: float) -> None:
        """Adds the seconds of one run of the agent or the check."""
        if not self.count:
            self.work_seconds += seconds

    def seconds(self) -> float:
        """Seconds of the agent and the check since the first rework."""
        return 0.0 if self._since is None else time.monotonic() - self._since


class AttemptContext(msgspec.Struct, frozen=True, kw_only=True):
    """One running attempt. `directory` is the checkout, `place` the attempt's own directory.

    `task_context` and `before` are as they were at the claim; `began` is in monotonic time.
    """

    task_context: TaskContext
    unit: WorkUnit
    order: WorkerOrder
    described: TaskDescription
    settings: Settings
    attempt: int
    before: Progress
    how: CheckoutOptions
    start: Oid
    directory: Path
    place: Path
    log: Log
    stop: StopSignal
    began: float
    slot: int = 0
    """A number that no other running attempt of this clone has."""
    template: PromptTemplate | None = None
    outside: Surroundings
    reworks: Reworks = msgspec.field(default_factory=Reworks)
    kept: list[str] = msgspec.field(default_factory=list)
    """The refs that keep uncommitted work of this checkout."""
    since: float = msgspec.field(default_factory=time.time)
    """When it began, in seconds since the epoch."""
    clock: Callable[[], float] = time.time
    """Returns the time in seconds since the epoch."""

    @property
    def key(self) -> str:
        """The attempt's key for engines."""
        return key_of(self.unit.id, self.attempt)

    @property
    def until(self) -> float | None:
        """The monotonic time of its time limit; None if it has none."""
        return None if self.order.seconds is None else self.began + self.order.seconds

    def look(self) -> TaskContext:
        """Fetches, and returns the task context as it is now."""
        task_context = self.task_context
        return load_task_context(
            task_context.repository, task_context.shared, task_context.store, self.unit.task.id, self.settings
        )


class AttemptResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of an attempt; `recorded`: it is already in the journal.

    `keep`: the checkout stays whatever the settings say, because its content could not be committed.
    `again_at`: the account is closed until this time (as in events).
    """

    outcome: Outcome
    reason: str = ""
    code: int | None = None
    head: str = ""
    recorded: bool = False
    keep: bool = False
    again_at: str = ""


Answer = TypeVar("Answer")


def patiently(context: AttemptContext, act: Callable[[], Answer]) -> Answer:
    """Returns the result of `act`; retries as long as its error may pass, so no work is lost."""

    def tell(error: BaseException) -> None:
        how = "for some minutes" if passes(error) else "a few times"
        context.log.say(f"{error} Trying again {how}.")

    stopped = lambda: context.stop.requested is not None  # noqa: E731
    return try_for(_PATIENCE, act, tell=tell, given_up=stopped)


def keep_leftovers(context: AttemptContext, attempt: int) -> None:
    """Keeps uncommitted work of `attempt` in the checkout under a ref, and logs it. Raises `git-failed`."""
    repository = context.task_context.repository
    ref = uncommitted_ref(context.task_context.plan.generation, context.unit.id, attempt)
    found = keep_uncommitted(repository, context.directory, ref, context.settings.rules)
    whose = "this attempt" if attempt == context.attempt else f"attempt {attempt}"
    if found.ref and found.ref not in context.kept:
        context.kept.append(found.ref)
        context.log.say(f"what {whose} left uncommitted is kept: git stash show --patch {found.ref}")
    if found.aside is not None:
        context.log.say(f"files that {whose} left and that must not be committed are copied to {found.aside}")
    for note in found.notes:
        context.log.say(note)


def without_room(context: AttemptContext, why: str, code: int | None = None) -> AttemptResult | None:
    """The result if the attempt failed because of a full disk, else None. Its work stays in the checkout."""
    full = disk_problem(context.directory)
    if not full:
        return None
    reason = f"the disk of the checkout is full: {full}; its work stays in {context.directory}; {why}"
    return AttemptResult(outcome="failed", reason=reason, code=code, keep=True)


def ended(context: AttemptContext, result: AttemptResult) -> AttemptEnded:
    """Makes the event for `result`."""
    tokens, spending = tokens_used(context.place), context.log.spending
    spending.close()
    outside = _outside(context)
    held_back = held_back_files(WorkingCopy(context.task_context.repository, context.directory))
    return AttemptEnded(
        at=now(),
        by=worker_name(),
        task=context.unit.id,
        attempt=context.attempt,
        outcome=result.outcome,
        reason=redact(result.reason)[:_LONGEST_REASON],
        code=result.code,
        head=result.head,
        seconds=round(time.monotonic() - context.began, 3),
        tokens=tokens if tokens is not None else spending.tokens,
        usd=None if spending.usd is None else round(spending.usd, 6),
        reworks=context.reworks.count,
        rework_seconds=round(context.reworks.seconds(), 3),
        work_seconds=round(context.reworks.work_seconds, 3),
        kept=", ".join(dict.fromkeys(filter(None, (_kept(context, result), *context.kept)))),
        held_back=held_back[:_MOST_HELD],
        again_at=result.again_at,
        outside=outside[:MOST_OUTSIDE],
        outside_count=len(outside),
    )


def log_end(context: AttemptContext, event: AttemptEnded) -> RefUpdate | None:
    """Writes the end of the log for other clones; returns the ref to create with the record `event`."""
    context.log.tail(0)  # writes an unfinished line
    most = context.settings.run.keep_log_ends
    return write_log_end(context.task_context.store, event, context.place / "log", most)


def _outside(context: AttemptContext) -> tuple[OutsideChange, ...]:
    """Finds changes outside the checkout, and writes them to the log."""
    found = context.outside.changes()
    own = [change.words() for change in found if change.by_agent]
    others = [change.words() for change in found if not change.by_agent]
    if own:
        context.log.say(f"its git changed outside of its checkout: {some(own)}")
    if others:
        context.log.say(
            f"changed outside of its checkout while it ran, by an unknown process: {some(others)}"
        )
    return found


def _kept(context: AttemptContext, result: AttemptResult) -> str:
    """The ref with the commits that the agent left outside its branch; empty if there are none.

    Keeps uncommitted work, too, if the checkout is about to be removed.
    """
    task_context, ref = (
        context.task_context,
        kept_ref(context.task_context.plan.generation, context.unit.id, context.attempt),
    )
    goes = context.settings.run.keep_checkout == "never" and not result.keep
    try:
        if goes and result.outcome not in ("ok", "lost"):
            keep_leftovers(context, context.attempt)
        found = keep_commits(task_context.repository, context.unit.branch, context.directory, ref)
        # If the clock was set meanwhile, keep too many rather than too few.
        moment = min(context.since, time.time() - (time.monotonic() - context.began))
        unnamed = keep_unnamed(
            task_context.repository, context.directory, ref, start=context.start, moment=moment
        )
        found = unnamed or found
        stashed = keep_stashed(task_context.repository, context.unit.branch, ref, moment=moment)
    except GitcoordError as error:
        context.log.say(f"cannot find out whether it left commits on no branch: {error}")
        return ""
    if found:
        context.log.say(f"commits that it left on no branch are kept: git log {found}")
    if stashed:
        context.log.say(f"what it put into git's stash is kept, too: git stash show --patch {stashed}")
    return found or stashed
