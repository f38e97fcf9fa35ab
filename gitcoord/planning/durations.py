"""Computes durations: the network of units of the planned tasks, their times, and the schedules."""

from collections.abc import Mapping, Sequence
from itertools import accumulate

import msgspec

from gitcoord.planning.critical_path import Timing, UnitTimes, task_timing, unit_times
from gitcoord.planning.graph import Graph
from gitcoord.planning.model import PlannedSubtask, PlannedTask, Schedule, Schedules, Strategy
from gitcoord.planning.network import Network, Row, all_minutes, minutes_of, network_of
from gitcoord.planning.predicted_conflict_waves import RiskWeighing
from gitcoord.planning.simulate import simulate
from gitcoord.planning.unhindered import lands_by_level, unhindered
from gitcoord.planning.units import clash_sets, rows_of
from gitcoord.planning.workload import RunRules, StartState, WorkNetwork, work_of
from gitcoord.tasks.model import Task, TaskId

_DIGITS = 6


class Durations(msgspec.Struct, frozen=True, kw_only=True):
    """The network of units and their times; `timing` has the times of the tasks."""

    network: Network
    times: UnitTimes
    timing: Timing

    @property
    def critical_units(self) -> tuple[TaskId, ...]:
        """The critical path by tasks and subtasks."""
        return tuple(self.network.units[unit] for unit in self.times.path)


def reckon(
    tasks: Sequence[Task],
    graph: Graph,
    minutes: Mapping[TaskId, float],
    subtasks: Mapping[TaskId, tuple[PlannedSubtask, ...]],
) -> Durations:
    """Computes the durations of `tasks`; `subtasks` has their planned subtasks."""
    network = network_of(_rows(tasks, graph, minutes, subtasks), graph)
    times = unit_times(network)
    return Durations(network=network, times=times, timing=task_timing(network, times))


def _rows(
    tasks: Sequence[Task],
    graph: Graph,
    minutes: Mapping[TaskId, float],
    subtasks: Mapping[TaskId, tuple[PlannedSubtask, ...]],
) -> list[Row]:
    if not subtasks:
        return [(task, task, minutes[task], needs, ()) for task, needs in graph.needs.items()]
    owners = {part.id: task for task, parts in subtasks.items() for part in parts}
    return [
        row
        for task in tasks
        for row in rows_of(
            task.id, minutes[task.id], graph.needs[task.id], task.lifted, subtasks.get(task.id, ()), owners
        )
    ]


def timed(
    durations: Durations, subtasks: Mapping[TaskId, tuple[PlannedSubtask, ...]]
) -> dict[TaskId, tuple[PlannedSubtask, ...]]:
    """Returns the subtasks with their times in the plan."""
    network, times = durations.network, durations.times
    if not subtasks:
        return {}
    at = {
        id: (minutes_of(times.earliest[unit]), minutes_of(times.slack(unit)))
        for unit, id in enumerate(network.units)
        if network.tasks[network.owner[unit]] != id
    }
    return {
        task: tuple(
            msgspec.structs.replace(part, earliest_start=at[part.id][0], slack=at[part.id][1])
            for part in parts
        )
        for task, parts in subtasks.items()
    }


def longest_chain(parts: Sequence[PlannedSubtask], minutes: float) -> float:
    """Returns the minutes that a task of `minutes` takes with one worker for each subtask."""
    told = sum(part.estimate for part in parts)
    ends: dict[TaskId, float] = {}
    for part in parts:
        ends[part.id] = max((ends[need] for need in part.depends_on), default=0.0) + part.estimate
    return round(max(ends.values()) * (minutes / told if told else 1.0), 6) if parts else minutes


def reckon_schedules(
    durations: Durations,
    tasks: Mapping[TaskId, PlannedTask],
    slots: int,
    strategy: Strategy,
    weighing: RiskWeighing,
) -> Schedules:
    """Computes the schedules of the planned `tasks`, which are in the order of their levels."""
    tails = all_minutes(durations.times.tail)
    work = work_of(tasks, durations.network, tails, clash_sets(tasks), weighing=weighing)
    return _schedules(work, slots, strategy)


def _schedules(work: WorkNetwork, slots: int, strategy: Strategy) -> Schedules:
    """Computes the schedules by the rules of `run`, `run --barrier` and `run --pipeline`."""
    rules = RunRules(slots=slots, waves=strategy == "single-pr")
    reckoned = _Reckoned(work)
    landing = reckoned.simulated(rules)
    pipelined = landing
    if rules.waves or work.clashes or any(len(parts) > 1 for parts in work.network.parts):
        pipelined = reckoned.simulated(msgspec.structs.replace(rules, pipeline=True))
    same = landing if lands_by_level(work, rules) else None
    return Schedules(
        sequential=reckoned.one_by_one(),
        level_barrier=same or reckoned.simulated(msgspec.structs.replace(rules, barrier=True)),
        no_barrier=landing,
        pipeline=pipelined,
    )


class _Reckoned:
    def __init__(self, work: WorkNetwork) -> None:
        self._work, self._network = work, work.network
        self._total = sum(work.network.ticks)

    def one_by_one(self) -> Schedule:
        order, ticks = self._work.in_order, self._network.ticks
        starts = dict(zip(order, accumulate(map(ticks.__getitem__, order), initial=0), strict=False))
        return self._schedule(starts, self._total, 1, 1)

    def simulated(self, rules: RunRules) -> Schedule:
        course = unhindered(self._work, rules)
        if course is not None:
            return self._schedule(course.starts, course.end, rules.slots, course.most)
        found = simulate(self._work, rules, StartState())
        starts, end = found.starts, found.duration
        if len(starts) < len(self._work.in_order):
            # The simulation does not start work that cannot land with its wave: it follows after the rest.
            end = self._add(starts, [unit for unit in self._work.in_order if unit not in starts], end)
        return self._schedule(starts, end, rules.slots, found.most)

    def _add(self, starts: dict[int, int], units: Sequence[int], now: int) -> int:
        """Starts `units` one after another from `now` on, and returns the end of the last."""
        for unit in units:
            starts[unit] = now
            now += self._network.ticks[unit]
        return now

    def _schedule(self, starts: Mapping[int, int], duration: int, slots: int, most: int) -> Schedule:
        speedup = self._total / duration if duration else 1.0
        network = self._network
        units, minutes = network.units, all_minutes(starts.values())
        told: dict[TaskId, float] = {}
        if units == network.tasks:
            told = dict(zip(map(units.__getitem__, starts), minutes, strict=True))
        else:
            for unit, start in zip(starts, minutes, strict=True):
                told.setdefault(network.tasks[network.owner[unit]], start)
                told[units[unit]] = start
        return Schedule(
            duration=minutes_of(duration),
            speedup=round(speedup, _DIGITS),
            efficiency=round(speedup / slots, _DIGITS),
            parallel_efficiency=round(speedup / max(1, most), _DIGITS),
            most=most,
            starts=told,
        )
