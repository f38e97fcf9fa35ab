"""Lower bounds of the number of waves: quick ones, and a search that proves that fewer are impossible."""

from typing import Final

from gitcoord.planning.wave_problem import Puzzle, heads_and_tails, in_order, rivals

MOST_RIVALS: Final = 200_000
"""The maximum number of clashing pairs, as `moderate` counts them, for the clique search and the repair."""
_MOST_BRANCHES: Final = 3_000
_MOST_TRIES: Final = 8_000


def fewest_possible(puzzle: Puzzle) -> int:
    """Returns a lower bound of the number of waves."""
    count = len(puzzle.after)
    heads, tails = heads_and_tails(puzzle)
    chain = max(head + tail for head, tail in zip(heads, tails, strict=True)) + 1
    loners = len(puzzle.alone) + _longest_without_loners(puzzle)
    bound = max(chain, loners, *map(len, puzzle.clashes), 1)
    if puzzle.room:
        bound = max(bound, -(-count // puzzle.room))
    if puzzle.fixed:
        # Fixed tasks may share a wave although they clash: only the chain and the fixed waves give bounds.
        return max(chain, *(wave + 1 for wave in puzzle.fixed.values()))
    if bound < count and moderate(puzzle):
        bound = max(bound, _Cliques(rivals(puzzle)).largest(bound))
    return bound


def _longest_without_loners(puzzle: Puzzle) -> int:
    """Returns the largest number of tasks on a chain, not counting tasks that must be alone in a wave."""
    own = [task not in puzzle.alone for task in range(len(puzzle.after))]
    length = list(map(int, own))
    for task in in_order(puzzle, range(len(own))):
        length[task] = own[task] + max((length[need] for need in puzzle.after[task]), default=0)
    return max(length)


def moderate(puzzle: Puzzle) -> bool:
    """Whether the clashes are few enough for the clique search and the repair.

    Counts the pairs in both orders, and a pair of several clashes once for each of them.
    """
    pairs = sum(len(clash) ** 2 for clash in puzzle.clashes) + len(puzzle.alone) * len(puzzle.after)
    return pairs <= MOST_RIVALS


class _Cliques:
    """Finds the largest number of tasks that all clash with each other: branch and bound over bit sets."""

    def __init__(self, clashing: list[set[int]]) -> None:
        self._rivals = [sum(1 << other for other in others) for others in clashing]
        self._branches = 0
        self._best = 0

    def largest(self, known: int) -> int:
        self._best = known
        self._grow((1 << len(self._rivals)) - 1, 0)
        return self._best

    def _grow(self, candidates: int, size: int) -> None:
        self._branches += 1
        if self._branches > _MOST_BRANCHES:
            return
        if size > self._best:
            self._best = size
        for task, colours in reversed(self._coloured(candidates)):
            if size + colours <= self._best:
                return
            self._grow(candidates & self._rivals[task], size + 1)
            candidates &= ~(1 << task)

    def _coloured(self, candidates: int) -> list[tuple[int, int]]:
        """Returns the candidates, each with an upper bound on the size of a clique up to and including it."""
        found = []
        colours = 0
        while candidates:
            colours += 1
            left = candidates
            while left:
                task = (left & -left).bit_length() - 1
                candidates &= ~(1 << task)
                left &= ~(1 << task) & ~self._rivals[task]
                found.append((task, colours))
        return found


def arrangement_in(puzzle: Puzzle, count: int) -> list[int] | None:
    """Returns an arrangement in `count` waves.

    Empty if there is none; None if the search took too many steps.
    """
    search = _ColoringSearch(puzzle, count)
    if search.place_fixed() and search.fill(0):
        return search.waves
    return None if search.tries > _MOST_TRIES else []


class _ColoringSearch:
    """Places the most constrained task first; a bit set has the possible waves of each task."""

    def __init__(self, puzzle: Puzzle, count: int) -> None:
        heads, tails = heads_and_tails(puzzle)
        self._rivals = rivals(puzzle)
        self._after = puzzle.after
        self._feeds: list[list[int]] = [[] for _ in puzzle.after]
        for task, needs in enumerate(puzzle.after):
            for need in needs:
                self._feeds[need].append(task)
        self._open = [
            (1 << count) - 1 & -(1 << head) & ((1 << max(count - tail, 0)) - 1)
            for head, tail in zip(heads, tails, strict=True)
        ]
        self._count = count
        self._room = puzzle.room
        self._members = [0] * count
        # Waves are interchangeable as long as nothing orders them.
        self._alike = not puzzle.fixed and not any(puzzle.after)
        self.waves = [-1] * len(puzzle.after)
        self.tries = 0
        self._fixed = puzzle.fixed

    def place_fixed(self) -> bool:
        """Puts the fixed tasks into their waves; returns whether that is possible."""
        for task, wave in self._fixed.items():
            if wave >= self._count:
                return False
            self.waves[task] = wave
            self._members[wave] += 1
        return all(self._narrow(task, wave) is not None for task, wave in self._fixed.items())

    def fill(self, used: int) -> bool:
        free = [task for task, wave in enumerate(self.waves) if wave < 0]
        if not free:
            return True
        task = min(free, key=lambda task: (self._open[task].bit_count(), -len(self._rivals[task])))
        for wave in range(min(self._count, used + 1) if self._alike else self._count):
            if not self._open[task] >> wave & 1:
                continue
            self.tries += 1
            if self.tries > _MOST_TRIES:
                return False
            self.waves[task] = wave
            self._members[wave] += 1
            undo = self._narrow(task, wave)
            if undo is not None and self.fill(max(used, wave + 1)):
                return True
            self._open = undo or self._before
            self._members[wave] -= 1
            self.waves[task] = -1
        return False

    def _narrow(self, task: int, wave: int) -> list[int] | None:
        """Removes the waves that `task` in `wave` forbids; returns the previous sets, None at a dead end."""
        before = self._before = self._open
        now = self._open = before.copy()
        for rival in self._rivals[task]:
            now[rival] &= ~(1 << wave)
        for need in self._after[task]:
            now[need] &= (1 << wave) - 1
        for fed in self._feeds[task]:
            now[fed] &= -(2 << wave)
        if self._members[wave] == self._room:
            now[:] = [waves & ~(1 << wave) for waves in now]
        dead = any(not waves and self.waves[other] < 0 for other, waves in enumerate(now))
        return None if dead else before
