"""The report at the end of a run: landed, failed and waiting units, with reasons."""

from collections.abc import Collection, Iterator, Mapping
from typing import Literal

import msgspec

from gitcoord.events import AttemptEnded
from gitcoord.progress.outside_changes import OutsideSeen, seen_outside
from gitcoord.run.observe import RunView
from gitcoord.schedule.model import ScheduleDecision
from gitcoord.state.task_history import PENDING
from gitcoord.tasks.model import TaskId

UnitEnd = Literal["landed", "handed-in", "done", "failed", "blocked", "cancelled", "waiting", "running"]
"""`done`: a subtask that is in its parent's branch, while the parent is not submitted."""


class UnitReport(msgspec.Struct, frozen=True, kw_only=True):
    """One unit at the end of a run; `reason` says why it is not done."""

    unit: TaskId
    task: TaskId
    state: UnitEnd
    reason: str = ""
    attempts: int = 0


class RunEnd(msgspec.Struct, frozen=True, kw_only=True):
    """The report on a run; `stopped`: somebody ended it early."""

    base: str
    base_commit: str
    units: tuple[UnitReport, ...]
    stopped: bool = False
    outside: tuple[OutsideSeen, ...] = ()
    """Changes outside the agents' checkouts during the run; `outside_more` counts those that are left out."""
    outside_more: int = 0

    def of(self, *states: UnitEnd) -> tuple[UnitReport, ...]:
        """The units in these states."""
        return tuple(unit for unit in self.units if unit.state in states)

    def complete(self, *, landing: bool) -> bool:
        """Whether all work is done: landed if the run lands, else submitted."""
        good = ("landed",) if landing else ("landed", "handed-in")
        return all(unit.state in good for unit in self.units)


def run_end(
    view: RunView,
    decision: ScheduleDecision,
    *,
    stopped: bool,
    held: Mapping[TaskId, str],
    before: Collection[tuple[str | None, int]] = (),
) -> RunEnd:
    """Makes the report from the last view; `held` has the reason why each submitted task did not land.

    `before` are the attempts that had ended when the run began.
    """
    reports = []
    for unit in view.units.by_id.values():
        refusal = decision.refusals.get(unit.id)
        state, reason = _state(view, unit.id, unit.task, refusal.name if refusal else "", stopped=stopped)
        if state == "handed-in":
            reason = held.get(unit.task, "")
        reports.append(
            UnitReport(
                unit=unit.id,
                task=unit.task,
                state=state,
                reason=reason or (refusal.reason if refusal and state not in ("landed", "handed-in") else ""),
                attempts=len(view.progress.get(unit.id, PENDING).attempts),
            )
        )
    outside, more = seen_outside(
        event for event in ended_attempts(view) if (event.task, event.attempt) not in before
    )
    return RunEnd(
        base=view.plan.base,
        base_commit=view.base_commit,
        units=tuple(reports),
        stopped=stopped,
        outside=outside,
        outside_more=more,
    )


def ended_attempts(view: RunView) -> Iterator[AttemptEnded]:
    """The ends of attempts in the journal."""
    return (event for event in view.events if isinstance(event, AttemptEnded))


def _state(view: RunView, unit: TaskId, task: TaskId, refused: str, *, stopped: bool) -> tuple[UnitEnd, str]:
    if task in view.landed:
        return "landed", ""
    if unit in view.seen.running:
        return "running", "its agent continues; the next `gitcoord run` takes it over"
    if task in view.seen.submitted:
        return "handed-in", ""
    if unit in view.seen.done:
        return "done", ""
    match refused:
        case "failed" if view.progress.get(unit, PENDING).state == "rolled-back":
            return "waiting", ""  # its last attempt succeeded
        case "failed":
            return "failed", ""
        case "blocked":
            return "blocked", ""
        case "cancelled":
            return "cancelled", ""
        case "paused" if stopped:
            newest = view.progress.get(unit, PENDING).attempt
            cut = newest is not None and newest.ended is not None and newest.ended.outcome == "cancelled"
            return "waiting", "its attempt was stopped" if cut else "the run was stopped before it began"
    return "waiting", ""
