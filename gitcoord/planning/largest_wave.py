"""Finds the heaviest wave: an independent set of maximum weight in the graph of clashes.

Branch and bound over bit sets, with the reductions of vertices that have at most one remaining neighbour
(Butenko and Trukhanov, "Using critical sets to solve the maximum independent set problem", 2007, lists them).
Effort is limited by steps, never by time, so the same tasks give the same answer everywhere. After the last
step, the best set so far counts; the first one is the greedy one.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

_MOST_STEPS: Final = 5_000


def largest_set(weights: Sequence[float], rivals: Sequence[Collection[int]]) -> set[int]:
    """Returns a heaviest set in which no two tasks are rivals; of equal sets, the one with earlier tasks.

    Optimal for about forty connected tasks; in any case no task can be added to the set.
    """
    count = len(weights)
    near = [sum(1 << rival for rival in set(each)) for each in rivals]
    # So small that it only decides between sets of equal weight.
    tie = min(filter(None, weights), default=1.0) / (count + 1) ** 2
    weighed = [weight + tie * (count - place) / (count + 1) for place, weight in enumerate(weights)]
    chosen = 0
    for part in _parts(near):
        chosen |= _heaviest(weighed, near, part)
    return set(_places(chosen))


def _parts(near: Sequence[int]) -> Iterator[int]:
    """Yields the connected components of the rivals."""
    left = (1 << len(near)) - 1
    while left:
        part, todo = 0, left & -left
        while todo:
            part |= todo
            todo = _union(near[place] for place in _places(todo)) & ~part
        left &= ~part
        yield part


def _heaviest(weights: Sequence[float], near: Sequence[int], part: int) -> int:
    best, most = 0, -1.0
    stack = [(part, 0, 0.0)]
    for _ in range(_MOST_STEPS):
        if not stack:
            break
        left, chosen, weight = stack.pop()
        left, taken = _reduced(weights, near, left)
        chosen |= taken
        weight += sum(weights[place] for place in _places(taken))
        if weight + sum(weights[place] for place in _places(left)) <= most:
            continue
        if not left:
            best, most = chosen, weight
            continue
        worst = max(_places(left), key=lambda place: (near[place] & left).bit_count() / weights[place])
        # Examined after the greedy choice, which leaves out the task with the most rivals.
        stack.append((left & ~near[worst] & ~(1 << worst), chosen | 1 << worst, weight + weights[worst]))
        stack.append((left & ~(1 << worst), chosen, weight))
    for place in _places(part):  # If the steps ran out, a task without a rival may be missing.
        best |= 0 if near[place] & best else 1 << place
    return best


def _reduced(weights: Sequence[float], near: Sequence[int], left: int) -> tuple[int, int]:
    """Returns the undecided tasks, and tasks that a heaviest set of `left` contains."""
    taken, again = 0, True
    while again:
        again = False
        for place in _places(left):
            rivals = near[place] & left
            if not left >> place & 1 or rivals & (rivals - 1):
                continue
            if not rivals or weights[place] >= weights[rivals.bit_length() - 1]:
                taken |= 1 << place
                left &= ~(1 << place) & ~rivals
                again = True
    return left, taken


def _places(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def _union(sets: Iterator[int]) -> int:
    """Returns the union of bit sets."""
    union = 0
    for one in sets:
        union |= one
    return union
