"""How many tasks need rework, by how they are put into waves: a part of `foresight.py`."""

import math
import random
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import NamedTuple

from gitcoord.planning.risk_partition import spread
from gitcoord.tasks.model import TaskId

Pair = tuple[str, str]


class FileRow(NamedTuple):
    """One task: the ranks of several predictors, against the files that it changed."""

    recall: dict[str, tuple[float, float, float]]
    precision: dict[str, float]
    hits: tuple[bool, bool, bool]
    expected: float
    real: int


class PairRow(NamedTuple):
    """One pair: what was foretold by several scorers, and what was true."""

    scores: dict[str, float]
    share: bool
    share_not_hot: bool
    conflict: bool | None
    conflict_not_hot: bool | None


class Point(NamedTuple):
    """A plan point: its tasks in order, and their rows."""

    tasks: list[str]
    files: list[FileRow]
    pairs: dict[Pair, PairRow]
    unseen: tuple[int, int]


def rework(points: Sequence[Point]) -> dict[str, float]:
    """Tasks that have to be reworked for a plan point, by how the tasks are put into waves of a width."""
    out = {}
    dice = random.Random(0)
    ways = ("fifo", "random", "overlap", "tf-idf", "foresight", "share", "oracle")
    for width in (4, 5):
        for way in ways:
            total = cold = count = 0.0
            for point in points:
                for _ in range(10 if way == "random" else 1):
                    parts = _parts(point, way, width, dice)
                    total += _reworked(point, parts, lambda row: bool(row.conflict))
                    cold += _reworked(point, parts, lambda row: bool(row.conflict_not_hot))
                    count += 1
            out[f"rework at width {width} {way}"] = total / count
            out[f"rework at width {width}, no hot file {way}"] = cold / count
    return out | free_width(points)


def free_width(points: Sequence[Point]) -> dict[str, float]:
    """Waves plus tasks reworked, each wave of any width, where a conflict costs as much as a wave."""
    totals = {"foresight": 0.0, "all at once": 0.0, "oracle": 0.0}
    for point in points:
        for way in totals:
            best: tuple[float, list[list[str]]] = (math.inf, [])
            for count in (1,) if way == "all at once" else range(1, 8):
                parts = _spread(point, "foresight" if way == "all at once" else way, count, len(point.tasks))
                told = sum(_score(point, way, pair) for part in parts for pair in combinations(part, 2))
                if count + told < best[0]:
                    best = (count + told, parts)
            totals[way] += len(best[1]) + _reworked(point, best[1], lambda row: bool(row.conflict))
    return {f"free width, cost {way}": total / len(points) for way, total in totals.items()}


def _parts(point: Point, way: str, width: int, dice: random.Random) -> list[list[str]]:
    tasks = list(point.tasks)
    if way == "random":
        dice.shuffle(tasks)
    if way in ("fifo", "random"):
        place = {task: number for number, task in enumerate(point.tasks)}
        parts = (tasks[start : start + width] for start in range(0, len(tasks), width))
        return [sorted(part, key=place.__getitem__) for part in parts]
    return _spread(point, way, -(-len(tasks) // width), width)


def _spread(point: Point, way: str, count: int, room: int) -> list[list[str]]:
    risk: dict[TaskId, dict[TaskId, float]] = {}
    for one, other in point.pairs:
        chance = _score(point, way, (one, other))
        if chance:
            risk.setdefault(TaskId(one), {})[TaskId(other)] = chance
            risk.setdefault(TaskId(other), {})[TaskId(one)] = chance
    found = spread([TaskId(task) for task in point.tasks], count=count, room=room, risk=risk)
    order = {task: place for place, task in enumerate(point.tasks)}
    return [sorted(map(str, part), key=order.__getitem__) for part in found]


def _score(point: Point, way: str, pair: Pair) -> float:
    row = point.pairs[pair]
    return float(bool(row.conflict)) if way == "oracle" else row.scores.get(way, 0.0)


def _reworked(point: Point, parts: Sequence[Sequence[str]], conflicts: Callable[[PairRow], bool]) -> int:
    """The tasks that conflict with one before them in their part."""
    return sum(
        any(conflicts(point.pairs[earlier, task]) for earlier in part[:place])
        for part in parts
        for place, task in enumerate(part)
    )
