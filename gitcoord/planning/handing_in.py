"""Simulates when tasks are submitted and land: one by one, or a whole wave at once."""

from gitcoord.planning.workload import RunRules, StartState, WorkNetwork


class HandIns:
    """The state of the tasks in a simulated run.

    `left` are the unfinished units of each task. `hopeless` tasks can never be complete: only failed units,
    and units that depend on these, are left of them.
    """

    def __init__(self, work: WorkNetwork, how: RunRules, begun: StartState, stuck: set[int]) -> None:
        network = self._network = work.network
        self._how = how
        self.landed = set(begun.landed)
        self.submitted: set[int] = set()
        self.hopeless: set[int] = set()
        self.left = [sum(unit not in begun.done for unit in parts) for parts in network.parts]
        self._able = [
            sum(unit not in begun.done and unit not in stuck for unit in parts) for parts in network.parts
        ]
        self.lacks = [sum(need not in self.landed for need in after) for after in network.after]
        self._turn = [work.turn[parts[0]][:2] for parts in network.parts]
        self._waiting: dict[int, list[int]] = {}
        self._lowest: dict[int, int] = {}
        self._undone: dict[int, dict[int, int]] = {}
        if how.waves:
            for task, (level, wave) in enumerate(self._turn):
                waves = self._undone.setdefault(level, {})
                waves[wave] = waves.get(wave, 0) + (task not in self.landed)
        self._first = {level: sorted(waves, reverse=True) for level, waves in self._undone.items()}
        self._touched: set[int] = set()
        self.news: list[int] = []
        """Tasks that have just satisfied their dependents: submitted, or landed."""
        self.cleared: list[int] = []
        """Tasks that landed or became hopeless, so nothing waits for them to land."""
        for task, count in enumerate(self.left):
            if task in begun.submitted or not count:
                self._submit(task)
            elif not self._able[task]:
                self._give_up(task)
        self.settle()

    def end(self, unit: int) -> None:
        """Marks the unit as done; `settle` computes the consequences."""
        task = self._network.owner[unit]
        self.left[task] -= 1
        self._able[task] -= 1
        if not self.left[task]:
            self._submit(task)
        elif not self._able[task]:
            self._give_up(task)

    def settle(self) -> None:
        """Lands every complete wave, with all consequences."""
        while self._touched:
            level = self._touched.pop()
            first, undone = self._first[level], self._undone[level]
            while first and not undone[first[-1]]:
                first.pop()
            waiting = self._waiting[level]
            if waiting and (not first or self._lowest[level] < first[-1]):
                self._waiting[level] = []
                del self._lowest[level]
                for task in waiting:
                    self._land(task)

    def is_enough(self, task: int) -> bool:
        """Whether the dependents of the task may start."""
        return task in self.landed or (self._how.pipeline and task in self.submitted)

    def _submit(self, task: int) -> None:
        if task in self.submitted:
            return
        self.submitted.add(task)
        if self._how.waves and task not in self.landed:
            level, wave = self._turn[task]
            self._undone[level][wave] -= 1
            self._waiting.setdefault(level, [])
            self._touched.add(level)
        if self._how.pipeline:
            self.news.append(task)
        if not self.lacks[task]:
            self._bring(task)

    def _bring(self, task: int) -> None:
        if not self._how.lands or task in self.landed:
            return
        if self._how.waves:
            level, wave = self._turn[task]
            self._waiting[level].append(task)
            self._lowest[level] = min(wave, self._lowest.get(level, wave))
            self._touched.add(level)
        else:
            self._land(task)

    def _land(self, task: int) -> None:
        """Lands the task and, without recursion, the tasks that waited only for it."""
        landing = [task]
        for one in landing:
            self.landed.add(one)
            self.cleared.append(one)
            if not self._how.pipeline:
                self.news.append(one)
            for other in self._network.before[one]:
                self.lacks[other] -= 1
                if not self.lacks[other] and other in self.submitted and other not in self.landed:
                    if self._how.waves or not self._how.lands:
                        self._bring(other)
                    else:
                        landing.append(other)

    def _give_up(self, task: int) -> None:
        self.hopeless.add(task)
        self.cleared.append(task)
