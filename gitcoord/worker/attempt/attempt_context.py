"""The context of an attempt that a worker has claimed, and its result."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from gitcoord.engines.engine import key_of
from gitcoord.events import Outcome
from gitcoord.git.git_cli import Oid
from gitcoord.settings import Settings
from gitcoord.state.task_history import Progress
from gitcoord.worker.attempt.log import Log
from gitcoord.worker.attempt.outside import Surroundings
from gitcoord.worker.attempt.prompt.task_description import TaskDescription
from gitcoord.worker.attempt.prompt.template import PromptTemplate
from gitcoord.worker.attempt.request import WorkerOrder
from gitcoord.worker.attempt.signals import StopSignal
from gitcoord.worker.checkout import CheckoutOptions
from gitcoord.worker.task_context import TaskContext, load_task_context
from gitcoord.worker.transient_errors import disk_problem, passes, try_for
from gitcoord.worker.unit import WorkUnit

_PATIENCE = 300.0
"""Seconds for which to retry after an error that will pass."""


class Reworks:
    """Counts the conflicts that went back to the agent in this attempt, and the time since the first one."""

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
        """Adds the seconds of a run of the agent or the check, unless a rework has begun."""
        if not self.count:
            self.work_seconds += seconds

    def seconds(self) -> float:
        """Returns the seconds since the first rework began; 0 if there was none."""
        return 0.0 if self._since is None else time.monotonic() - self._since


class ReadyAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt that can begin. `directory` is the checkout, `place` the attempt's own directory.

    `how` has the options of the checkout, and `start` is the commit to begin at. `task_context` is as it was
    before the claim.
    """

    task_context: TaskContext
    unit: WorkUnit
    order: WorkerOrder
    described: TaskDescription
    template: PromptTemplate | None = None
    settings: Settings
    how: CheckoutOptions
    start: Oid
    directory: Path
    place: Path


class AttemptContext(ReadyAttempt, frozen=True, kw_only=True):
    """One running attempt. `before` is the unit's progress before the claim; `began` is in monotonic time."""

    attempt: int
    before: Progress
    log: Log
    stop: StopSignal
    began: float
    slot: int = 0
    """A number that no other running attempt of this clone has."""
    outside: Surroundings
    reworks: Reworks = msgspec.field(default_factory=Reworks)
    kept: list[str] = msgspec.field(default_factory=list)
    """The refs that keep uncommitted work of this checkout."""
    since: float = msgspec.field(default_factory=time.time)
    """The time at which it began, in seconds since the epoch."""
    clock: Callable[[], float] = time.time
    """Returns the time in seconds since the epoch."""

    @property
    def key(self) -> str:
        """The attempt's key for engines."""
        return key_of(self.unit.id, self.attempt)

    @property
    def starts(self) -> tuple[Oid, ...]:
        """The commits on which this attempt or an earlier one may have begun; this one's first."""
        earlier = (one.started.base for one in reversed(self.before.attempts) if one.started is not None)
        return tuple(dict.fromkeys((self.start, *filter(None, earlier))))

    @property
    def until(self) -> float | None:
        """The monotonic time at which its time limit ends it; None if it has no limit."""
        return None if self.order.seconds is None else self.began + self.order.seconds

    def look(self) -> TaskContext:
        """Fetches, and returns the task context as it is now."""
        task_context = self.task_context
        return load_task_context(
            task_context.repository, task_context.shared, task_context.store, self.unit.task.id, self.settings
        )


class AttemptResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of an attempt; `recorded`: it is already in the journal.

    `keep`: the checkout stays whatever the settings say, because it has work that is saved nowhere else.
    `again_at`: the account is closed until this time, in the format of events.
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
    """Returns the result of `act`, so that a short failure loses no work.

    Retries for `_PATIENCE` seconds if the error will pass, a few times if it may pass. After a stop was
    requested, it does not retry.
    """

    def tell(error: BaseException) -> None:
        how = "for some minutes" if passes(error) else "a few times"
        context.log.say(f"{error} Trying again {how}.")

    stopped = lambda: context.stop.requested is not None  # noqa: E731
    return try_for(_PATIENCE, act, tell=tell, given_up=stopped)


def without_room(context: AttemptContext, why: str, code: int | None = None) -> AttemptResult | None:
    """The result if the attempt failed because of a full disk, else None. Its work stays in the checkout."""
    full = disk_problem(context.directory)
    if not full:
        return None
    reason = f"the disk of the checkout is full: {full}; its work stays in {context.directory}; {why}"
    return AttemptResult(outcome="failed", reason=reason, code=code, keep=True)
