"""What a worker has at hand once it holds an attempt, and how the attempt came out."""

import time
from pathlib import Path

import msgspec

from gitcoord.events import AttemptEnded, Outcome
from gitcoord.git.run import Oid
from gitcoord.redact import redact
from gitcoord.running.agent_environment import tokens_used
from gitcoord.running.agent_log import Log
from gitcoord.running.checkout import How
from gitcoord.running.engines.port import key_of
from gitcoord.running.model import Desk, sit_down
from gitcoord.running.stop import Stop
from gitcoord.running.worker_order import WorkerOrder
from gitcoord.running.worker_unit import WorkUnit
from gitcoord.settings import Settings
from gitcoord.state.journal import now, worker_name
from gitcoord.state.progress import Progress

_LONGEST_REASON = 400


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt under way. `directory` is the checkout, `place` the attempt's own directory.

    `desk` and `before` are as they were at the claim; `began` is a time of `time.monotonic`.
    """

    desk: Desk
    unit: WorkUnit
    order: WorkerOrder
    settings: Settings
    attempt: int
    before: Progress
    how: How
    start: Oid
    directory: Path
    place: Path
    log: Log
    stop: Stop
    began: float

    @property
    def key(self) -> str:
        """The attempt's name for engines."""
        return key_of(self.unit.id, self.attempt)

    @property
    def until(self) -> float | None:
        """When its time is over, by `time.monotonic`."""
        return None if self.order.seconds is None else self.began + self.order.seconds

    def look(self) -> Desk:
        """The desk as everything stands now."""
        desk = self.desk
        return sit_down(desk.repository, desk.shared, desk.store, self.unit.task.id)


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt came out; `recorded`: the journal has it already."""

    outcome: Outcome
    reason: str = ""
    code: int | None = None
    head: str = ""
    recorded: bool = False


def ended(seat: Seat, result: Result) -> AttemptEnded:
    """The event that tells of `result`."""
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
        tokens=tokens_used(seat.place),
    )
