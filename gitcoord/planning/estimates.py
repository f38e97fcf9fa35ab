"""Estimates in minutes: from the task list, else a default for each task or subtask."""

import math
from collections.abc import Sequence
from typing import TypeGuard

import msgspec

from gitcoord.tasks.model import ListedStatus, Subtask, Task, TaskId

DEFAULT_MINUTES = 30.0
# Coarser than the rounding error of sums, so sums are exact.
_DIGITS = 3
_LONGEST = 1e9
_NOTHING_TO_DO = frozenset({ListedStatus.DONE, ListedStatus.CANCELLED})


class Estimates(msgspec.Struct, frozen=True, kw_only=True):
    """Minutes per task, and a sentence about their origin."""

    minutes: dict[TaskId, float]
    sentence: str


def remaining_subtasks(task: Task, *, everything: bool) -> tuple[Subtask, ...]:
    """Returns the unfinished subtasks; all with `everything`, or if the task is done or cancelled."""
    if everything or task.status in _NOTHING_TO_DO:
        return task.subtasks
    return tuple(subtask for subtask in task.subtasks if subtask.status not in _NOTHING_TO_DO)


def subtask_minutes(subtask: Subtask) -> float:
    """Returns the minutes of a subtask: its own estimate, else the default."""
    return round(subtask.estimate, _DIGITS) if _usable(subtask.estimate) else DEFAULT_MINUTES


def estimate(tasks: Sequence[Task], *, everything: bool) -> Estimates:
    """Estimates each task: its own estimate, else the sum of its subtasks' if all have one, else the default.

    The default counts for each remaining subtask, at least once.
    """
    minutes: dict[TaskId, float] = {}
    told = 0
    for task in tasks:
        if task.estimate is None and not task.subtasks:
            minutes[task.id] = DEFAULT_MINUTES
            continue
        subtasks = remaining_subtasks(task, everything=everything)
        hint = _hint(task, subtasks)
        told += hint is not None
        minutes[task.id] = (
            round(hint, _DIGITS) if hint is not None else DEFAULT_MINUTES * max(1, len(subtasks))
        )
    return Estimates(minutes=minutes, sentence=_sentence(told, len(tasks)))


def _hint(task: Task, subtasks: Sequence[Subtask]) -> float | None:
    if _usable(task.estimate):
        return task.estimate
    hints = [subtask.estimate for subtask in subtasks if _usable(subtask.estimate)]
    return math.fsum(hints) if subtasks and len(hints) == len(subtasks) else None


def _usable(hint: float | None) -> TypeGuard[float]:
    return hint is not None and 0 <= hint <= _LONGEST


def _sentence(given: int, count: int) -> str:
    default = f"{DEFAULT_MINUTES:g} minutes for each remaining subtask, and at least {DEFAULT_MINUTES:g}"
    if not count:
        return "There is nothing to estimate."
    if not given:
        return f"The task list has no estimates: the estimate of a task is {default}."
    if given == count:
        return f"Estimates are the task list's own for all {count} tasks."
    return (
        f"Estimates are the task list's own for {given} of {count} tasks; that of another task is {default}."
    )
