"""Tasks put into parts that run one after another, so that those of a part are the least likely to conflict.

A local search by moves and swaps from two starts. The same input gives the same parts: effort is counted in
steps, never in time.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from gitcoord.tasks.model import TaskId

_MOST_STEPS: Final = 400_000
_LEAST_GAIN: Final = 1e-9

Risk = Mapping[TaskId, Mapping[TaskId, float]]
"""The probability that two tasks conflict, both ways; pairs that are left out do not."""


def spread(
    tasks: Sequence[TaskId],
    *,
    count: int,
    room: int,
    risk: Risk,
    minutes: Mapping[TaskId, float] | None = None,
    rework: float = 1.0,
) -> list[list[TaskId]]:
    """`tasks` in `count` parts of at most `room`; the order within and of parts is that of `tasks`.

    What is minimised are the minutes that the parts take, each as long as its longest task, plus `rework`
    minutes for each conflict that is expected inside of a part.
    """
    if count * room < len(tasks):
        raise ValueError(f"{len(tasks)} tasks do not fit into {count} parts of {room}")
    search = _Search(tasks, count, room, risk, minutes or {}, rework)
    return search.best()


class _Search:
    def __init__(
        self,
        tasks: Sequence[TaskId],
        count: int,
        room: int,
        risk: Risk,
        minutes: Mapping[TaskId, float],
        rework: float,
    ) -> None:
        self._tasks, self._count, self._room = tasks, count, room
        self._minutes = [minutes.get(task, 0.0) for task in tasks]
        number = {task: place for place, task in enumerate(tasks)}
        self._cost: list[dict[int, float]] = [
            {
                number[other]: rework * chance
                for other, chance in risk.get(task, {}).items()
                if other in number and other != task
            }
            for task in tasks
        ]
        self._steps = 0

    def best(self) -> list[list[TaskId]]:
        """The parts with the least cost that the search finds."""
        found = min(
            (self._improved(start) for start in (self._longest_first(), self._riskiest_first())),
            key=lambda parts: round(self._whole_cost(parts), 6),
        )
        kept = sorted((sorted(part) for part in found if part), key=lambda part: part[0])
        return [[self._tasks[task] for task in part] for part in kept]

    def _longest_first(self) -> list[list[int]]:
        """Tasks that take equally long together, which is the quickest where nothing conflicts."""
        order = sorted(range(len(self._tasks)), key=lambda task: -self._minutes[task])
        parts = [order[start : start + self._room] for start in range(0, len(order), self._room)]
        return parts + [[] for _ in range(self._count - len(parts))]

    def _riskiest_first(self) -> list[list[int]]:
        """Each task, those with most at stake first, where it adds least."""
        parts: list[list[int]] = [[] for _ in range(self._count)]
        order = sorted(range(len(self._tasks)), key=lambda task: (-sum(self._cost[task].values()), task))
        for task in order:
            open_parts = [part for part in parts if len(part) < self._room]
            min(open_parts, key=lambda part: self._added(part, task)).append(task)
        return parts

    def _improved(self, parts: list[list[int]]) -> list[list[int]]:
        self._steps = 0
        better = True
        while better and self._steps < _MOST_STEPS:
            better = False
            for task in range(len(self._tasks)):
                better |= self._moved(parts, task)
        return parts

    def _moved(self, parts: list[list[int]], task: int) -> bool:
        """Whether moving the task to another part, or swapping it with one there, made it better."""
        own = next(part for part in parts if task in part)
        own_rest = [one for one in own if one != task]
        saved = self._part_cost(own) - self._part_cost(own_rest)
        best: tuple[list[int], int | None] | None = None
        gain = _LEAST_GAIN
        for part in parts:
            if part is own:
                continue
            if len(part) < self._room:
                won = saved - self._added(part, task)
                if won > gain:
                    best, gain = (part, None), won
            for other in part:
                self._steps += 1
                rest = [one for one in part if one != other]
                before = self._part_cost(own) + self._part_cost(part)
                after = self._part_cost([*own_rest, other]) + self._part_cost([*rest, task])
                if before - after > gain:
                    best, gain = (part, other), before - after
        if best is None:
            return False
        part, swapped = best
        own.remove(task)
        part.append(task)
        if swapped is not None:
            part.remove(swapped)
            own.append(swapped)
        return True

    def _added(self, part: Sequence[int], task: int) -> float:
        return self._part_cost([*part, task]) - self._part_cost(part)

    def _part_cost(self, part: Sequence[int]) -> float:
        longest = max([self._minutes[task] for task in part], default=0.0)
        total = 0.0
        for place, task in enumerate(part):
            cost = self._cost[task]
            if cost:
                total += sum([cost.get(other, 0.0) for other in part[place + 1 :]])
        return longest + total

    def _whole_cost(self, parts: Sequence[Sequence[int]]) -> float:
        return sum(self._part_cost(part) for part in parts)
