"""The most tasks that can share one wave: a heaviest independent set of the graph of clashes.

Branch and bound over bit sets, with the reductions of vertices that have no or one rival left (Butenko and
Trukhanov, "Using critical sets to solve the maximum independent set problem", 2007, lists them). Effort is
counted in steps, never in time, so that the same tasks give the same answer everywhere; beyond the last step
the best set so far counts, which began as the greedy one.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

_MOST_STEPS: Final = 5_000


def largest_set(weights: Sequence[float], rivals: Sequence[Collection[int]]) -> set[int]:
    """The numbers of a heaviest set in which nobody is a rival of another; earlier ones win a tie.

    Optimal for some forty tasks that hang together, and always one that nothing can be added to.
    """
    count = len(weights)
    near = [sum(1 << rival for rival in set(each)) for each in rivals]
    # So little that it only decides between sets of equal weight.
    tie = min(filter(None, weights), default=1.0) / (count + 1) ** 2
    weighed = [weight + tie * (count - place) / (count + 1) for place, weight in enumerate(weights)]
    chosen = 0
    for part in _parts(near):
        chosen |= _heaviest(weighed, near, part)
    return set(_places(chosen))


def _parts(near: Sequence[int]) -> Iterator[int]:
    """The sets of tasks that hang together through rivals."""
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
        # Looked at last first: leaving out what is in the way of most is the greedy choice.
        stack.append((left & ~near[worst] & ~(1 << worst), chosen | 1 << worst, weight + weights[worst]))
        stack.append((left & ~(1 << worst), chosen, weight))
    for place in _places(part):  # where steps ran out, something may have been left out for nobody
        best |= 0 if near[place] & best else 1 << place
    return best


def _reduced(weights: Sequence[float], near: Sequence[int], left: int) -> tuple[int, int]:
    """What is left to decide, and what some heaviest set of `left` has in any case."""
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
    """The union of bit sets."""
    union = 0
    for one in sets:
        union |= one
    return union
