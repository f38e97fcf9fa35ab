"""The critical path method: earliest and latest starts, slack, and the path that sets the duration."""

from collections.abc import Mapping

import msgspec

from gitcoord.planning.graph import Graph
from gitcoord.planning.network import Network, all_minutes, minutes_of, network_of
from gitcoord.tasks.model import TaskId

# Sums of floats differ in their last digits; ignore differences below a millionth of a minute.
DIGITS = 6


class UnitTimes(msgspec.Struct, frozen=True, kw_only=True):
    """Times of each unit of a network in ticks, if only dependencies hold it back.

    `tail` is the time from a unit's start to the end of the longest chain after it; `path` a longest chain.
    """

    earliest: list[int]
    tail: list[int]
    duration: int
    path: list[int]

    def slack(self, unit: int) -> int:
        """Returns the time by which the unit can start later without delaying the end."""
        return self.duration - self.tail[unit] - self.earliest[unit]


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """Times of each task in minutes: the start of its first unit, and the slack of its most urgent unit."""

    earliest: dict[TaskId, float]
    latest: dict[TaskId, float]
    slack: dict[TaskId, float]
    duration: float
    critical_path: tuple[TaskId, ...]

    def through(self, task: TaskId) -> float:
        """Returns the length of the longest chain through `task`; the duration for critical tasks."""
        return round(self.duration - self.slack[task], DIGITS)


def unit_times(network: Network) -> UnitTimes:
    """Computes the times of all units. A task lands when its units are done and its predecessors have landed.

    Raises ValueError if units wait in a cycle.
    """
    units = len(network.units)
    if network.after is network.gates:
        return _task_times(network)
    order, begin, landed = _forwards(network)
    tail, behind = [0] * units, [0] * len(network.tasks)
    for code in reversed(order):
        if code < units:
            after = behind[network.owner[code]]
            for fed in network.feeds[code]:
                if tail[fed] > after:
                    after = tail[fed]
            tail[code] = network.ticks[code] + after
        else:
            task, longest = code - units, 0
            for opened in network.opens[task]:
                if tail[opened] > longest:
                    longest = tail[opened]
            for other in network.before[task]:
                if behind[other] > longest:
                    longest = behind[other]
            behind[task] = longest
    duration = max(landed, default=0)
    path = _path(network, begin, landed)
    return UnitTimes(earliest=begin, tail=tail, duration=duration, path=path)


def _task_times(network: Network) -> UnitTimes:
    """Computes the times if units and tasks are the same: each task lands when it is done."""
    ticks, opens, gates, order = network.ticks, network.opens, network.gates, network.walk
    begin, ends = [0] * len(ticks), [0] * len(ticks)
    for task in order:
        start = 0
        for gate in gates[task]:
            if ends[gate] > start:
                start = ends[gate]
        begin[task] = start
        ends[task] = start + ticks[task]
    tail = [0] * len(ticks)
    for task in reversed(order):
        behind = 0
        for opened in opens[task]:
            if tail[opened] > behind:
                behind = tail[opened]
        tail[task] = ticks[task] + behind
    path = _path(network, begin, ends)
    return UnitTimes(earliest=begin, tail=tail, duration=max(ends, default=0), path=path)


def _forwards(network: Network) -> tuple[list[int], list[int], list[int]]:
    """Returns a topological order of units and tasks, the starts of units, and the landings of tasks.

    In the order, a unit has its index, and a task its index plus the number of units."""
    units = len(network.units)
    begin, landed = [0] * units, [0] * len(network.tasks)
    missing = [len(needs) + len(network.gates[unit]) for unit, needs in enumerate(network.needs)]
    missing += [len(parts) + len(network.after[task]) for task, parts in enumerate(network.parts)]
    order = [code for code, count in enumerate(missing) if not count]
    for code in order:  # grows during the loop
        if code < units:
            end, opened = begin[code] + network.ticks[code], network.feeds[code]
            others = [network.owner[code]]
        else:
            task = code - units
            end, opened, others = landed[task], network.opens[task], network.before[task]
        for unit in opened:
            if end > begin[unit]:
                begin[unit] = end
            missing[unit] -= 1
            if not missing[unit]:
                order.append(unit)
        for other in others:
            if end > landed[other]:
                landed[other] = end
            missing[units + other] -= 1
            if not missing[units + other]:
                order.append(units + other)
    if len(order) < len(missing):
        raise ValueError(f"{len(missing) - len(order)} units and tasks wait for one another in a cycle")
    return order, begin, landed


def _path(network: Network, begin: list[int], landed: list[int]) -> list[int]:
    if not begin:
        return []
    ends = [start + took for start, took in zip(begin, network.ticks, strict=True)]
    unit = ends.index(max(ends))
    path = [unit]
    while network.needs[unit] or network.gates[unit]:
        last = max(network.gates[unit], key=landed.__getitem__, default=None)
        before = max(network.needs[unit], key=ends.__getitem__, default=None)
        if last is None or (before is not None and ends[before] > landed[last]):
            unit = before if before is not None else unit
        else:
            unit = _last_of(network, last, ends, landed)
        path.append(unit)
    path.reverse()
    return path


def _last_of(network: Network, task: int, ends: list[int], landed: list[int]) -> int:
    """Returns the unit whose end made the task land."""
    while True:
        for unit in network.parts[task]:
            if ends[unit] == landed[task]:
                return unit
        task = next(other for other in network.after[task] if landed[other] == landed[task])


def task_timing(network: Network, times: UnitTimes) -> Timing:
    """Returns the times of the tasks."""
    begin, last = times.earliest, [times.duration - tail for tail in times.tail]
    starts, ends = begin, last
    if network.units != network.tasks:
        starts = [min([begin[unit] for unit in parts]) for parts in network.parts]
        ends = [
            start + min([last[unit] - begin[unit] for unit in parts])
            for start, parts in zip(starts, network.parts, strict=True)
        ]
    spare = [end - start for start, end in zip(starts, ends, strict=True)]
    way = dict.fromkeys(network.tasks[network.owner[unit]] for unit in times.path)
    return Timing(
        earliest=dict(zip(network.tasks, all_minutes(starts), strict=True)),
        latest=dict(zip(network.tasks, all_minutes(ends), strict=True)),
        slack=dict(zip(network.tasks, all_minutes(spare), strict=True)),
        duration=minutes_of(times.duration),
        critical_path=tuple(way),
    )


def measure(graph: Graph, minutes: Mapping[TaskId, float]) -> Timing:
    """Computes the times of the tasks of `graph`; each is one unit that takes its `minutes`."""
    rows = ((task, task, minutes[task], graph.needs[task], ()) for task in graph.needs)
    network = network_of(rows, graph)
    return task_timing(network, unit_times(network))


def tails(graph: Graph, minutes: Mapping[TaskId, float]) -> dict[TaskId, float]:
    """Returns, for each task, the length of the longest chain that starts with it."""
    tasks = list(graph.needs)
    tail = [0.0] * len(tasks)
    for task in reversed(graph.walk):
        behind = max([tail[fed] for fed in graph.before[task]], default=0.0)
        tail[task] = round(minutes[tasks[task]] + behind, DIGITS)
    return dict(zip(tasks, tail, strict=True))
