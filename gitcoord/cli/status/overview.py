"""Reads the state of the work from git, for the report and `status --watch`."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from gitcoord.cli.status.status_document import Lease
from gitcoord.event_stamp import now
from gitcoord.events import AnyEvent
from gitcoord.evidence.model import Landing
from gitcoord.evidence.snapshot import Snapshot, find_snapshot
from gitcoord.planning.model import Plan
from gitcoord.progress.attempts import seconds_of
from gitcoord.progress.make_picture import Picture, make_picture
from gitcoord.run.heartbeat import last_heartbeat
from gitcoord.state.accounts import ClosedAccount, closed_now
from gitcoord.state.heartbeats import Beat, read_beats
from gitcoord.state.task_history import Progress
from gitcoord.tasks.model import Finding, TaskId

if TYPE_CHECKING:
    from gitcoord.cli.context import Context
    from gitcoord.progress.make_metrics import Metrics


def quiet_at(beats: Mapping[tuple[str, int], Beat], now: str) -> dict[TaskId, float]:
    """Returns, for each unit with a heartbeat, the seconds from its agent's last output to `now`."""
    moment = seconds_of(now) or 0.0
    return {
        TaskId(unit): beat.quiet + max(0.0, moment - (seconds_of(beat.at) or moment))
        for (unit, _), beat in beats.items()
    }


def leases_at(
    beats: Mapping[tuple[str, int], Beat], progress: Mapping[TaskId, Progress], now: str
) -> dict[TaskId, Lease]:
    """Returns the lease at `now` of each running attempt whose worker has sent a heartbeat."""
    moment, found = seconds_of(now) or 0.0, dict[TaskId, Lease]()
    for (name, number), beat in beats.items():
        unit = TaskId(name)
        newest = progress[unit].attempt if unit in progress else None
        if newest is None or newest.number != number or not newest.running or newest.started is None:
            continue
        age = max(0.0, moment - (seconds_of(beat.at) or moment))
        found[unit] = Lease(attempt=number, lease=newest.started.lease, age=round(age, 1))
    return found


def doubts(context: "Context", plan: Plan, snapshot: Snapshot | None) -> list[Finding]:
    """Returns warnings if this clone may not show all landed work: no base branch, or a shallow clone."""
    if snapshot is None:
        message = f"The base branch {plan.base} does not exist, so nothing counts as landed."
        return [Finding(code="base-missing", message=message)]
    if context.repository.shallow:
        message = "This clone is shallow, so work that landed long ago may not be seen."
        return [Finding(code="shallow", message=message)]
    return []


class Overview:
    """Plan, journal and landings as they were at the time `at`."""

    def __init__(
        self,
        plan: Plan,
        events: tuple[AnyEvent, ...],
        landed: Mapping[TaskId, Landing],
        warnings: tuple[Finding, ...],
        heard: str = "",
        closed: ClosedAccount | None = None,
        beats: Mapping[tuple[str, int], Beat] | None = None,
    ) -> None:
        self.at = now()
        self.plan = plan
        self.events = events
        self.landed = landed
        self.warnings = warnings
        self.heard = heard
        self.closed = closed
        self.beats = beats or {}

    @cached_property
    def picture(self) -> Picture:
        """The dashboard model at the time `at`."""
        return make_picture(
            self.plan,
            self.events,
            self.landed,
            self.at,
            heard=self.heard,
            closed=self.closed,
            quiet=quiet_at(self.beats, self.at),
        )

    @cached_property
    def metrics(self) -> "Metrics":
        """The metrics at the time `at`."""
        from gitcoord.progress.make_metrics import make_metrics

        return make_metrics(self.plan, self.events, self.landed, self.at)


def look(context: "Context", *, fresh: bool = True) -> Overview:
    """Reads the state of the work; `fresh` fetches the shared refs first.

    Raises `no-plan` (exit 2), or `unreachable`.
    """
    if fresh:
        context.store.refresh()
    plan = context.store.require_plan()
    snapshot = find_snapshot(context.store, plan)
    landed = snapshot.landed if snapshot is not None else {}
    warnings = (*context.store.problems(), *doubts(context, plan, snapshot))
    events = tuple(entry.event for entry in context.store.journal() if entry.event is not None)
    closed = closed_now(context.store, context.settings.run)
    return Overview(
        plan,
        events,
        landed,
        warnings,
        last_heartbeat(context.store, events),
        closed,
        read_beats(context.store),
    )
