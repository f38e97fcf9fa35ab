"""The problem that `wave_solver` solves: tasks as numbers, their clashes and their order."""

import heapq
from collections.abc import Iterator, Sequence

import msgspec


class Puzzle(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks 0 to n-1, the most important first; waves count from 0.

    `after[t]` are the tasks that must be in earlier waves than `t`; the members of a clash exclude one
    another. `fixed` has the given waves of tasks; `alone` tasks share their wave with no other. A wave holds
    at most `room` tasks (0: no limit).
    """

    after: list[list[int]]
    clashes: list[list[int]]
    fixed: dict[int, int]
    alone: set[int]
    room: int = 0


def parts(puzzle: Puzzle) -> Iterator[tuple[list[int], Puzzle]]:
    """Yields the connected parts, each as a problem with its tasks renumbered."""
    root = list(range(len(puzzle.after)))

    def find(task: int) -> int:
        while root[task] != task:
            root[task] = task = root[root[task]]
        return task

    ties = [[task, *needs] for task, needs in enumerate(puzzle.after)] + puzzle.clashes
    # A limit for waves, or a task that runs alone, connects all tasks.
    for tie in [list(range(len(root)))] if puzzle.alone or puzzle.room else ties:
        for task in tie:
            root[find(task)] = find(tie[0])
    together: dict[int, list[int]] = {}
    for task in range(len(root)):
        together.setdefault(find(task), []).append(task)
    clashes: dict[int, list[list[int]]] = {}
    for clash in puzzle.clashes:
        clashes.setdefault(find(clash[0]), []).append(clash)
    place = {task: number for tasks in together.values() for number, task in enumerate(tasks)}
    for head, tasks in together.items():
        yield (
            tasks,
            Puzzle(
                after=[[place[need] for need in puzzle.after[task]] for task in tasks],
                clashes=[[place[task] for task in clash] for clash in clashes.get(head, [])],
                fixed={place[task]: puzzle.fixed[task] for task in tasks if task in puzzle.fixed},
                alone={place[task] for task in tasks if task in puzzle.alone},
                room=puzzle.room,
            ),
        )


def rivals(puzzle: Puzzle) -> list[set[int]]:
    """Returns, for each task, the tasks that it cannot share a wave with."""
    found: list[set[int]] = [set() for _ in puzzle.after]
    for clash in puzzle.clashes:
        for task in clash:
            found[task].update(clash)
    for loner in puzzle.alone:
        found[loner].update(range(len(found)))
        for task in range(len(found)):
            found[task].add(loner)
    for task, others in enumerate(found):
        others.discard(task)
    return found


def in_order(puzzle: Puzzle, rank: Sequence[int]) -> Iterator[int]:
    """Yields the tasks without a fixed wave in a topological order, lowest rank first."""
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
        raise ValueError(f"{left} tasks must come after one another in a cycle")


def heads_and_tails(puzzle: Puzzle) -> tuple[list[int], list[int]]:
    """Returns, for each task, the fewest waves before it (if `fixed`, its wave) and after it, by precedence
    alone.
    """
    count = len(puzzle.after)
    heads, tails = [0] * count, [0] * count
    for task, wave in puzzle.fixed.items():
        heads[task] = wave
    order = list(in_order(puzzle, range(count)))
    for task in order:
        heads[task] = max((heads[need] + 1 for need in puzzle.after[task]), default=0)
    for task in reversed(order):
        for need in puzzle.after[task]:
            tails[need] = max(tails[need], tails[task] + 1)
    return heads, tails
