"""What the journal says of a run, as the scheduler takes it."""

from collections.abc import Mapping, Sequence

from gitcoord.events import AnyEvent, RunChanged, TasksClash
from gitcoord.running.coordinator.failing import CommonFailure
from gitcoord.running.coordinator.tries import RetryDecision
from gitcoord.running.schedule.model import Observation
from gitcoord.state.accounts import ClosedAccount
from gitcoord.tasks.model import TaskId


def seen_in_journal(
    events: Sequence[AnyEvent],
    fates: Mapping[TaskId, RetryDecision],
    now: float,
    closed: ClosedAccount | None,
    failing: CommonFailure | None,
) -> Observation:
    """What the journal alone says, how the account is `closed`, and what failures share."""
    run = next((event for event in reversed(events) if isinstance(event, RunChanged)), None)
    return Observation(
        failed={one: fate.reason for one, fate in fates.items() if fate.state == "failed"},
        cancelled=frozenset(one for one, fate in fates.items() if fate.state == "cancelled"),
        deferred=frozenset(one for one, fate in fates.items() if fate.state == "later"),
        not_before={one: fate.not_before for one, fate in fates.items() if fate.pauses(now)},
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
