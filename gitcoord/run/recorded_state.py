"""Builds the scheduler's observation of a run from its journal."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from gitcoord.events import AnyEvent, RunChanged, TasksClash
from gitcoord.run.retry_policy import RetryDecision
from gitcoord.run.shared_failures import CommonFailure
from gitcoord.schedule.model import Observation
from gitcoord.state.accounts import ClosedAccount
from gitcoord.state.journal import JournalEntry
from gitcoord.state.task_history import Progress, replay
from gitcoord.tasks.model import TaskId

if TYPE_CHECKING:
    from gitcoord.git.git_cli import Oid


def seen_in_journal(
    events: Sequence[AnyEvent],
    decisions: Mapping[TaskId, RetryDecision],
    now: float,
    closed: ClosedAccount | None,
    failing: CommonFailure | None,
) -> Observation:
    """Makes the observation from the journal, the `closed` account and the common cause of failures."""
    run = next((event for event in reversed(events) if isinstance(event, RunChanged)), None)
    return Observation(
        failed={one: decision.reason for one, decision in decisions.items() if decision.state == "failed"},
        cancelled=frozenset(one for one, decision in decisions.items() if decision.state == "cancelled"),
        deferred=frozenset(one for one, decision in decisions.items() if decision.state == "later"),
        not_before={one: decision.not_before for one, decision in decisions.items() if decision.pauses(now)},
        clashing=_seen_clashes(events),
        failing=failing.sentence() if failing else "",
        closed=closed.sentence() if closed else "",
        closed_until=closed.until if closed else 0.0,
        paused=run is not None and run.state == "paused",
        now=now,
    )


def _seen_clashes(events: Sequence[AnyEvent]) -> dict[TaskId, frozenset[TaskId]]:
    found: dict[TaskId, set[TaskId]] = {}
    for event in events:
        if isinstance(event, TasksClash):
            one, other = TaskId(event.task or ""), TaskId(event.other)
            found.setdefault(one, set()).add(other)
            found.setdefault(other, set()).add(one)
    return {one: frozenset(others) for one, others in found.items()}


class KnownJournal:
    """The journal as read so far, extended by its new events."""

    def __init__(self) -> None:
        self._known: set[Oid] = set()
        self._events: tuple[AnyEvent, ...] = ()
        self._progress: dict[TaskId, Progress] = {}

    def read(self, entries: Sequence[JournalEntry]) -> tuple[tuple[AnyEvent, ...], Mapping[TaskId, Progress]]:
        """Returns all events, and the progress of each task according to them."""
        commits = {entry.commit for entry in entries}
        if commits == self._known:
            return self._events, self._progress
        events = tuple(entry.event for entry in entries if entry.event is not None)
        if self._known <= commits:
            new = [entry.event for entry in entries if entry.event and entry.commit not in self._known]
            self._progress = replay(new, self._progress)
        else:
            self._progress = replay(events)
        self._known, self._events = commits, events
        return events, self._progress
