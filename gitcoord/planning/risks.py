"""The predicted conflicts of tasks and their files, as a plan stores them. Pure.

Probabilities are 0 to 1. Other rooms compute them; planning only weighs them.
"""

import math
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from typing import Final, Literal, TypeVar

import msgspec

from gitcoord.tasks.model import TaskId

Key = TypeVar("Key")
Band = Literal["low", "medium", "high"]
MEDIUM: Final = 0.05
HIGH: Final = 0.2
"""In five public repositories, a third of the pairs above this probability conflicted: see
`docs/planning.md`."""
LOOKAHEAD: Final = 32
"""The next unit to start is chosen from at most this many ready units."""
LEAST: Final = 0.02
"""Pairs with a lower probability are not stored."""


class RiskyFile(msgspec.Struct, frozen=True):
    """A path, and the probability that the task changes it, or that two tasks both change it."""

    path: str
    probability: float


class PairRisk(msgspec.Struct, frozen=True, kw_only=True):
    """Two tasks that may conflict: the probability of that, and of a common file; the most likely files.

    `asserted`: the task list says that one of them may run in parallel with others, which takes precedence.
    """

    tasks: tuple[TaskId, TaskId]
    conflict: float
    share: float = 0.0
    files: tuple[RiskyFile, ...] = ()
    asserted: bool = False
    band: Band = "low"
    """The probability as a word."""
    shift: float = 0.0
    """The part of `conflict`, in log-odds, that was learned from the repository's own tasks."""


class Risks(msgspec.Struct, frozen=True, kw_only=True):
    """The predictions for a plan's tasks. `pairs`: the riskiest first. `files`: the most likely of each task.

    `changes`: the number of changes in the history from which they were learned.
    """

    pairs: tuple[PairRisk, ...] = ()
    files: dict[TaskId, tuple[RiskyFile, ...]] = {}
    changes: int = 0
    own_pairs: int = 0
    """The number of pairs of the repository's own tasks from which the base rate was learned."""

    def by_task(self) -> dict[TaskId, dict[TaskId, float]]:
        """Returns the probability of a conflict for each pair, in both directions, without asserted pairs."""
        found: dict[TaskId, dict[TaskId, float]] = {}
        for pair in self.pairs:
            if not pair.asserted:
                one, other = pair.tasks
                found.setdefault(one, {})[other] = pair.conflict
                found.setdefault(other, {})[one] = pair.conflict
        return found


NO_RISKS: Final = Risks()


def carried(fresh: Risks, saved: Risks, begun: Container[TaskId]) -> Risks:
    """Returns the fresh risks, but the saved ones for tasks that have `begun`.

    When a task's work is in the base, the history contains its changes, so a new prediction would be
    meaningless.
    """
    if not saved.changes:
        return fresh
    old = [pair for pair in saved.pairs if any(task in begun for task in pair.tasks)]
    known = saved.files.keys() | {task for pair in saved.pairs for task in pair.tasks}
    new = [pair for pair in fresh.pairs if not any(task in begun and task in known for task in pair.tasks)]
    return Risks(
        pairs=tuple(sorted([*new, *old], key=lambda pair: -pair.conflict)),
        files={
            **{task: files for task, files in fresh.files.items() if task not in begun},
            **{task: files for task, files in saved.files.items() if task in begun},
        },
        changes=fresh.changes or saved.changes,
        own_pairs=fresh.own_pairs,
    )


def extra_conflicts(near: Mapping[Key, float], running: Collection[Key], waiting: Collection[Key]) -> float:
    """Returns the expected number of additional conflicts if a task starts now rather than later.

    `near` has the probabilities for other tasks. If it starts now, it runs beside the `running` ones; later,
    beside the same number of `waiting` ones. Without the comparison, the tasks that conflict most would all
    remain for the end.
    """
    if not near:
        return 0.0
    now = math.fsum(near.get(other, 0.0) for other in running)
    later = math.fsum(near.get(other, 0.0) for other in waiting) / max(1, len(waiting))
    return now - len(running) * later


def urgency(tail: float, minutes: float, conflicts: float, rework: float) -> float:
    """Returns the urgency of a unit in minutes: the longest chain from it on, minus the expected rework.

    `conflicts` are the additional ones from starting now; each costs `rework` times the unit's own `minutes`.
    """
    return round(tail - conflicts * rework * minutes, 6)


def without_shift(conflict: float, shift: float) -> float:
    """Returns a probability without the log-odds that were added to it."""
    kept = min(1 - 1e-6, max(1e-6, conflict))
    return round(1 / (1 + (1 - kept) / kept * math.exp(shift)), 6)


def band_of(conflict: float) -> Band:
    """Returns the word for a probability of a conflict."""
    return "high" if conflict >= HIGH else "medium" if conflict >= MEDIUM else "low"


def expected_conflicts(
    parts: Iterable[Sequence[TaskId]], risks: Mapping[TaskId, Mapping[TaskId, float]]
) -> float:
    """Returns the expected number of conflicts between tasks of the same part."""
    total = 0.0
    for part in parts:
        for place, one in enumerate(part):
            near = risks.get(one, {})
            total += sum([near.get(other, 0.0) for other in part[place + 1 :]])
    return total
