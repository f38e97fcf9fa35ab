"""Tries to save a wave: puts everything into fewer waves and repairs the clashes.

A tabu search: always makes the move that leaves the fewest clashes, and does not undo it for a while.
"""

import random
from typing import Final

from gitcoord.planning.wave_bounds import moderate
from gitcoord.planning.wave_problem import Puzzle, heads_and_tails, rivals

_MOST_LOOKED_AT: Final = 800_000
_MOST_FOR_EACH: Final = 5_000
_LONGEST_WAIT: Final = 10


def repaired(puzzle: Puzzle, waves: list[int]) -> list[int] | None:
    """Returns an arrangement with one wave less than `waves`, or None if none was found."""
    count = max(waves)
    if count < 1 or not moderate(puzzle) or any(wave >= count for wave in puzzle.fixed.values()):
        return None
    return _Repair(puzzle, waves, count).run()


class _Repair:
    def __init__(self, puzzle: Puzzle, waves: list[int], count: int) -> None:
        heads, tails = heads_and_tails(puzzle)
        self._count = count
        self._room = puzzle.room or len(waves)
        self._open = [range(head, count - tail) for head, tail in zip(heads, tails, strict=True)]
        self._rivals = [sorted(others) for others in rivals(puzzle)]
        self._needs = puzzle.after
        self._feeds: list[list[int]] = [[] for _ in waves]
        for task, needs in enumerate(puzzle.after):
            for need in needs:
                self._feeds[need].append(task)
        self._movable = [task for task in range(len(waves)) if task not in puzzle.fixed]
        self._waves = [min(wave, count - 1) for wave in waves]
        for task in self._movable:
            self._waves[task] = min(waves[task], max(self._open[task], default=0))
        self._members = [0] * count
        for wave in self._waves:
            self._members[wave] += 1
        self._costs = [self._cost(task) for task in range(len(waves))]

    def _cost(self, task: int) -> list[int]:
        """Returns, for every wave, the number of violations with `task` in it."""
        costs = [0] * self._count
        for rival in self._rivals[task]:
            costs[self._waves[rival]] += 1
        for need in self._needs[task]:
            for wave in range(self._waves[need] + 1):
                costs[wave] += 1
        for fed in self._feeds[task]:
            for wave in range(self._waves[fed], self._count):
                costs[wave] += 1
        return costs

    def run(self) -> list[int] | None:
        if not all(self._open[task] for task in self._movable):
            return None
        dice = random.Random(0)  # noqa: S311 - the same dice every time, so that the same tasks give the same plan
        barred = [[0] * self._count for _ in self._waves]
        violated = self._violated()
        fewest = violated
        looked_at = turn = 0
        most = min(_MOST_LOOKED_AT, _MOST_FOR_EACH * len(self._waves))
        while violated and looked_at < most:
            turn += 1
            wrong = [task for task in self._movable if self._is_wrong(task)]
            if not wrong:
                return None
            looked_at += len(wrong) * self._count
            best, moves = None, []
            for task in wrong:
                costs, until, here = self._costs[task], barred[task], self._waves[task]
                stay = costs[here] + (self._members[here] > self._room)
                for wave in self._open[task]:
                    if wave == here:
                        continue
                    change = costs[wave] - stay + (self._members[wave] >= self._room)
                    if until[wave] > turn and violated + change >= fewest:
                        continue
                    if best is None or change < best:
                        best, moves = change, [(task, wave)]
                    elif change == best:
                        moves.append((task, wave))
            if best is None:
                continue
            task, wave = moves[dice.randrange(len(moves))]
            barred[task][self._waves[task]] = turn + dice.randrange(_LONGEST_WAIT) + int(0.6 * len(wrong))
            self._move(task, wave)
            violated += best
            fewest = min(fewest, violated)
        return None if violated else self._waves

    def _is_wrong(self, task: int) -> bool:
        wave = self._waves[task]
        return self._costs[task][wave] > 0 or self._members[wave] > self._room

    def _violated(self) -> int:
        clashes = sum(self._costs[task][wave] for task, wave in enumerate(self._waves)) // 2
        return clashes + sum(max(0, members - self._room) for members in self._members)

    def _move(self, task: int, wave: int) -> None:
        before = self._waves[task]
        self._waves[task] = wave
        self._members[before] -= 1
        self._members[wave] += 1
        for rival in self._rivals[task]:
            costs = self._costs[rival]
            costs[before] -= 1
            costs[wave] += 1
        for tied in (*self._needs[task], *self._feeds[task]):
            self._costs[tied] = self._cost(tied)
