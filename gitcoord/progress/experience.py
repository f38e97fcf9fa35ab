"""Learns from a plan's journal how long each unit took, and which pairs of tasks conflicted."""

from collections.abc import Iterable, Sequence
from itertools import combinations

from gitcoord.events import (
    AnyEvent,
    AttemptStarted,
    TaskDeferred,
    TaskLanded,
    TasksClash,
    TaskStarted,
    TaskSubmitted,
)
from gitcoord.planning.experience import Experience, PairOutcome, UnitTime
from gitcoord.planning.model import Plan
from gitcoord.planning.risks import LEAST, without_shift
from gitcoord.progress.attempts import seconds_of, timed_attempts
from gitcoord.tasks.model import TaskId

_MOST_TASKS = 200
"""The number of tasks whose pairs were compared when the plan was made."""
_BELOW_LEAST = LEAST / 5
"""The assumed probability of a pair below `LEAST`: about the share that conflicted in public repositories."""


def experience_of(plan: Plan, events: Sequence[AnyEvent]) -> Experience:
    """Returns the experience from `events` of the plan.

    Leaves out the times of people: they may do other things between checkout and submit.
    """
    units = tuple(
        UnitTime(unit=one.unit, minutes=round(one.worth(0.0) / 60, 2))
        for one in timed_attempts(events)
        if one.attempt and one.useful and one.end is not None
    )
    return Experience(units=units, pairs=tuple(_pairs(plan, events)) if plan.risks.changes else ())


def _pairs(plan: Plan, events: Sequence[AnyEvent]) -> Iterable[PairOutcome]:
    """The pairs of tasks that were in progress at the same time, and have landed or were deferred."""
    spans = _spans(plan, events)
    conflicts, checks = _found(events)
    risks = {frozenset(risk.tasks): risk for risk in plan.risks.pairs}
    for one, other in combinations(list(spans)[:_MOST_TASKS], 2):
        pair = frozenset((one, other))
        (began, ended), (began_too, ended_too) = spans[one], spans[other]
        if began >= ended_too or began_too >= ended or _needs(plan, one, other):
            continue
        risk = risks.get(pair)
        yield PairOutcome(
            tasks=(one, other),
            chance=_BELOW_LEAST if risk is None else without_shift(risk.conflict, risk.shift),
            conflict=pair in conflicts,
            by_check=pair in checks,
        )


def _spans(plan: Plan, events: Iterable[AnyEvent]) -> dict[TaskId, tuple[float, float]]:
    """The times at which work on each task began, and at which it first landed or was deferred."""
    began: dict[TaskId, float] = {}
    ended: dict[TaskId, float] = {}
    for event in events:
        at, task = seconds_of(event.at), TaskId(event.task or "")
        if at is None or task not in plan.tasks:
            continue
        if isinstance(event, TaskStarted | AttemptStarted | TaskSubmitted):
            began.setdefault(task, at)
        elif isinstance(event, TaskLanded | TaskDeferred):
            ended.setdefault(task, at)
    return {task: (began.get(task, at), at) for task, at in ended.items()}


def _found(events: Iterable[AnyEvent]) -> tuple[set[frozenset[TaskId]], set[frozenset[TaskId]]]:
    """Returns the pairs that conflicted, and those that failed a check; leaves out exclusive paths."""
    conflicts, checks = set[frozenset[TaskId]](), set[frozenset[TaskId]]()
    for event in events:
        if isinstance(event, TasksClash):
            conflicts.add(frozenset((TaskId(event.task or ""), TaskId(event.other))))
        elif isinstance(event, TaskDeferred) and not event.exclusive:
            pairs = {frozenset((TaskId(event.task or ""), TaskId(other))) for other in event.others}
            (checks if event.check else conflicts).update(pairs)
    return conflicts, checks


def _needs(plan: Plan, one: TaskId, other: TaskId) -> bool:
    return other in plan.tasks[one].depends_on or one in plan.tasks[other].depends_on
