"""Strict levels in a simulated run: wave after wave, and also within each task."""

import heapq

from gitcoord.planning.simulated_tasks import SimulatedTasks
from gitcoord.planning.workload import WorkNetwork


class SimulatedLevels:
    """Holds back the units of later levels and waves, and of later waves of their own task."""

    def __init__(self, work: WorkNetwork, tasks: SimulatedTasks, done: set[int], stuck: set[int]) -> None:
        self._work, self._tasks, self._stuck = work, tasks, stuck
        network = self._network = work.network
        turns = [work.turn[parts[0]][:2] for parts in network.parts]
        self._order = sorted(range(len(turns)), key=turns.__getitem__, reverse=True)
        self._turn_of = turns
        self._held: list[tuple[tuple[int, int], int]] = []
        self._inside: dict[int, list[int]] = {}
        self._undone: list[dict[int, int]] = [{} for _ in turns]
        for unit, task in enumerate(network.owner):
            if unit not in done and unit not in stuck:
                waves = self._undone[task]
                wave = work.turn[unit][2]
                waves[wave] = waves.get(wave, 0) + 1

    def admit(self, unit: int) -> bool:
        """Admits the unit if it is its turn, else holds it; returns whether it was admitted."""
        level, wave, inside = self._work.turn[unit]
        if (level, wave) > self._open():
            heapq.heappush(self._held, ((level, wave), unit))
            return False
        task = self._network.owner[unit]
        if any(count and earlier < inside for earlier, count in self._undone[task].items()):
            self._inside.setdefault(task, []).append(unit)
            return False
        return True

    def after(self, ended: list[int]) -> list[int]:
        """Returns the held units that may start now that `ended` are done."""
        found = []
        for unit in ended:
            task = self._network.owner[unit]
            if unit not in self._stuck:
                self._undone[task][self._work.turn[unit][2]] -= 1
            found += self._inside.pop(task, [])
        first = self._open()
        while self._held and self._held[0][0] <= first:
            found.append(heapq.heappop(self._held)[1])
        return found

    def _open(self) -> tuple[int, int]:
        """Returns the current level and wave."""
        while self._order:
            task = self._order[-1]
            if not self._tasks.is_enough(task) and task not in self._tasks.hopeless:
                return self._turn_of[task]
            self._order.pop()
        return 0, 0
