"""Arranges tasks in waves and in landing order when some clash and some depend on others.

The planner uses it with declared clashes, the conflict check with real conflicts. `wave_solver` has the
search for fewer waves.
"""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from gitcoord.natural_order import natural_key
from gitcoord.tasks.model import TaskId


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A task to arrange.

    `weight` is its work and `priority` the length of the longest remaining chain through it, both in
    minutes. `after` names tasks that must be in earlier waves (ids of other tasks
    do not count). `wave` is its planned wave: tasks with an earlier one go first if that needs no
    additional wave. A `fixed` task keeps its wave, and an `alone` task shares its wave with no other.
    """

    id: TaskId
    weight: float = 0.0
    priority: float = 0.0
    after: tuple[TaskId, ...] = ()
    wave: int = 1
    fixed: bool = False
    alone: bool = False


class Arrangement(msgspec.Struct, frozen=True, kw_only=True):
    """Waves in order, and the landing order; fewer than `at_least` waves are impossible."""

    waves: tuple[tuple[TaskId, ...], ...]
    landing_order: tuple[TaskId, ...]
    at_least: int = 0


def arrange(
    tasks: Sequence[Candidate],
    clashes: Collection[frozenset[TaskId]],
    *,
    most: int | None = None,
    largest_first: bool = False,
) -> Arrangement:
    """Finds the fewest waves in which no two members of a clash are together, the heaviest tasks first.

    No wave has more than `most` members (None: no limit). Of two arrangements with the same number of waves,
    the one with the most important task earlier is better; importance is priority, then weight, then the id.
    Optimal for about twenty connected tasks, and nearly so for a hundred. The order of the input does not
    matter.

    `largest_first`: the first wave is as heavy as possible, however many waves the others need. This is for
    branches that were made without a plan: those that clash with the first wave cannot land as they are.
    """
    ranked = sorted(tasks, key=lambda task: (task.wave, *_importance(task)))
    waves, at_least = _solved(ranked, clashes, most)
    if largest_first and len(waves) > 1:
        first = _heaviest(sorted(tasks, key=_importance), clashes)[:most]
        rest = [task for task in ranked if task not in first]
        waves = [first, *_solved(rest, clashes, most)[0]]
    return Arrangement(
        waves=tuple(tuple(task.id for task in wave) for wave in waves),
        landing_order=tuple(task.id for wave in waves for task in wave),
        at_least=at_least,
    )


def _solved(
    ranked: Sequence[Candidate], clashes: Collection[frozenset[TaskId]], most: int | None
) -> tuple[list[list[Candidate]], int]:
    """Arranges tasks that are ranked by importance; returns the waves and a lower bound of their number."""
    from gitcoord.planning.wave_problem import Puzzle  # Imported here: the values alone do not need it.
    from gitcoord.planning.wave_solver import solve

    number = {task.id: index for index, task in enumerate(ranked)}
    solved = solve(
        Puzzle(
            after=[[number[need] for need in task.after if need in number] for task in ranked],
            clashes=_numbered(clashes, number),
            fixed={number[task.id]: task.wave - 1 for task in ranked if task.fixed},
            alone={number[task.id] for task in ranked if task.alone},
            room=most or 0,
        )
    )
    places: list[list[Candidate]] = [[] for _ in range(max(solved.waves, default=-1) + 1)]
    for task in sorted(ranked, key=_importance):
        places[solved.waves[number[task.id]]].append(task)
    return places, solved.at_least


def _heaviest(ranked: Sequence[Candidate], clashes: Collection[frozenset[TaskId]]) -> list[Candidate]:
    """Returns the tasks of the heaviest possible wave.

    Of several such waves, the one with more important tasks.
    """
    from gitcoord.planning.largest_wave import largest_set

    number = {task.id: index for index, task in enumerate(ranked)}
    rivals: list[set[int]] = [set() for _ in ranked]
    for members in _numbered(clashes, number):
        for member in members:
            rivals[member].update(other for other in members if other != member)
    chosen = largest_set([task.weight or 1.0 for task in ranked], rivals)
    return [task for place, task in enumerate(ranked) if place in chosen]


def _numbered(clashes: Collection[frozenset[TaskId]], number: Mapping[TaskId, int]) -> list[list[int]]:
    found = (sorted(number[task] for task in clash if task in number) for clash in clashes)
    return [members for members in found if len(members) > 1]


def _importance(task: Candidate) -> tuple[float, float, tuple[object, str]]:
    return -task.priority, -task.weight, natural_key(task.id)
