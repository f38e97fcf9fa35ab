"""The attempts in a journal as spans of time: which unit, from when to when, and with which outcome."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from gitcoord.events import (
    AnyEvent,
    AttemptEnded,
    AttemptStarted,
    Outcome,
    TaskDeferred,
    TaskStarted,
    TaskSubmitted,
)
from gitcoord.natural_order import natural_key
from gitcoord.tasks.model import TaskId


class TimedAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt at a unit, in seconds since 1970; `end` and `outcome` are None while it runs.

    `attempt` is 0 for the work of a person, from `checkout` to `submit`. `rework`: it began with a conflict;
    `reworks` counts conflicts at its end that went back to its agent. `work_seconds` is the time of the agent
    and the check before the first of them; None if it was not measured.
    """

    unit: TaskId
    attempt: int
    start: float
    end: float | None = None
    outcome: Outcome | None = None
    rework: bool = False
    after_check: bool = False
    """The rework is for a check that failed on submitted work."""
    moved: bool = False
    """The rework moves its work from unlanded commits to the ones that landed in their place."""
    reworks: int = 0
    rework_seconds: float = 0.0
    work_seconds: float | None = None
    by: str = ""
    tokens: int | None = None
    usd: float | None = None
    reason: str = ""
    waited: dict[str, float] = {}
    thrown_away: bool = False
    """Its work was redone from the start, because the work below it landed as other commits."""

    def seconds(self, now: float) -> float:
        """The seconds that it took, or has taken until `now`; never negative, even if clocks differ."""
        return max(0.0, (now if self.end is None else self.end) - self.start)

    def worth(self, now: float) -> float:
        """The seconds that a single worker would have needed for it, too: without rework and coordination."""
        took = self.took(now)
        return took if self.work_seconds is None else min(took, self.work_seconds)

    def took(self, now: float) -> float:
        """The seconds that it took, without the rework in it."""
        return max(0.0, self.seconds(now) - self.rework_seconds)

    @property
    def useful(self) -> bool:
        """Whether a single worker would have done it, too: it submitted work, and is no rework."""
        return self.kept and not self.rework

    @property
    def kept(self) -> bool:
        """Whether it submitted work, even in conflict.

        Rework that still conflicts does not count, nor does work that was redone from the start.
        """
        handed_in = self.outcome == "ok" or (self.outcome == "conflict" and not self.rework)
        return handed_in and not self.thrown_away


def seconds_of(at: str) -> float | None:
    """Converts an event's time to seconds since 1970; None if it cannot be parsed."""
    try:
        moment = datetime.fromisoformat(at)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def timed_attempts(events: Sequence[AnyEvent]) -> list[TimedAttempt]:
    """All attempts in the order of their starts, except those whose start has no valid time."""
    found: dict[tuple[str, int], TimedAttempt] = {}
    checked: dict[str, bool] = {}
    moving: dict[str, bool] = {}
    for event in events:
        at = seconds_of(event.at)
        if event.task is None or at is None:
            continue
        if isinstance(event, TaskDeferred):
            checked[event.task], moving[event.task] = bool(event.check), bool(event.stands_on)
            for key, begun in found.items():
                if event.anew and key[0] == event.task and begun.kept:
                    found[key] = msgspec.structs.replace(begun, thrown_away=True)
        elif isinstance(event, AttemptStarted):
            found[event.task, event.attempt] = TimedAttempt(
                unit=TaskId(event.task),
                attempt=event.attempt,
                start=at,
                rework=event.rework,
                after_check=event.rework and checked.get(event.task, False),
                moved=event.rework and moving.get(event.task, False),
                by=event.by,
                waited=event.waited,
            )
        elif isinstance(event, AttemptEnded) and (event.task, event.attempt) in found:
            begun = found[event.task, event.attempt]
            found[event.task, event.attempt] = msgspec.structs.replace(
                begun,
                end=max(at, begun.start),
                outcome=event.outcome,
                tokens=event.tokens,
                usd=event.usd,
                reason=event.reason,
                reworks=event.reworks,
                rework_seconds=event.rework_seconds,
                work_seconds=event.work_seconds,
            )
    engaged = {unit.partition(".")[0] for unit, _ in found} | {unit for unit, _ in found}
    tries = [*found.values(), *_manual_work(events, engaged)]
    return sorted(tries, key=lambda one: (one.start, natural_key(one.unit)))


def _manual_work(events: Iterable[AnyEvent], engaged: set[str]) -> list[TimedAttempt]:
    """Work that people did with `checkout` and `submit`, for tasks without attempts."""
    found: list[TimedAttempt] = []
    under_way: dict[str, tuple[float, str, bool]] = {}
    deferred: set[str] = set()
    for event in events:
        at, task = seconds_of(event.at), event.task
        if task is None or at is None or task in engaged:
            continue
        if isinstance(event, TaskStarted):
            under_way.setdefault(task, (at, event.by, task in deferred))
        elif isinstance(event, TaskDeferred):
            deferred.add(task)
        elif isinstance(event, TaskSubmitted) and task in under_way:
            start, by, rework = under_way.pop(task)
            found.append(
                TimedAttempt(
                    unit=TaskId(task),
                    attempt=0,
                    start=start,
                    end=max(start, at),
                    outcome="ok",
                    rework=rework,
                    by=by,
                )
            )
    open_ones = (
        TimedAttempt(unit=TaskId(task), attempt=0, start=start, rework=rework, by=by)
        for task, (start, by, rework) in under_way.items()
    )
    return [*found, *open_ones]
