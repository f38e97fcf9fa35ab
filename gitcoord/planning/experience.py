"""Results of earlier tasks of this repository: how long they took, and which pairs conflicted. Pure."""

from collections.abc import Sequence
from typing import Final

import msgspec

from gitcoord.tasks.model import ListedStatus, Task, TaskId, TaskList

FEWEST_UNITS: Final = 5
"""Estimates are learned only from at least this many finished units."""
_NEAR: Final = 2.0
"""Units whose complexities (1 to 10) differ by at most this much count as the same size."""
_LEAST_MINUTES: Final = 0.1
_NOTHING_TO_DO: Final = frozenset({ListedStatus.DONE, ListedStatus.CANCELLED})


class UnitTime(msgspec.Struct, frozen=True, kw_only=True):
    """The minutes that agent and check worked on a unit, without rework; its complexity, if known."""

    unit: TaskId
    minutes: float
    complexity: float | None = None


class PairOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """The result for two tasks that were worked on at the same time, and should both land.

    `chance` is the probability of a conflict by the models alone, without anything learned from this
    repository. `by_check`: the two merge, and the check fails on the result.
    """

    tasks: tuple[TaskId, TaskId]
    chance: float
    conflict: bool = False
    by_check: bool = False


class Experience(msgspec.Struct, frozen=True, kw_only=True):
    """The results of the tasks of one or more plans."""

    units: tuple[UnitTime, ...] = ()
    pairs: tuple[PairOutcome, ...] = ()


NO_EXPERIENCE: Final = Experience()


def usual_minutes(units: Sequence[UnitTime], complexity: float | None) -> float | None:
    """Returns the median minutes of units of about that complexity; of all units if those are too few.

    None if there are fewer than `FEWEST_UNITS` in total.
    """
    if len(units) < FEWEST_UNITS:
        return None
    alike = [
        one.minutes
        for one in units
        if complexity is not None and one.complexity is not None and abs(one.complexity - complexity) <= _NEAR
    ]
    found = alike if len(alike) >= FEWEST_UNITS else [one.minutes for one in units]
    return max(_LEAST_MINUTES, round(_median(found), 1))


def _median(values: Sequence[float]) -> float:
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def learned_estimates(listed: TaskList, units: Sequence[UnitTime]) -> tuple[TaskList, str]:
    """Gives tasks and subtasks without an estimate the minutes that units of this repository took.

    Returns the list and one sentence about it, which is empty if nothing was learned or needed.
    """
    known = {task.id: task.complexity for task in listed.tasks}
    sized = [msgspec.structs.replace(one, complexity=known.get(one.unit)) for one in units]
    usual = usual_minutes(sized, None)
    left = [task for task in listed.tasks if task.status not in _NOTHING_TO_DO]
    lacking = sum(_lacks(task) for task in left)
    if usual is None or not lacking:
        return listed, ""
    tasks = tuple(_with_estimates(task, sized, usual) for task in listed.tasks)
    own = f"the task list's own for {len(left) - lacking} of {len(left)} tasks, for the others "
    whose = "" if lacking == len(left) else own
    learned = f"the time that agents took here: {usual:g} minutes in the median of {len(sized)} units"
    return msgspec.structs.replace(listed, tasks=tasks), f"Estimates are {whose}{learned}."


def _lacks(task: Task) -> bool:
    parts = [one for one in task.subtasks if one.status not in _NOTHING_TO_DO]
    return task.estimate is None and (not parts or any(one.estimate is None for one in parts))


def _with_estimates(task: Task, units: Sequence[UnitTime], usual: float) -> Task:
    if task.subtasks:
        parts = tuple(
            one if one.estimate is not None else msgspec.structs.replace(one, estimate=usual)
            for one in task.subtasks
        )
        return msgspec.structs.replace(task, subtasks=parts)
    if task.estimate is not None:
        return task
    return msgspec.structs.replace(task, estimate=usual_minutes(units, task.complexity))
