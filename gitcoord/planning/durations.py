"""Computes durations: the network of units of the planned tasks, their times, and the schedules."""

from collections.abc import Mapping, Sequence

import msgspec

from gitcoord.planning.critical_path import Timing, UnitTimes, task_timing, unit_times
from gitcoord.planning.graph import Graph
from gitcoord.planning.model import PlannedSubtask, PlannedTask, Schedules, Strategy
from gitcoord.planning.network import Network, minutes_of, network_of
from gitcoord.planning.schedule_estimates import schedules
from gitcoord.planning.units import clash_sets, rows_of
from gitcoord.planning.wave_risks import RiskWeighing
from gitcoord.planning.workload import work_of
from gitcoord.tasks.model import Task, TaskId


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
    owners = {part.id: task for task, parts in subtasks.items() for part in parts}
    rows = [
        row
        for task in tasks
        for row in rows_of(
            task.id, minutes[task.id], graph.needs[task.id], task.lifted, subtasks.get(task.id, ()), owners
        )
    ]
    network = network_of(rows, graph.needs)
    times = unit_times(network)
    return Durations(network=network, times=times, timing=task_timing(network, times))


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
    """The minutes that a task of `minutes` takes with one worker for each subtask, in dependency order."""
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
    tails = [minutes_of(tail) for tail in durations.times.tail]
    work = work_of(tasks, durations.network, tails, clash_sets(tasks), weighing=weighing)
    return schedules(work, list(tasks), slots, strategy)
