"""What a worker has at hand once it holds an attempt, and how the attempt came out."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from gitcoord.events import AttemptEnded, Outcome
from gitcoord.git.run import Oid
from gitcoord.redact import redact
from gitcoord.running.checkout import How
from gitcoord.running.engines.port import key_of
from gitcoord.running.model import Desk, sit_down
from gitcoord.running.worker.environment import tokens_used
from gitcoord.running.worker.log import Log
from gitcoord.running.worker.order import WorkerOrder
from gitcoord.running.worker.stop import Stop
from gitcoord.running.worker.unit import WorkUnit
from gitcoord.settings import Settings
from gitcoord.state.journal import now, worker_name
from gitcoord.state.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenacity import RetryCallState

_LONGEST_REASON = 400
_PATIENCE = 300.0


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


Answer = TypeVar("Answer")


def patiently(seat: Seat, act: "Callable[[], Answer]") -> Answer:
    """What `act` gives, tried again while the remote is out of reach: no work is lost for that."""
    from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

    def out_of_reach(error: BaseException) -> bool:
        return getattr(error, "code", "") == "unreachable" and seat.stop.asked is None

    def tell(state: "RetryCallState") -> None:
        if state.attempt_number == 1:
            seat.log.say("the remote cannot be reached; trying again for some minutes")

    patience = Retrying(
        retry=retry_if_exception(out_of_reach),
        stop=stop_after_delay(_PATIENCE),
        wait=wait_random_exponential(multiplier=0.5, max=20),
        before_sleep=tell,
        reraise=True,
    )
    return patience(act)


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
