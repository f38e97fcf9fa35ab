"""The search behind `arrange_waves`: a colouring under precedence, over tasks numbered by importance.

Starts with first fit. Then `wave_repair` looks for arrangements with fewer waves, and `wave_bounds` for a
proof that there are none. The same tasks give the same waves everywhere: effort is limited by steps, never by
time.
"""

import random
from collections.abc import Sequence
from typing import Final

import msgspec

from gitcoord.planning.wave_bounds import arrangement_in, fewest_possible
from gitcoord.planning.wave_problem import Puzzle, in_order, parts, rivals
from gitcoord.planning.wave_repair import repaired

_SEARCHED_WHOLE: Final = 24
_MOST_STEPS: Final = 20_000
_MOST_PLACED: Final = 200_000
_MOST_RETRIES: Final = 24


class Solution(msgspec.Struct, frozen=True, kw_only=True):
    """Each task's wave, and a lower bound of the number of waves."""

    waves: list[int]
    at_least: int


def solve(puzzle: Puzzle) -> Solution:
    """Finds few waves, and a lower bound. Raises ValueError if tasks wait for one another in a cycle."""
    waves = [0] * len(puzzle.after)
    at_least = 0
    for tasks, part in parts(puzzle):
        if len(tasks) == 1:
            # Nothing else constrains it, so no search is needed.
            waves[tasks[0]] = part.fixed.get(0, 0)
            at_least = max(at_least, waves[tasks[0]] + 1)
            continue
        solved = _solve_part(part)
        at_least = max(at_least, solved.at_least)
        for task, wave in zip(tasks, solved.waves, strict=True):
            waves[task] = wave
    return Solution(waves=waves, at_least=at_least)


def _solve_part(puzzle: Puzzle) -> Solution:
    count = len(puzzle.after)
    best = _first_fit(puzzle, range(count))
    bound = fewest_possible(puzzle)
    if max(best) >= bound:
        best = _retry(puzzle, bound, best)
    small = count - len(puzzle.fixed) <= _SEARCHED_WHOLE
    if small and max(best) >= bound:
        best, bound = _search_to_the_end(puzzle, bound, best)
    while max(best) >= bound and (fewer := repaired(puzzle, best)) is not None:
        best = min(_settle(puzzle, fewer), fewer, key=max)
    if small:
        best = _most_important_first(puzzle, best)
    return Solution(waves=best, at_least=min(bound, max(best) + 1))


class _FreeWaves:
    """Occupied waves; finds the first free one from a start in nearly constant time."""

    def __init__(self) -> None:
        self._next: dict[int, int] = {}

    def take(self, wave: int) -> None:
        self._next.setdefault(wave, wave + 1)

    def free(self, wave: int) -> int:
        passed = []
        while wave in self._next:
            passed.append(wave)
            wave = self._next[wave]
        for taken in passed:
            self._next[taken] = wave
        return wave


def _first_fit(puzzle: Puzzle, rank: Sequence[int]) -> list[int]:
    """Puts every task into the first wave that is free for it, in the order of `rank` and of precedence."""
    used, closed = _FreeWaves(), _FreeWaves()
    mine = [[closed] for _ in puzzle.after]
    for task in puzzle.alone:
        mine[task] = [used]
    for clash in puzzle.clashes:
        taken = _FreeWaves()
        for task in clash:
            mine[task].append(taken)
    waves = [0] * len(puzzle.after)
    members: dict[int, int] = {}

    def place(task: int, wave: int) -> None:
        waves[task] = wave
        used.take(wave)
        members[wave] = members.get(wave, 0) + 1
        if task in puzzle.alone or members[wave] == puzzle.room:
            closed.take(wave)
        for taken in mine[task][1:]:
            taken.take(wave)

    for task, wave in puzzle.fixed.items():
        place(task, wave)
    for task in in_order(puzzle, rank):
        wave = max((waves[need] + 1 for need in puzzle.after[task]), default=0)
        start = -1
        while start != wave:
            start = wave
            for taken in mine[task]:
                wave = taken.free(wave)
        place(task, wave)
    return waves


def _search_to_the_end(puzzle: Puzzle, bound: int, best: list[int]) -> tuple[list[int], int]:
    """Returns the fewest waves and a proven lower bound, as far as the steps allow."""
    while max(best) >= bound:
        fewer = arrangement_in(puzzle, max(best))
        if fewer is None:
            return best, bound
        if not fewer:
            return best, max(best) + 1
        best = min(_settle(puzzle, fewer), fewer, key=max)
    return best, bound


def _most_important_first(puzzle: Puzzle, best: list[int]) -> list[int]:
    """Returns as many waves as `best`, with the most important tasks as early as possible."""
    clashing = rivals(puzzle)
    order = list(in_order(puzzle, range(len(clashing))))
    count = max(best) + 1
    waves = dict(puzzle.fixed)
    members = [0] * count
    for wave in waves.values():
        members[wave] += 1
    steps = 0

    def fill(index: int) -> bool:
        nonlocal steps
        if index == len(order):
            return True
        task = order[index]
        for wave in range(max((waves[need] + 1 for need in puzzle.after[task]), default=0), count):
            steps += 1
            if steps > _MOST_STEPS:
                return False
            if members[wave] != puzzle.room and all(waves.get(rival) != wave for rival in clashing[task]):
                waves[task] = wave
                members[wave] += 1
                if fill(index + 1):
                    return True
                members[wave] -= 1
                del waves[task]
        return False

    return [waves[task] for task in range(len(clashing))] if fill(0) else best


def _retry(puzzle: Puzzle, bound: int, best: list[int]) -> list[int]:
    """Returns the best result of other orders: most constrained tasks first, then shuffles of the best."""
    count = len(puzzle.after)
    entangled = [0] * count
    for clash in puzzle.clashes:
        for task in clash:
            entangled[task] -= len(clash)
    dice = random.Random(0)  # noqa: S311 - the same dice every time, so that the same tasks give the same plan
    ranks: list[float] = [*map(float, entangled)]
    effort = count + sum(map(len, puzzle.clashes))
    for retry in range(min(_MOST_RETRIES, _MOST_PLACED // effort)):
        order = sorted(range(count), key=ranks.__getitem__)
        found = _settle(puzzle, _first_fit(puzzle, _places(order)))
        best = min(best, found, key=lambda waves: (max(waves), waves))
        if max(best) < bound:
            break
        spread = count * (1 + retry % 8) / 8
        ranks = [best[task] * count / bound + dice.random() * spread for task in range(count)]
    return best


def _settle(puzzle: Puzzle, waves: list[int]) -> list[int]:
    """Orders the waves by their most important task, if they may change places; fills each from later ones.

    The result has no more waves: first fit in the order of the waves never needs more waves.
    """
    free = not puzzle.fixed and not any(puzzle.after)
    key: dict[int, int] = {}
    for task, wave in enumerate(waves):
        key.setdefault(wave, task if free else wave)
    return _first_fit(puzzle, _places(sorted(range(len(waves)), key=lambda task: (key[waves[task]], task))))


def _places(order: Sequence[int]) -> list[int]:
    places = [0] * len(order)
    for place, task in enumerate(order):
        places[task] = place
    return places
