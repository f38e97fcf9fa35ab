"""The search behind `order`: a colouring under precedence, over tasks numbered by importance.

First fit is the start. Few tasks that hang together are then searched to the end for fewer waves;
more of them are placed again in other orders, the same ones every time.
"""

import heapq
import random
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

_SEARCHED_WHOLE: Final = 12
_MOST_STEPS: Final = 20_000
_MOST_PLACED: Final = 200_000
_MOST_RETRIES: Final = 64


class Puzzle(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks 0 to n-1, the most important first; waves count from 0.

    `after[t]` are the tasks that `t` must come after; the members of a clash exclude one another.
    """

    after: list[list[int]]
    clashes: list[list[int]]
    fixed: dict[int, int]
    alone: set[int]


def solve(puzzle: Puzzle) -> list[int]:
    """Each task's wave. Raises ValueError when tasks wait for one another in a circle."""
    waves = [0] * len(puzzle.after)
    for tasks, part in _parts(puzzle):
        for task, wave in zip(tasks, _solve_part(part), strict=True):
            waves[task] = wave
    return waves


def _parts(puzzle: Puzzle) -> Iterator[tuple[list[int], Puzzle]]:
    """The tasks that hang together, each part as a puzzle of its own with its tasks renumbered."""
    root = list(range(len(puzzle.after)))

    def find(task: int) -> int:
        while root[task] != task:
            root[task] = task = root[root[task]]
        return task

    ties = [[task, *needs] for task, needs in enumerate(puzzle.after)] + puzzle.clashes
    for tie in [list(range(len(root)))] if puzzle.alone else ties:
        for task in tie:
            root[find(task)] = find(tie[0])
    parts: dict[int, list[int]] = {}
    for task in range(len(root)):
        parts.setdefault(find(task), []).append(task)
    clashes: dict[int, list[list[int]]] = {}
    for clash in puzzle.clashes:
        clashes.setdefault(find(clash[0]), []).append(clash)
    place = {task: number for tasks in parts.values() for number, task in enumerate(tasks)}
    for head, tasks in parts.items():
        yield (
            tasks,
            Puzzle(
                after=[[place[need] for need in puzzle.after[task]] for task in tasks],
                clashes=[[place[task] for task in clash] for clash in clashes.get(head, [])],
                fixed={place[task]: puzzle.fixed[task] for task in tasks if task in puzzle.fixed},
                alone={place[task] for task in tasks if task in puzzle.alone},
            ),
        )


def _solve_part(puzzle: Puzzle) -> list[int]:
    count = len(puzzle.after)
    best = _first_fit(puzzle, range(count))
    bound = _fewest_possible(puzzle)
    if max(best) < bound:
        return best
    if count - len(puzzle.fixed) <= _SEARCHED_WHOLE:
        return _search_whole(puzzle, bound, best)
    return _retry(puzzle, bound, best)


class _Taken:
    """Waves that are taken; answers which is the first free one from a start in nearly constant time."""

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
    """Every task in the first wave that is free for it, in the order of `rank` and of precedence."""
    used, closed = _Taken(), _Taken()
    mine = [[closed] for _ in puzzle.after]
    for task in puzzle.alone:
        mine[task] = [used]
    for clash in puzzle.clashes:
        taken = _Taken()
        for task in clash:
            mine[task].append(taken)
    waves = [0] * len(puzzle.after)

    def place(task: int, wave: int) -> None:
        waves[task] = wave
        used.take(wave)
        if task in puzzle.alone:
            closed.take(wave)
        for taken in mine[task][1:]:
            taken.take(wave)

    for task, wave in puzzle.fixed.items():
        place(task, wave)
    for task in _in_order(puzzle, rank):
        wave = max((waves[need] + 1 for need in puzzle.after[task]), default=0)
        start = -1
        while start != wave:
            start = wave
            for taken in mine[task]:
                wave = taken.free(wave)
        place(task, wave)
    return waves


def _in_order(puzzle: Puzzle, rank: Sequence[int]) -> Iterator[int]:
    """The tasks that are not fixed, by rank, none before one that it must come after."""
    missing = {
        task: sum(need not in puzzle.fixed for need in needs)
        for task, needs in enumerate(puzzle.after)
        if task not in puzzle.fixed
    }
    feeds: dict[int, list[int]] = {}
    for task in missing:
        for need in puzzle.after[task]:
            feeds.setdefault(need, []).append(task)
    ready = [(rank[task], task) for task, count in missing.items() if not count]
    heapq.heapify(ready)
    left = len(missing)
    while ready:
        task = heapq.heappop(ready)[1]
        yield task
        left -= 1
        for fed in feeds.get(task, ()):
            missing[fed] -= 1
            if not missing[fed]:
                heapq.heappush(ready, (rank[fed], fed))
    if left:
        raise ValueError(f"{left} tasks must come after one another in a circle")


def _fewest_possible(puzzle: Puzzle) -> int:
    """A number of waves that no arrangement can be below."""
    depth = [0] * len(puzzle.after)
    for task in _in_order(puzzle, range(len(depth))):
        depth[task] = max((depth[need] + 1 for need in puzzle.after[task]), default=0)
    clique = max(map(len, puzzle.clashes), default=1)
    loners = len(puzzle.alone) + (len(puzzle.alone) < len(depth))
    return max(clique, max(depth) + 1, loners, max(puzzle.fixed.values(), default=0) + 1)


def _search_whole(puzzle: Puzzle, bound: int, best: list[int]) -> list[int]:
    """The fewest waves there are, the most important tasks as early as those allow."""
    rivals: list[set[int]] = [set() for _ in puzzle.after]
    for clash in [*puzzle.clashes, *([task, other] for task in puzzle.alone for other in range(len(rivals)))]:
        for task in clash:
            rivals[task].update(clash)
    order = list(_in_order(puzzle, range(len(rivals))))
    steps = 0

    def fill(index: int, waves: dict[int, int], count: int) -> bool:
        nonlocal steps
        if index == len(order):
            return True
        task = order[index]
        for wave in range(max((waves[need] + 1 for need in puzzle.after[task]), default=0), count):
            steps += 1
            if steps > _MOST_STEPS:
                return False
            if all(waves.get(rival) != wave for rival in rivals[task] if rival != task):
                waves[task] = wave
                if fill(index + 1, waves, count):
                    return True
                del waves[task]
        return False

    for count in range(bound, max(best) + 1):
        waves = dict(puzzle.fixed)
        if fill(0, waves, count):
            return [waves[task] for task in range(len(rivals))]
    return best


def _retry(puzzle: Puzzle, bound: int, best: list[int]) -> list[int]:
    """The best of some other orders: the most entangled first, then shuffles of what was best."""
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
    """The same waves or fewer, the one with the most important task first, each filled from the next.

    First fit in the order of the waves never needs more of them.
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
