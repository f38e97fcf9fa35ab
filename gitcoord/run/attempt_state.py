"""Finds out who works on each unit: this machine, another one, or a process that is gone."""

from collections.abc import Callable, Mapping

import msgspec

from gitcoord.engines.engine import AttemptView, key_of
from gitcoord.events import AttemptStarted
from gitcoord.planning.units import Unit
from gitcoord.run.retry_policy import RetryDecision, running_attempt
from gitcoord.state.task_history import PENDING, Attempt, Progress
from gitcoord.tasks.model import TaskId
from gitcoord.worker.leases import Leases, Silence

HELD = 75
"""Exit code of a worker that may not begin: another one has the unit, or the unit needs something first."""


class DeadAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt whose process is gone, and whose end is not in the journal."""

    unit: TaskId
    attempt: int
    code: int | None
    claimed: bool
    done: bool = False
    """Its work was submitted before the process ended."""
    silence: Silence | None = None
    """It ran on another machine, which has not sent a heartbeat for this long."""


class AttemptsAtWork:
    """The attempts that run here, those that run elsewhere, and those whose process is gone."""

    def __init__(
        self,
        progress: Mapping[TaskId, Progress],
        decisions: Mapping[TaskId, RetryDecision],
        polled: Mapping[str, AttemptView],
        held: Callable[[TaskId, AttemptStarted, AttemptView], bool],
        leases: Leases | None = None,
        launched: Mapping[TaskId, int] | None = None,
    ) -> None:
        self._progress = progress
        self._decisions = decisions
        self._polled = polled
        self._held = held
        self._leases = leases or Leases()
        self._launched = launched or {}
        self.running: dict[TaskId, float] = {}
        self.keys: dict[TaskId, str] = {}
        self.elsewhere: dict[TaskId, str] = {}
        self.ended: list[DeadAttempt] = []
        self.waits: dict[TaskId, float] = {}
        """Seconds until the lease of an attempt elsewhere runs out."""

    def sort(self, unit: Unit) -> None:
        """Sorts a unit that is not done."""
        told = self._progress.get(unit.id, PENDING)
        attempt = running_attempt(told)
        number = self._decisions[unit.id].number
        if self._at_work(unit, number, claimed=False):
            return
        if attempt is not None:
            if self._at_work(unit, attempt.number, claimed=True):
                return
            if told.retried_after < attempt.number:
                self._others(unit, attempt)
        elif told.state == "started" and told.current_attempt is None and not told.retry_pending:
            self.elsewhere[unit.id] = (
                f"{told.started_by} began it manually; `gitcoord retry {unit.id}` gives it to the run"
            )

    def _others(self, unit: Unit, attempt: Attempt) -> None:
        """Sorts a unit that another machine claimed, and that may have died since."""
        who = attempt.started.by if attempt.started else "somebody"
        known = self._leases.of(unit.id)
        said = f"{who} is working on it (attempt {attempt.number}), not from this clone"
        # Started here on a host that then stopped answering: wait for it, or for the end of its lease.
        own = self._launched.get(unit.id) == attempt.number
        if known is None or known.attempt != attempt.number or not (known.doubtful or own):
            self.elsewhere[unit.id] = f"{said}; `gitcoord retry {unit.id}` takes it over"
            return
        left = max(0.0, known.lease - known.silent)
        self.elsewhere[unit.id] = f"{said}; unless it sends a heartbeat, it counts as lost in {left:.0f} s"
        self.waits[unit.id] = max(1.0, left)
        if known.over:
            ended = DeadAttempt(unit=unit.id, attempt=attempt.number, code=None, claimed=True, silence=known)
            self.ended.append(ended)

    def finish(self, unit: Unit) -> None:
        """Sorts a unit whose work is submitted: its worker is still cleaning up, or was killed meanwhile."""
        attempt = running_attempt(self._progress.get(unit.id, PENDING))
        if attempt is not None:
            self._at_work(unit, attempt.number, claimed=True, done=True)

    def _is_ours(self, unit: Unit, ended: AttemptView) -> bool:
        attempt = running_attempt(self._progress.get(unit.id, PENDING))
        started = attempt.started if attempt is not None else None
        return started is not None and self._held(unit.id, started, ended)

    def _may_be_alive(self, unit: Unit, number: int, *, claimed: bool) -> bool:
        """Whether an attempt on a host that does not answer is claimed, and its lease has not run out."""
        known = self._leases.of(unit.id)
        return claimed and not (known is not None and known.attempt == number and known.over)

    def _at_work(self, unit: Unit, number: int, *, claimed: bool, done: bool = False) -> bool:
        key = key_of(unit.id, number)
        seen = self._polled.get(key)
        if seen is None or seen.state == "absent":
            return False
        if seen.state == "unreachable" and not self._may_be_alive(unit, number, claimed=claimed):
            return False
        if seen.state == "ended" and claimed and (seen.code == HELD or not self._is_ours(unit, seen)):
            return False  # our process never got the attempt: another one has it
        if seen.state == "ended":
            self.ended.append(
                DeadAttempt(unit=unit.id, attempt=number, code=seen.code, claimed=claimed, done=done)
            )
            return not claimed
        self.running[unit.id] = 0.0
        self.keys[unit.id] = key
        return True
