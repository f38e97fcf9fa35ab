"""Simulates a run unit by unit, for plans whose units wait for more than dependencies and slots."""

import heapq
from bisect import insort
from collections.abc import Iterator

from gitcoord.planning.risks import LOOKAHEAD
from gitcoord.planning.simulated_capacity import SimulatedCapacity
from gitcoord.planning.simulated_clashes import SimulatedClashes
from gitcoord.planning.simulated_tasks import SimulatedTasks
from gitcoord.planning.strict_levels import SimulatedLevels
from gitcoord.planning.workload import RunRules, StartState, WorkNetwork


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


class SimulatedRun:
    """The state of the simulated run at its present moment: units that are ready, running and submitted."""

    def __init__(self, work: WorkNetwork, rules: RunRules, initial: StartState) -> None:
        self._work, self._rules, self._initial = work, rules, initial
        network = self._network = work.network
        self.starts: dict[int, int] = {}
        self.ends: dict[int, int] = {}
        self.done = set(initial.done)
        self.most = 0
        self._now = 0
        self._running: list[tuple[int, int]] = []
        self._unit_at = work.by_urgency
        self._ready = ReadyQueue()
        self._deferred: list[int] = []
        stuck = _stuck(work, initial, rules) if initial.failed else set()
        self.tasks = SimulatedTasks(work, rules, initial, stuck)
        self.capacity = SimulatedCapacity(work, rules)
        apart = rules.waits and bool(work.clashes)
        self._clashes = SimulatedClashes(work, rules, initial, self.tasks, stuck) if apart else None
        self._levels = SimulatedLevels(work, self.tasks, self.done, stuck) if rules.barrier else None
        self.tasks.satisfied.clear()
        self.tasks.cleared.clear()
        self._careful = apart or self.capacity.matters
        landed, enough = self.tasks.landed, self.tasks.is_enough
        over = [unit in self.done or network.owner[unit] in landed for unit in range(len(network.units))]
        self._missing = [
            sum([not over[need] for need in needs]) + sum([not enough(task) for task in gates])
            for needs, gates in zip(network.needs, network.gates, strict=True)
        ]
        for unit in initial.running:
            if unit not in self.done:
                self._start(unit)
        self.capacity.last_start = None
        for unit, missing in enumerate(self._missing):
            if not missing and not over[unit] and unit not in self.starts:
                self._offer(unit)

    def simulate(self) -> None:
        """Runs until nothing can start or end any more."""
        self._start_what_can()
        while self._running or self.capacity.opens is not None:
            self._pass_time()
            self._start_what_can()

    def _offer(self, unit: int) -> None:
        """Makes a unit with all its needs ready to start, unless it is done, excluded or not admitted."""
        initial = self._initial
        if unit in self.done or unit in self.starts or self._network.owner[unit] in self.tasks.landed:
            return
        if unit in initial.never or (self._levels is not None and not self._levels.admit(unit)):
            return
        if unit in initial.deferred:
            self._deferred.append(self._work.rank[unit])
        else:
            self._ready.add(self._work.rank[unit])

    def _start_what_can(self) -> None:
        self.capacity.begin_round(self._now)
        refused: list[int] = []
        while self._ready and len(self._running) < self._rules.slots:
            place = self._next_place()
            unit = self._unit_at[place]
            if self._careful and self._make_wait(unit, place, refused):
                continue
            self._start(unit)
        for place in refused:
            self._ready.add(place)
        if self._deferred:
            self._start_deferred()

    def _next_place(self) -> int:
        """Removes the most urgent unit from the ready ones, and returns its rank."""
        urgencies, ready = self._work.urgencies, self._ready
        if urgencies is None:
            return ready.pop()
        places = ready.first(LOOKAHEAD)
        running, near = [unit for _, unit in self._running], [self._unit_at[place] for place in places]
        best = places[urgencies.most_urgent(near, running)]
        ready.remove(best)
        return best

    def _make_wait(self, unit: int, place: int, refused: list[int]) -> bool:
        """Makes the unit wait if anything but slots keeps it from starting; returns whether it has to."""
        if self._clashes is not None and self._clashes.park_if_blocked(unit):
            self._clashes.not_started(unit)
            self._take_woken()
            return True
        obstacle = self.capacity.obstacle(unit)
        if obstacle is not None:
            self.capacity.note(unit, obstacle)
            refused.append(place)
            if self._clashes is not None:
                self._clashes.not_started(unit)
                self._take_woken()
            return True
        return False

    def _start_deferred(self) -> None:
        """Starts deferred units whose level has nothing else at work or ready."""
        left, self._deferred = sorted(self._deferred), []
        turn = self._work.turn
        busy = {turn[unit][0] for _, unit in self._running}
        busy |= {turn[self._unit_at[place]][0] for place in self._ready}
        for place in left:
            unit = self._unit_at[place]
            level = turn[unit][0]
            held = level in busy
            if not held and self._clashes is not None and self._clashes.park_if_blocked(unit):
                self._clashes.not_started(unit)
                self._take_woken()
                continue
            full = held or len(self._running) >= self._rules.slots
            obstacle = None if full else self.capacity.obstacle(unit)
            if full or obstacle is not None:
                if obstacle is not None:
                    self.capacity.note(unit, obstacle)
                self._deferred.append(place)
                if self._clashes is not None:
                    self._clashes.not_started(unit)
                    self._take_woken()
            else:
                self._start(unit)
            if not held:
                busy.add(level)

    def _start(self, unit: int) -> None:
        self.starts[unit] = self._now
        end = self.ends[unit] = self._now + self._network.ticks[unit]
        heapq.heappush(self._running, (end, unit))
        self.most = max(self.most, len(self._running))
        if self._careful:
            self.capacity.take(unit)
            if self._clashes is not None:
                self._clashes.started(unit)
                self._take_woken()

    def _pass_time(self) -> None:
        """Lets time pass until something changes."""
        moments = [self._running[0][0]] if self._running else []
        if self.capacity.opens is not None:
            moments.append(self.capacity.opens)
        now = self._now = min(moments)
        network, missing, tasks = self._network, self._missing, self.tasks
        if self._clashes is not None:
            self._clashes.begin_round()
        free: list[int] = []
        ended = []
        while self._running and self._running[0][0] <= now:
            unit = heapq.heappop(self._running)[1]
            ended.append(unit)
            self.done.add(unit)
            if self._careful:
                self.capacity.leave(unit)
            tasks.end(unit)
            for fed in network.feeds[unit]:
                missing[fed] -= 1
                if not missing[fed]:
                    free.append(fed)
        tasks.land_waves()
        for task in tasks.satisfied:
            for opened in network.opens[task]:
                missing[opened] -= 1
                if not missing[opened]:
                    free.append(opened)
        self._tell(ended)
        tasks.satisfied.clear()
        tasks.cleared.clear()
        for unit in free:
            self._offer(unit)

    def _tell(self, ended: list[int]) -> None:
        """Releases units that waited for something other than their dependencies."""
        if self._clashes is not None:
            for unit in ended:
                self._clashes.ended(unit)
            for task in self.tasks.cleared:
                self._clashes.cleared(task)
            self._take_woken()
        if self._levels is not None:
            for unit in self._levels.after(ended):
                self._offer(unit)

    def _take_woken(self) -> None:
        if self._clashes is not None:
            for unit in self._clashes.woken:
                self._offer(unit)
            self._clashes.woken.clear()


def _stuck(work: WorkNetwork, initial: StartState, rules: RunRules) -> set[int]:
    """The units that failed, and those that depend on them, directly or not."""
    network = work.network
    safe = initial.done.union(initial.running)
    stuck = set(initial.failed - safe)
    todo = list(stuck)
    for unit in todo:
        task = network.owner[unit]
        tasks = task in initial.submitted or task in initial.landed
        for other in (*network.feeds[unit], *(() if tasks else network.opens[task])):
            if other not in stuck and other not in safe:
                stuck.add(other)
                todo.append(other)
    return stuck
