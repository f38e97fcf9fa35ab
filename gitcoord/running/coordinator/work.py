"""Who is at each unit: an attempt here, somebody elsewhere, or nobody although the journal says so."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from gitcoord.events import AnyEvent, AttemptStarted, RetryAsked
from gitcoord.planning.units import Unit
from gitcoord.running.coordinator.tries import Fate, running_attempt
from gitcoord.running.engines.port import Seen, key_of
from gitcoord.state.progress import PENDING, Progress
from gitcoord.tasks.model import TaskId

HELD = 75
"""What a worker exits with that may not begin now, because somebody else did or something is missing."""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt whose process is gone, and of which the journal knows no end."""

    unit: TaskId
    attempt: int
    code: int | None
    claimed: bool
    done: bool = False
    """Its work is in all the same: it was cut off after that."""


class Work:
    """Who is at work here, who elsewhere, and whose process is gone."""

    def __init__(
        self,
        events: Sequence[AnyEvent],
        progress: Mapping[TaskId, Progress],
        fates: Mapping[TaskId, Fate],
        polled: Mapping[str, Seen],
        held: Callable[[TaskId, AttemptStarted, Seen], bool],
    ) -> None:
        self._progress = progress
        self._fates = fates
        self._polled = polled
        self._held = held
        self._asked = {event.task for event in events if isinstance(event, RetryAsked)}
        self.running: dict[TaskId, float] = {}
        self.keys: dict[TaskId, str] = {}
        self.elsewhere: dict[TaskId, str] = {}
        self.ended: list[Ended] = []

    def sort(self, unit: Unit) -> None:
        told = self._progress.get(unit.id, PENDING)
        attempt = running_attempt(told)
        number = self._fates[unit.id].number
        if self._at_work(unit, number, claimed=False):
            return
        if attempt is not None:
            if self._at_work(unit, attempt.number, claimed=True):
                return
            who = attempt.started.by if attempt.started else "somebody"
            if told.retried_after < attempt.number:
                self.elsewhere[unit.id] = (
                    f"{who} is at it (attempt {attempt.number}), and not from here; "
                    f"`gitcoord retry {unit.id}` takes it over"
                )
        elif told.stand == "started" and not told.attempts and unit.id not in self._asked:
            self.elsewhere[unit.id] = (
                f"{told.started_by} began it by hand; `gitcoord retry {unit.id}` gives it to the run"
            )

    def finish(self, unit: Unit) -> None:
        """A unit whose work is in, and whose worker is at its last steps, or was cut off there."""
        attempt = running_attempt(self._progress.get(unit.id, PENDING))
        if attempt is not None:
            self._at_work(unit, attempt.number, claimed=True, done=True)

    def _is_ours(self, unit: Unit, ended: Seen) -> bool:
        attempt = running_attempt(self._progress.get(unit.id, PENDING))
        started = attempt.started if attempt is not None else None
        return started is not None and self._held(unit.id, started, ended)

    def _at_work(self, unit: Unit, number: int, *, claimed: bool, done: bool = False) -> bool:
        key = key_of(unit.id, number)
        seen = self._polled.get(key)
        if seen is None or seen.state == "absent":
            return False
        if seen.state == "ended" and claimed and (seen.code == HELD or not self._is_ours(unit, seen)):
            return False  # our process never held the attempt: somebody else does
        if seen.state == "ended":
            self.ended.append(Ended(unit=unit.id, attempt=number, code=seen.code, claimed=claimed, done=done))
            return not claimed
        self.running[unit.id] = 0.0
        self.keys[unit.id] = key
        return True
