"""Divides tasks into parts that run one after another, with few expected conflicts within a part.

A local search by moves and swaps. The same input gives the same parts: effort is limited by steps, never by
time. A pair that must not share a part has a prohibitive cost.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from gitcoord.tasks.model import TaskId

NEVER: Final = 1e9
"""The cost of a pair of tasks that exclude each other."""
_MOST_STEPS: Final = 60_000
_SWAP: Final = 1e-6
"""The advantage of a move over a swap that saves the same."""

Risk = Mapping[TaskId, Mapping[TaskId, float]]
"""The probability that two tasks conflict, in both directions; missing pairs do not conflict."""


def spread(
    tasks: Sequence[TaskId],
    *,
    count: int,
    room: int,
    risk: Risk,
    minutes: Mapping[TaskId, float] | None = None,
    rework: float = 1.0,
) -> list[list[TaskId]]:
    """Divides `tasks` into at most `count` parts of at most `room`; keeps the order of `tasks`.

    Minimizes the duration of all parts in minutes, each as long as its longest task, plus `rework` minutes
    for each expected conflict within a part. Raises ValueError if the tasks do not fit.
    """
    if count * room < len(tasks):
        raise ValueError(f"{len(tasks)} tasks do not fit into {count} parts of {room}")
    search = _Search(tasks, count, room, risk, minutes or {}, rework)
    best: list[list[int]] = []
    for start in (search.longest_first(), search.riskiest_first()):
        found = search.improved(start)
        if not best or search.cost(found) < search.cost(best) - 1e-6:
            best = found
    kept = sorted((sorted(part) for part in best if part), key=lambda part: part[0])
    return [[tasks[task] for task in part] for part in kept]


def respread(
    parts: Sequence[Sequence[TaskId]], *, risk: Risk, fixed: Collection[TaskId] = (), least: float = 0.0
) -> list[list[TaskId]]:
    """Returns `parts` after moving tasks that are not `fixed`, where that avoids conflicts.

    Ignores improvements below `least`. A part with one task has no conflict, so no part becomes empty.
    """
    tasks = [task for part in parts for task in part]
    search = _Search(tasks, len(parts), len(tasks), risk, {}, 1.0, least=least, fixed=fixed)
    number = {task: place for place, task in enumerate(tasks)}
    found = search.improved([[number[task] for task in part] for part in parts])
    return [[tasks[task] for task in sorted(part)] for part in found]


class _Search:
    def __init__(
        self,
        tasks: Sequence[TaskId],
        count: int,
        room: int,
        risk: Risk,
        minutes: Mapping[TaskId, float],
        rework: float,
        *,
        least: float = 0.0,
        fixed: Collection[TaskId] = (),
    ) -> None:
        self._count, self._room, self._least = count, room, max(least, 1e-9)
        self._minutes = [minutes.get(task, 0.0) for task in tasks]
        self._timed = any(self._minutes)
        number = {task: place for place, task in enumerate(tasks)}
        self._fixed = {number[task] for task in fixed if task in number}
        self._costs: list[dict[int, float]] = [
            {
                number[other]: rework * chance
                for other, chance in risk.get(task, {}).items()
                if other in number and other != task
            }
            for task in tasks
        ]
        self._at = [0] * len(tasks)
        self._steps = 0

    def longest_first(self) -> list[list[int]]:
        """Puts tasks of similar length together, which is fastest if nothing conflicts."""
        order = sorted(range(len(self._at)), key=lambda task: -self._minutes[task])
        parts = [order[start : start + self._room] for start in range(0, len(order), self._room)]
        return parts + [[] for _ in range(self._count - len(parts))]

    def riskiest_first(self) -> list[list[int]]:
        """Adds each task, the riskiest first, to the part where it costs least."""
        parts: list[list[int]] = [[] for _ in range(self._count)]
        self._at = [-1] * len(self._at)
        for task in sorted(range(len(self._at)), key=lambda task: (-sum(self._costs[task].values()), task)):
            free = [place for place, part in enumerate(parts) if len(part) < self._room]
            best = min(free, key=lambda place: self._meeting(task, place) + self._longer(parts[place], task))
            parts[best].append(task)
            self._at[task] = best
        return parts

    def improved(self, parts: list[list[int]]) -> list[list[int]]:
        """Improves `parts` by moves and swaps, and returns them."""
        self._steps = 0
        for place, part in enumerate(parts):
            for task in part:
                self._at[task] = place
        better = True
        while better and self._steps < _MOST_STEPS:
            better = False
            # Move the least important tasks first, so that the others keep their places.
            for task in reversed(range(len(self._at))):
                if task not in self._fixed and self._meeting(task, self._at[task]) > self._least:
                    better |= self._moved(parts, task)
        return parts

    def cost(self, parts: Sequence[Sequence[int]]) -> float:
        """Returns the duration plus the expected cost of conflicts, in minutes."""
        total = 0.0
        for part in parts:
            members = set(part)
            meeting = [
                self._costs[task][other] for task in part for other in self._costs[task].keys() & members
            ]
            total += math.fsum(meeting) / 2 + max([self._minutes[task] for task in part], default=0.0)
        return total

    def _moved(self, parts: list[list[int]], task: int) -> bool:
        """Moves the task, or swaps it with a task of another part, if that helps; returns whether it did."""
        own = self._at[task]
        meeting = self._meeting(task, own)
        best: tuple[int, int | None] | None = None
        gain = self._least
        for place, part in enumerate(parts):
            if place == own:
                continue
            there = self._meeting(task, place)
            if len(part) < self._room:
                won = meeting - there + self._saved(parts, own, place, task, None)
                if won > gain:
                    best, gain = (place, None), won
            for other in part:
                if other in self._fixed:
                    continue
                self._steps += 1
                both = 2 * self._costs[task].get(other, 0.0)
                won = meeting - there + self._meeting(other, place) - self._meeting(other, own) + both
                won += self._saved(parts, own, place, task, other) - _SWAP
                if won > gain:
                    best, gain = (place, other), won
        if best is None:
            return False
        place, swapped = best
        self._put(parts, task, place)
        if swapped is not None:
            self._put(parts, swapped, own)
        return True

    def _put(self, parts: list[list[int]], task: int, place: int) -> None:
        parts[self._at[task]].remove(task)
        parts[place].append(task)
        self._at[task] = place

    def _meeting(self, task: int, place: int) -> float:
        """Returns the expected cost of the task's conflicts within a part."""
        at = self._at
        return sum([cost for other, cost in self._costs[task].items() if at[other] == place])

    def _longer(self, part: Sequence[int], task: int) -> float:
        longest = max([self._minutes[one] for one in part], default=0.0)
        return max(0.0, self._minutes[task] - longest)

    def _saved(self, parts: list[list[int]], own: int, place: int, task: int, other: int | None) -> float:
        """Returns the minutes by which the step shortens the two parts."""
        if not self._timed:
            return 0.0
        minutes = self._minutes
        before = max([minutes[one] for one in parts[own]]) + max(
            [minutes[one] for one in parts[place]], default=0.0
        )
        left = [minutes[one] for one in parts[own] if one != task]
        right = [minutes[one] for one in parts[place] if one != other]
        right.append(minutes[task])
        if other is not None:
            left.append(minutes[other])
        return before - max(left, default=0.0) - max(right)
