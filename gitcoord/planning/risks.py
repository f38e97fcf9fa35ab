"""Which tasks will probably conflict, and in which files: what a plan is told and keeps. Pure.

Probabilities are 0 to 1. They are worked out elsewhere and handed in; planning only weighs them.
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
"""A third of such pairs conflicted in five public repositories: the table is in `docs/planning.md`."""
LOOKAHEAD: Final = 32
"""Of so many units that could start, the one that is wanted most does."""
LEAST: Final = 0.02
"""A pair below that conflicts as good as never, and is not kept."""


class RiskyFile(msgspec.Struct, frozen=True):
    """A path, and how likely it is that the task changes it, or that two tasks meet in it."""

    path: str
    probability: float


class PairRisk(msgspec.Struct, frozen=True, kw_only=True):
    """Two tasks that may conflict: the probability of that, and of a file in common; the likeliest files.

    `asserted`: the task list says of one of them that it may run beside others, which counts.
    """

    tasks: tuple[TaskId, TaskId]
    conflict: float
    share: float = 0.0
    files: tuple[RiskyFile, ...] = ()
    asserted: bool = False
    band: Band = "low"
    """The probability in a word."""
    shift: float = 0.0
    """The log-odds in `conflict` that were learned from the repository's own tasks."""


class Risks(msgspec.Struct, frozen=True, kw_only=True):
    """What is foretold of a plan's tasks. `pairs`: the riskiest first. `files`: the likeliest of each task.

    `changes`: from how many changes of history it was learned.
    """

    pairs: tuple[PairRisk, ...] = ()
    files: dict[TaskId, tuple[RiskyFile, ...]] = {}
    changes: int = 0
    own_pairs: int = 0
    """From how many pairs of the repository's own tasks the base rate was learned."""

    def by_task(self) -> dict[TaskId, dict[TaskId, float]]:
        """The probability of a conflict between two tasks, both ways; what the list asserts is 0."""
        found: dict[TaskId, dict[TaskId, float]] = {}
        for pair in self.pairs:
            if not pair.asserted:
                one, other = pair.tasks
                found.setdefault(one, {})[other] = pair.conflict
                found.setdefault(other, {})[one] = pair.conflict
        return found


NO_RISKS: Final = Risks()


def carried(fresh: Risks, saved: Risks, begun: Container[TaskId]) -> Risks:
    """The fresh risks with the saved ones of what has `begun`.

    Once a task's work is in the base, history tells what it did: that foretells nothing any more.
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
    """How many more conflicts a task is expected to have if it starts now, and not later.

    `near` are the probabilities for others. Now it is beside those `running`, later beside as many of those
    that are `waiting`. Looking at now alone would leave the tasks that conflict most to the end, together.
    """
    if not near:
        return 0.0
    now = math.fsum(near.get(other, 0.0) for other in running)
    later = math.fsum(near.get(other, 0.0) for other in waiting) / max(1, len(waiting))
    return now - len(running) * later


def urgency(tail: float, minutes: float, conflicts: float, rework: float) -> float:
    """How much a unit is wanted now, in minutes: the chain that waits for it, less the rework expected.

    `conflicts` are those that a start now costs more; each costs `rework` times the unit's own `minutes`.
    """
    return round(tail - conflicts * rework * minutes, 6)


def without_shift(conflict: float, shift: float) -> float:
    """Returns a probability without the log-odds that were added to it."""
    kept = min(1 - 1e-6, max(1e-6, conflict))
    return round(1 / (1 + (1 - kept) / kept * math.exp(shift)), 6)


def band_of(conflict: float) -> Band:
    """The word for a probability of a conflict."""
    return "high" if conflict >= HIGH else "medium" if conflict >= MEDIUM else "low"


def expected_conflicts(
    parts: Iterable[Sequence[TaskId]], risks: Mapping[TaskId, Mapping[TaskId, float]]
) -> float:
    """The expected number of conflicts between tasks of the same part."""
    total = 0.0
    for part in parts:
        for place, one in enumerate(part):
            near = risks.get(one, {})
            total += sum([near.get(other, 0.0) for other in part[place + 1 :]])
    return total
