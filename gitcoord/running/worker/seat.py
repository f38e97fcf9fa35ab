"""What a worker has at hand once it holds an attempt, and how the attempt came out."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from gitcoord.errors import GitcoordError
from gitcoord.events import AttemptEnded, Outcome
from gitcoord.git.run import Oid
from gitcoord.git.working_copy import WorkingCopy
from gitcoord.outside import OutsideChange
from gitcoord.redact import redact
from gitcoord.running.checkout import CheckoutOptions
from gitcoord.running.engines.port import key_of
from gitcoord.running.model import TaskContext, sit_down
from gitcoord.running.troubles import disk_problem, passes, try_for
from gitcoord.running.unit import WorkUnit
from gitcoord.running.worker.described import TaskDescription
from gitcoord.running.worker.environment import tokens_used
from gitcoord.running.worker.held_back import held_back
from gitcoord.running.worker.kept import keep_commits, keep_unnamed, kept_ref
from gitcoord.running.worker.log import Log
from gitcoord.running.worker.order import WorkerOrder
from gitcoord.running.worker.outside import MOST_OUTSIDE, Surroundings
from gitcoord.running.worker.stop import StopSignal
from gitcoord.running.worker.template import PromptTemplate
from gitcoord.sentences import some
from gitcoord.settings import Settings
from gitcoord.state.journal import now, worker_name
from gitcoord.state.progress import Progress

_LONGEST_REASON = 400
_PATIENCE = 300.0
_MOST_HELD = 20


class Reworks:
    """How often a conflict went back to the agent in this attempt, and when it did first."""

    def __init__(self) -> None:
        self.count = 0
        self.work_seconds = 0.0
        """What the agent and the check took before the first."""
        self._since: float | None = None

    def begin(self) -> None:
        """Another one begins."""
        self.count += 1
        self._since = self._since or time.monotonic()

    def spend(self, seconds: float) -> None:
        """The agent or the check has taken so long."""
        if not self.count:
            self.work_seconds += seconds

    def seconds(self) -> float:
        """What they have taken so far."""
        return 0.0 if self._since is None else time.monotonic() - self._since


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt under way. `directory` is the checkout, `place` the attempt's own directory.

    `desk` and `before` are as they were at the claim; `began` is a time of `time.monotonic`.
    """

    desk: TaskContext
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
    """The number that no other attempt of this clone has meanwhile."""
    template: PromptTemplate | None = None
    outside: Surroundings
    reworks: Reworks = msgspec.field(default_factory=Reworks)
    since: float = msgspec.field(default_factory=time.time)
    """When it began, in seconds since the epoch."""
    clock: Callable[[], float] = time.time
    """What time it is, in seconds since the epoch."""

    @property
    def key(self) -> str:
        """The attempt's name for engines."""
        return key_of(self.unit.id, self.attempt)

    @property
    def until(self) -> float | None:
        """When its time is over, by `time.monotonic`."""
        return None if self.order.seconds is None else self.began + self.order.seconds

    def look(self) -> TaskContext:
        """The desk as everything stands now."""
        desk = self.desk
        return sit_down(desk.repository, desk.shared, desk.store, self.unit.task.id, self.settings)


class AttemptResult(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt came out; `recorded`: the journal has it already.

    `keep`: the checkout stays whatever the settings say, because what is in it could not be committed.
    `again_at`: the account is closed until then, as an event has its time.
    """

    outcome: Outcome
    reason: str = ""
    code: int | None = None
    head: str = ""
    recorded: bool = False
    keep: bool = False
    again_at: str = ""


Answer = TypeVar("Answer")


def patiently(seat: Seat, act: Callable[[], Answer]) -> Answer:
    """What `act` gives, tried again while what is in its way may pass: no work is lost for that."""

    def tell(error: BaseException) -> None:
        how = "for some minutes" if passes(error) else "a few times"
        seat.log.say(f"{error} Trying again {how}.")

    stopped = lambda: seat.stop.asked is not None  # noqa: E731
    return try_for(_PATIENCE, act, tell=tell, given_up=stopped)


def without_room(seat: Seat, why: str, code: int | None = None) -> AttemptResult | None:
    """The result of an attempt that failed for a full disk, if it did: its work stays where it is."""
    full = disk_problem(seat.directory)
    if not full:
        return None
    reason = f"the disk of the checkout is full: {full}; its work stays in {seat.directory}; {why}"
    return AttemptResult(outcome="failed", reason=reason, code=code, keep=True)


def ended(seat: Seat, result: AttemptResult) -> AttemptEnded:
    """The event that tells of `result`."""
    tokens, spending = tokens_used(seat.place), seat.log.spending
    spending.close()
    outside = _outside(seat)
    return AttemptEnded(
        at=now(),
        by=worker_name(),
        task=seat.unit.id,
        attempt=seat.attempt,
        outcome=result.outcome,
        reason=redact(result.reason)[:_LONGEST_REASON],
        code=result.code,
        head=result.head,
        seconds=round(time.monotonic() - seat.began, 3),
        tokens=tokens if tokens is not None else spending.tokens,
        usd=None if spending.usd is None else round(spending.usd, 6),
        reworks=seat.reworks.count,
        rework_seconds=round(seat.reworks.seconds(), 3),
        work_seconds=round(seat.reworks.work_seconds, 3),
        kept=_kept(seat),
        held_back=held_back(WorkingCopy(seat.desk.repository, seat.directory))[:_MOST_HELD],
        again_at=result.again_at,
        outside=outside[:MOST_OUTSIDE],
        outside_count=len(outside),
    )


def _outside(seat: Seat) -> tuple[OutsideChange, ...]:
    """What changed outside of its checkout meanwhile, told in the log."""
    found = seat.outside.changes()
    own = [change.words() for change in found if change.by_agent]
    others = [change.words() for change in found if not change.by_agent]
    if own:
        seat.log.say(f"its git changed outside of its checkout: {some(own)}")
    if others:
        seat.log.say(f"changed outside of its checkout while it ran, by whom is not known: {some(others)}")
    return found


def _kept(seat: Seat) -> str:
    """The ref with the commits that the agent left outside of its branch; nothing where it left none."""
    desk, ref = seat.desk, kept_ref(seat.desk.plan.generation, seat.unit.id, seat.attempt)
    try:
        found = keep_commits(desk.repository, seat.unit.branch, seat.directory, ref)
        # Whichever way the clock was set meanwhile, rather too many than too few.
        moment = min(seat.since, time.time() - (time.monotonic() - seat.began))
        found = found or keep_unnamed(desk.repository, seat.directory, ref, start=seat.start, moment=moment)
    except GitcoordError as error:
        seat.log.say(f"whether it left commits on no branch cannot be told: {error}")
        return ""
    if found:
        seat.log.say(f"commits that it left on no branch are kept: git log {found}")
    return found
