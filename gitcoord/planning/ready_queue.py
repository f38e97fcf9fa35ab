"""The units of a simulated run that could start, the most urgent first."""

import heapq
from bisect import insort
from collections.abc import Iterator


class ReadyQueue:
    """Ranks of units, in order. The lowest can be read repeatedly without removing them."""

    def __init__(self) -> None:
        self._first: list[int] = []  # in order, and lower than all in the heap
        self._rest: list[int] = []

    def __len__(self) -> int:
        return len(self._first) + len(self._rest)

    def __iter__(self) -> Iterator[int]:
        yield from self._first
        yield from self._rest

    def add(self, rank: int) -> None:
        """Adds a rank."""
        if self._first and rank < self._first[-1]:
            insort(self._first, rank)
        else:
            heapq.heappush(self._rest, rank)

    def first(self, most: int) -> list[int]:
        """Returns up to `most` of the lowest ranks, in order."""
        first, rest = self._first, self._rest
        while rest and len(first) < most:
            first.append(heapq.heappop(rest))
        while len(first) > most:
            heapq.heappush(rest, first.pop())
        return first[:]

    def remove(self, rank: int) -> None:
        """Removes one of the `first` ranks."""
        self._first.remove(rank)

    def pop(self) -> int:
        """Removes and returns the lowest rank."""
        return self._first.pop(0) if self._first else heapq.heappop(self._rest)
