"""Waves: which tasks go together and in what order, when some clash and some need others first.

One algorithm for the planner, which knows what tasks say, and for the conflict check, which knows
what branches really do. `search` holds the part that looks for fewer waves.
"""

import re
from collections.abc import Collection, Mapping, Sequence

import msgspec

from gitcoord.tasks.model import TaskId

_DIGITS = re.compile(r"([0-9]+)")


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A task that wants a place.

    `weight` is its work and `priority` the length of the longest remaining chain through it, both in
    minutes. `after` names tasks that must be in earlier waves (those that are no candidates are
    taken as settled). `wave` is the wave that it was planned for: tasks planned earlier go first
    where that costs no further wave. A `fixed` task keeps that wave, an `alone` one shares none.
    """

    id: TaskId
    weight: float = 0.0
    priority: float = 0.0
    after: tuple[TaskId, ...] = ()
    wave: int = 1
    fixed: bool = False
    alone: bool = False


class Arrangement(msgspec.Struct, frozen=True, kw_only=True):
    """Waves in order, and the order in which tasks land; fewer than `at_least` waves are impossible."""

    waves: tuple[tuple[TaskId, ...], ...]
    landing_order: tuple[TaskId, ...]
    at_least: int = 0


def natural_key(id: str) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """A sort key that puts `task-10` after `task-9`, and numbers before words."""
    chunks = []
    for chunk in _DIGITS.split(id):
        if chunk:
            # Compared by length and then by digit: int() refuses numbers of thousands of digits.
            digits = chunk.lstrip("0")
            chunks.append((0, len(digits), digits) if chunk[0] in "0123456789" else (1, 0, chunk))
    return tuple(chunks), id


def arrange(
    tasks: Sequence[Candidate],
    clashes: Collection[frozenset[TaskId]],
    *,
    most: int | None = None,
    largest_first: bool = False,
) -> Arrangement:
    """The fewest waves in which no two members of a clash meet, the weightiest tasks first.

    No wave has more than `most` members (None: any number). Of two arrangements with equally many waves the
    better one has the most important task earlier; importance is priority, then weight, then the id. Optimal
    for about twenty tasks that hang together, nearly so for a hundred; equal input in any order gives an
    equal answer.

    `largest_first`: the first wave is as heavy as it can be, whatever number of waves the others then need.
    That is for tasks that know nothing of waves: what clashes with the first will not land as it is.
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
    """The fewest waves of tasks that are ranked by importance, and how few there could be."""
    from gitcoord.planning.wave_problem import Puzzle  # not for who only sorts ids
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
    """The tasks of the heaviest wave that there can be; the more important ones where several are."""
    from gitcoord.planning.largest import largest_set

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
