"""The clashes of a simulated run: which unit waits for which, and which is next."""

import heapq

from gitcoord.planning.simulated_tasks import SimulatedTasks
from gitcoord.planning.workload import RunRules, StartState, WorkNetwork

_NEVER = 1 << 60


class SimulatedClashes:
    """Keeps clashing units apart. A blocked unit is parked at its clash, or at its wave in the clash.

    Of the units parked at a clash, only the most urgent is woken, since they exclude one another; the next is
    woken if that one does not start. If waves land as a whole, clashing units of a level start in the order
    of their waves.
    """

    def __init__(
        self, work: WorkNetwork, rules: RunRules, initial: StartState, tasks: SimulatedTasks, stuck: set[int]
    ) -> None:
        self._work, self._rules, self._initial, self._tasks = work, rules, initial, tasks
        self._done = set(initial.done)
        network = self._network = work.network
        self._clashes_of: dict[int, list[int]] = {}
        for number, members in enumerate(work.clashes):
            for unit in members:
                self._clashes_of.setdefault(unit, []).append(number)
        self._running: list[list[int]] = [[] for _ in work.clashes]
        self._at_work: dict[int, int] = {}
        self._finished: list[list[int]] = [[] for _ in work.clashes]
        self._parked: list[list[tuple[int, int]]] = [[] for _ in work.clashes]
        self._parked_at: dict[int, int] = {}
        self._parked_again: dict[int, list[tuple[int, int]]] = {}
        self._probe: dict[int, int] = {}
        self._queues: dict[tuple[int, int], list[tuple[int, int]]] = {}
        self._waves: dict[tuple[int, int], list[tuple[int, int]]] = {}
        self.woken: list[int] = []
        for unit in initial.done:
            if network.owner[unit] not in tasks.landed:
                for number in self._clashes_of.get(unit, ()):
                    self._finished[number].append(unit)
        if rules.waves:
            for number, members in enumerate(work.clashes[: work.declared]):
                for unit in members:
                    if unit not in stuck:
                        level, wave, _ = work.turn[unit]
                        self._queues.setdefault((number, level), []).append((-wave, unit))
            for queue in self._queues.values():
                queue.sort()

    def park_if_blocked(self, unit: int) -> bool:
        """Parks the unit if a clash keeps it from starting; returns whether it did."""
        level, wave, _ = self._work.turn[unit]
        for clash in self._clashes_of.get(unit, ()):
            if self._rules.waves and clash < self._work.declared and self._first_wave(clash, level) < wave:
                heapq.heappush(self._waves.setdefault((clash, level), []), (wave, unit))
                return True
            if any(self._excludes(one, unit, clash) for one in self._running[clash]) or any(
                self._lands_soon(one, unit) for one in self._finished[clash]
            ):
                self._park(unit, clash)
                return True
        return False

    def begin_round(self) -> None:
        """Begins a new round: units that were woken and did not start may be woken again."""
        for clash, parked_again in self._parked_again.items():
            for key in parked_again:
                heapq.heappush(self._parked[clash], key)
        self._parked_again.clear()

    def started(self, unit: int) -> None:
        """Marks the unit as running. Units of its own task that it does not exclude may be next."""
        self._probe.pop(unit, None)
        task = self._network.owner[unit]
        self._at_work[task] = self._at_work.get(task, 0) + 1
        for clash in self._clashes_of.get(unit, ()):
            self._running[clash].append(unit)
            for sibling in self._network.parts[task]:
                if self._parked_at.get(sibling) == clash:
                    self._wake(sibling)

    def not_started(self, unit: int) -> None:
        """Notes that the woken unit does not start now: the next one may."""
        clash = self._probe.pop(unit, None)
        if clash is not None:
            self._wake_next(clash)

    def ended(self, unit: int) -> None:
        """Marks the unit as done."""
        task = self._network.owner[unit]
        self._done.add(unit)
        self._at_work[task] -= 1
        for clash in self._clashes_of.get(unit, ()):
            self._running[clash].remove(unit)
            if task not in self._tasks.landed:
                self._finished[clash].append(unit)
            self._wake_next(clash)
        for part in self._network.parts[task]:
            if part != unit and part in self._done:
                for clash in self._clashes_of.get(part, ()):
                    self._wake_next(clash)

    def cleared(self, task: int) -> None:
        """Notes that nothing waits any more for the task to land."""
        for unit in self._network.parts[task]:
            level = self._work.turn[unit][0]
            for clash in self._clashes_of.get(unit, ()):
                if unit in self._finished[clash] and task in self._tasks.landed:
                    self._finished[clash].remove(unit)
                self._wake_next(clash)
                waiting = self._waves.get((clash, level))
                if waiting:
                    first = self._first_wave(clash, level)
                    while waiting and waiting[0][0] <= first:
                        self.woken.append(heapq.heappop(waiting)[1])

    def _excludes(self, one: int, unit: int, clash: int) -> bool:
        return one != unit and (clash >= self._work.declared or self._work.apart(one, unit))

    def _lands_soon(self, one: int, unit: int) -> bool:
        """Whether finished work that has not landed will land without waiting for `unit`."""
        network, tasks = self._network, self._tasks
        task = network.owner[one]
        if task == network.owner[unit] or task in tasks.landed:
            return False
        if self._rules.waves:
            soon = self._work.turn[one][:2] < self._work.turn[unit][:2] and task not in tasks.hopeless
        elif task in tasks.submitted:
            soon = not tasks.lacks[task]
        else:
            soon = self._at_work.get(task, 0) > 0
        return soon and task not in network.gates[unit] and one not in network.needs[unit]

    def _first_wave(self, clash: int, level: int) -> int:
        """Returns the first wave of the level in which a member of the clash has not landed."""
        queue = self._queues.get((clash, level), [])
        while queue:
            wave, unit = queue[-1]
            task = self._network.owner[unit]
            if task not in self._tasks.landed and task not in self._tasks.hopeless:
                return -wave
            queue.pop()
        return _NEVER

    def _wake(self, unit: int) -> None:
        clash = self._parked_at.pop(unit)
        key = self._sort_key(unit)
        parked_again = self._parked_again.get(clash, [])
        if key in parked_again:
            parked_again.remove(key)
        else:
            self._parked[clash].remove(key)
            heapq.heapify(self._parked[clash])
        self.woken.append(unit)

    def _park(self, unit: int, clash: int) -> None:
        self._parked_at[unit] = clash
        key = self._sort_key(unit)
        if self._probe.get(unit) == clash:
            self._parked_again.setdefault(clash, []).append(key)
        else:
            heapq.heappush(self._parked[clash], key)

    def _sort_key(self, unit: int) -> tuple[int, int]:
        """Returns the unit's sort key among the parked ones; deferred ones are last."""
        last = len(self._work.rank) if unit in self._initial.deferred else 0
        return self._work.rank[unit] + last, unit

    def _wake_next(self, clash: int) -> None:
        if self._parked[clash]:
            unit = heapq.heappop(self._parked[clash])[1]
            del self._parked_at[unit]
            self._probe[unit] = clash
            self.woken.append(unit)
