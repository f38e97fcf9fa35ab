"""Simulates when tasks are submitted and land: one by one, or a whole wave at once."""

from gitcoord.planning.workload import RunRules, StartState, WorkNetwork


class SimulatedTasks:
    """The state of the tasks in a simulated run.

    `units_left` has the number of unfinished units of each task. `hopeless` tasks can never be complete: each
    of their unfinished units failed, or depends on one that failed.
    """

    def __init__(self, work: WorkNetwork, rules: RunRules, initial: StartState, stuck: set[int]) -> None:
        network = self._network = work.network
        self._rules = rules
        self.landed = set(initial.landed)
        self.submitted: set[int] = set()
        self.hopeless: set[int] = set()
        self.units_left = [sum(unit not in initial.done for unit in parts) for parts in network.parts]
        self._able = [
            sum(unit not in initial.done and unit not in stuck for unit in parts) for parts in network.parts
        ]
        self.lacks = [sum(need not in self.landed for need in after) for after in network.after]
        self._waves_of = [work.turn[parts[0]][:2] for parts in network.parts]
        self._waiting: dict[int, list[int]] = {}
        self._lowest: dict[int, int] = {}
        self._undone: dict[int, dict[int, int]] = {}
        if rules.waves:
            for task, (level, wave) in enumerate(self._waves_of):
                waves = self._undone.setdefault(level, {})
                waves[wave] = waves.get(wave, 0) + (task not in self.landed)
        self._first = {level: sorted(waves, reverse=True) for level, waves in self._undone.items()}
        self._touched: set[int] = set()
        self.satisfied: list[int] = []
        """Tasks that have just satisfied their dependents: submitted, or landed."""
        self.cleared: list[int] = []
        """Tasks that landed or became hopeless, so nothing waits for them to land."""
        for task, count in enumerate(self.units_left):
            if task in initial.submitted or not count:
                self._submit(task)
            elif not self._able[task]:
                self._give_up(task)
        self.land_waves()

    def end(self, unit: int) -> None:
        """Marks the unit as done; `land_waves` computes the consequences."""
        task = self._network.owner[unit]
        self.units_left[task] -= 1
        self._able[task] -= 1
        if not self.units_left[task]:
            self._submit(task)
        elif not self._able[task]:
            self._give_up(task)

    def land_waves(self) -> None:
        """Lands the waiting tasks of each level whose next wave is complete, with all consequences."""
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
        return task in self.landed or (self._rules.pipeline and task in self.submitted)

    def _submit(self, task: int) -> None:
        if task in self.submitted:
            return
        self.submitted.add(task)
        if self._rules.waves and task not in self.landed:
            level, wave = self._waves_of[task]
            self._undone[level][wave] -= 1
            self._waiting.setdefault(level, [])
            self._touched.add(level)
        if self._rules.pipeline:
            self.satisfied.append(task)
        if not self.lacks[task]:
            self._land_or_wait(task)

    def _land_or_wait(self, task: int) -> None:
        if not self._rules.lands or task in self.landed:
            return
        if self._rules.waves:
            level, wave = self._waves_of[task]
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
            if not self._rules.pipeline:
                self.satisfied.append(one)
            for other in self._network.before[one]:
                self.lacks[other] -= 1
                if not self.lacks[other] and other in self.submitted and other not in self.landed:
                    if self._rules.waves or not self._rules.lands:
                        self._land_or_wait(other)
                    else:
                        landing.append(other)

    def _give_up(self, task: int) -> None:
        self.hopeless.add(task)
        self.cleared.append(task)
