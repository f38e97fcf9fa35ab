"""Errors of a run itself while it fetches, records or observes: retries after growing pauses.

Reports an error once, and raises it only if it lasts. `retry_policy` decides about failed attempts.
"""

import time
from collections.abc import Callable
from typing import TypeVar

import msgspec

from gitcoord.errors import Exit, GitcoordError
from gitcoord.notices import RunHindered, RunUnhindered, Tell
from gitcoord.schedule.model import ScheduleDecision, StartRefusal
from gitcoord.worker.transient_errors import lasts, no_room, passes

_FIRST, _LONGEST = 1.0, 30.0
"""First and longest pause in seconds before the next try; each pause is twice the one before."""

Answer = TypeVar("Answer")


class FailedActivity(msgspec.Struct, frozen=True, kw_only=True):
    """An activity that failed the last time. `refusals`: errors in a row that do not end by themselves."""

    error: GitcoordError
    refusals: int
    pause: float
    since: float
    next: float

    @property
    def lasting(self) -> bool:
        """Whether a person has to act."""
        return lasts(self.error, self.refusals, time.monotonic() - self.since)


class RunErrors:
    """The errors of one run by activity: `fetching`, `recording` or `looking`."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._troubles: dict[str, FailedActivity] = {}
        self._given_up: set[str] = set()

    def try_to(self, what: str, act: Callable[[], Answer]) -> Answer | None:
        """Returns the result of `act`. Stores an error and returns None.

        Raises usage errors, and OSErrors other than those of a full disk or exhausted resources.
        """
        try:
            answer = act()
        except GitcoordError as error:
            if error.exit == Exit.USAGE:
                raise
            self._note(what, error)
        except OSError as error:
            without = no_room(error)
            if without is None:
                raise
            self._note(what, without)
        else:
            self._given_up.discard(what)
            if self._troubles.pop(what, None) is not None:
                self._tell(RunUnhindered(activity=what))
            return answer
        return None

    @property
    def trouble(self) -> FailedActivity | None:
        """The error that delays the run now; one that lasts comes first."""
        found = sorted(self._troubles.values(), key=lambda one: not one.lasting)
        return found[0] if found else None

    def due(self, what: str) -> bool:
        """Whether the activity may be tried now."""
        trouble = self._troubles.get(what)
        return trouble is None or time.monotonic() >= trouble.next

    def failed(self, what: str) -> bool:
        """Whether the activity failed the last time."""
        return what in self._troubles

    def pause(self) -> float:
        """Seconds until the next try; 0 when there is no error."""
        ahead = [one.next - time.monotonic() for one in self._troubles.values()]
        return max(0.0, min(ahead)) if ahead else 0.0

    def named(self, decision: ScheduleDecision) -> ScheduleDecision:
        """Returns the decision with the error as the reason of each unit that only waits for a retry."""
        trouble = self.trouble
        if trouble is None:
            return decision
        refusal = StartRefusal(name="trouble", reason=f"nothing is started now: {trouble.error.message}")
        refusals = {
            one: refusal if known.name == "backoff" else known for one, known in decision.refusals.items()
        }
        return msgspec.structs.replace(decision, refusals=refusals)

    def give_up(self) -> None:
        """Raises an error that lasts. Call it only while no unit is running: none can start either."""
        trouble = self.trouble
        if trouble is None or not trouble.lasting:
            return
        error = trouble.error
        hint = f"{error.hint} Everything that was done is kept: `gitcoord run` continues once that is fixed."
        raise GitcoordError(
            error.code, error.message, hint=hint.strip(), exit=error.exit, passing=error.passing
        ) from error

    def _note(self, what: str, error: GitcoordError) -> None:
        before = self._troubles.get(what)
        pause = _FIRST if before is None else min(_LONGEST, before.pause * 2)
        refusals = 0 if passes(error) else (before.refusals if before else 0) + 1
        moment = time.monotonic()
        since = moment if before is None else before.since
        now = FailedActivity(error=error, refusals=refusals, pause=pause, since=since, next=moment + pause)
        self._troubles[what] = now
        given_up = now.lasting and what not in self._given_up
        if given_up:
            self._given_up.add(what)
        if given_up or before is None:
            self._tell(RunHindered(code=error.code, message=error.message, hint=error.hint, lasting=given_up))
