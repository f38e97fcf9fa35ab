"""Simulates a run unit by unit, for plans whose units wait for more than dependencies and slots."""

import heapq

from gitcoord.planning.handing_in import HandIns
from gitcoord.planning.kept_apart import Apart
from gitcoord.planning.risks import LOOKAHEAD
from gitcoord.planning.simulated_capacity import Space
from gitcoord.planning.strict_levels import Turns
from gitcoord.planning.workload import RunRules, StartState, WorkNetwork


class SimulatedRun:
    """The state of the simulated run at its present moment: units that are ready, running and submitted."""

    def __init__(self, work: WorkNetwork, how: RunRules, begun: StartState) -> None:
        self._work, self._how, self._begun = work, how, begun
        network = self._network = work.network
        self.starts: dict[int, int] = {}
        self.ends: dict[int, int] = {}
        self.done = set(begun.done)
        self.most = 0
        self._now = 0
        self._running: list[tuple[int, int]] = []
        self._unit_at = sorted(range(len(work.rank)), key=work.rank.__getitem__)
        self._ready: list[int] = []
        self._deferred: list[int] = []
        stuck = _stuck(work, begun, how) if begun.failed else set()
        self.handed_in = HandIns(work, how, begun, stuck)
        self.space = Space(work, how)
        apart = how.waits and bool(work.clashes)
        self._apart = Apart(work, how, begun, self.handed_in, stuck) if apart else None
        self._turns = Turns(work, self.handed_in, self.done, stuck) if how.barrier else None
        self.handed_in.news.clear()
        self.handed_in.cleared.clear()
        self._careful = apart or self.space.matters
        landed, enough = self.handed_in.landed, self.handed_in.is_enough
        over = [unit in self.done or network.owner[unit] in landed for unit in range(len(network.units))]
        self._missing = [
            sum([not over[need] for need in needs]) + sum([not enough(task) for task in gates])
            for needs, gates in zip(network.needs, network.gates, strict=True)
        ]
        for unit in begun.running:
            if unit not in self.done:
                self._start(unit)
        self.space.last_start = None
        for unit, missing in enumerate(self._missing):
            if not missing and not over[unit] and unit not in self.starts:
                self._offer(unit)

    def play(self) -> None:
        """Lets everything start and end that can."""
        self._start_what_can()
        while self._running or self.space.opens is not None:
            self._pass_time()
            self._start_what_can()

    def _offer(self, unit: int) -> None:
        """Makes a unit with all its needs ready to start, unless it is done, excluded or not admitted."""
        begun = self._begun
        if unit in self.done or unit in self.starts or self._network.owner[unit] in self.handed_in.landed:
            return
        if unit in begun.never or (self._turns is not None and not self._turns.admits(unit)):
            return
        if unit in begun.deferred:
            self._deferred.append(self._work.rank[unit])
        else:
            heapq.heappush(self._ready, self._work.rank[unit])

    def _start_what_can(self) -> None:
        self.space.begin_round(self._now)
        refused: list[int] = []
        while self._ready and len(self._running) < self._how.slots:
            place = self._next_place()
            unit = self._unit_at[place]
            if self._careful and self._held(unit, place, refused):
                continue
            self._start(unit)
        for place in refused:
            heapq.heappush(self._ready, place)
        if self._deferred:
            self._start_deferred()

    def _next_place(self) -> int:
        """Removes the most urgent unit from the ready ones, and returns its rank."""
        urgencies, ready = self._work.urgencies, self._ready
        if urgencies is None:
            return heapq.heappop(ready)
        places = [heapq.heappop(ready) for _ in range(min(LOOKAHEAD, len(ready)))]
        running, near = [unit for _, unit in self._running], [self._unit_at[place] for place in places]
        best = max(places, key=lambda place: urgencies.now(self._unit_at[place], running, near))
        for place in places:
            if place != best:
                heapq.heappush(ready, place)
        return best

    def _held(self, unit: int, place: int, refused: list[int]) -> bool:
        """Whether something other than slots keeps the unit from starting; then notes the refusal."""
        if self._apart is not None and self._apart.blocks(unit):
            self._apart.refused(unit)
            self._take_woken()
            return True
        if self.space.refuses(unit):
            refused.append(place)
            if self._apart is not None:
                self._apart.refused(unit)
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
            if not held and self._apart is not None and self._apart.blocks(unit):
                self._apart.refused(unit)
                self._take_woken()
                continue
            if held or len(self._running) >= self._how.slots or self.space.refuses(unit):
                self._deferred.append(place)
                if self._apart is not None:
                    self._apart.refused(unit)
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
            self.space.take(unit)
            if self._apart is not None:
                self._apart.started(unit)
                self._take_woken()

    def _pass_time(self) -> None:
        """Lets time pass until something changes."""
        moments = [self._running[0][0]] if self._running else []
        if self.space.opens is not None:
            moments.append(self.space.opens)
        now = self._now = min(moments)
        network, missing, handed_in = self._network, self._missing, self.handed_in
        if self._apart is not None:
            self._apart.look()
        free: list[int] = []
        ended = []
        while self._running and self._running[0][0] <= now:
            unit = heapq.heappop(self._running)[1]
            ended.append(unit)
            self.done.add(unit)
            if self._careful:
                self.space.leave(unit)
            handed_in.end(unit)
            for fed in network.feeds[unit]:
                missing[fed] -= 1
                if not missing[fed]:
                    free.append(fed)
        handed_in.settle()
        for task in handed_in.news:
            for opened in network.opens[task]:
                missing[opened] -= 1
                if not missing[opened]:
                    free.append(opened)
        self._tell(ended)
        handed_in.news.clear()
        handed_in.cleared.clear()
        for unit in free:
            self._offer(unit)

    def _tell(self, ended: list[int]) -> None:
        """Notifies units that wait for something other than their dependencies."""
        if self._apart is not None:
            for unit in ended:
                self._apart.ended(unit)
            for task in self.handed_in.cleared:
                self._apart.cleared(task)
            self._take_woken()
        if self._turns is not None:
            for unit in self._turns.after(ended):
                self._offer(unit)

    def _take_woken(self) -> None:
        if self._apart is not None:
            for unit in self._apart.woken:
                self._offer(unit)
            self._apart.woken.clear()


def _stuck(work: WorkNetwork, begun: StartState, how: RunRules) -> set[int]:
    """The units that failed, and those that depend on them, directly or not."""
    network = work.network
    safe = begun.done.union(begun.running)
    stuck = set(begun.failed - safe)
    todo = list(stuck)
    for unit in todo:
        task = network.owner[unit]
        handed_in = task in begun.submitted or task in begun.landed
        for other in (*network.feeds[unit], *(() if handed_in else network.opens[task])):
            if other not in stuck and other not in safe:
                stuck.add(other)
                todo.append(other)
    return stuck
