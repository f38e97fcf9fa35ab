"""Units and their dependencies as numbers: the model from which plans and runs are computed."""

import math
from collections.abc import Collection, Iterable, Sequence
from typing import Final

import msgspec

from gitcoord.planning.graph import Graph, reversed_edges
from gitcoord.tasks.model import TaskId

TICKS: Final = 10**9
"""The ticks in a minute. Times are whole numbers of ticks, so that sums are exact."""
_DIGITS: Final = 6
_FINEST: Final = TICKS // 10**_DIGITS

Row = tuple[TaskId, TaskId, float, Sequence[TaskId], Sequence[TaskId]]
"""A unit, its task, its minutes, the tasks that it waits for, and the units that it waits for."""


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """Units 0 to n-1 in the plan's order, and tasks 0 to m-1; `ticks` is the duration of each unit.

    `owner[u]` is the task of `u`, `parts[t]` are the units of `t`. `needs[u]` are units that must be done
    before `u`, `gates[u]` tasks that must be in the base (or submitted), `after[t]` tasks that land before
    `t`. `feeds`, `opens` and `before` are the reverse relations.
    """

    units: list[TaskId]
    tasks: list[TaskId]
    owner: list[int]
    ticks: list[int]
    needs: list[list[int]]
    gates: list[list[int]]
    after: list[list[int]]
    parts: list[list[int]]
    feeds: list[list[int]]
    opens: list[list[int]]
    before: list[list[int]]
    walk: Sequence[int]
    """The tasks in dependency order."""


def network_of(rows: Iterable[Row], graph: Graph) -> Network:
    """Makes the network of `rows`; `graph` has the tasks that each task lands after. Ignores unknown ids."""
    known = list(rows)
    tasks, lands_after, before = list(graph.needs), graph.after, graph.before
    units = [row[0] for row in known]
    ticks = [round(row[2] * TICKS) for row in known]
    if units == tasks and [row[3] for row in known] == list(graph.needs.values()):
        # Without subtasks, units and tasks are the same.
        return Network(
            units=units,
            tasks=tasks,
            owner=list(range(len(units))),
            ticks=ticks,
            needs=[[] for _ in units],
            gates=lands_after,
            after=lands_after,
            parts=[[unit] for unit in range(len(units))],
            feeds=[[] for _ in units],
            opens=before,
            before=before,
            walk=graph.walk,
        )
    task_at = {task: number for number, task in enumerate(tasks)}
    unit_at = {row[0]: number for number, row in enumerate(known)}
    owner = [task_at[row[1]] for row in known]
    parts: list[list[int]] = [[] for _ in tasks]
    for unit, task in enumerate(owner):
        parts[task].append(unit)
    gates = [[task_at[one] for one in row[3] if one in task_at] if row[3] else [] for row in known]
    needs = [[unit_at[one] for one in row[4] if one in unit_at] if row[4] else [] for row in known]
    return Network(
        units=units,
        tasks=tasks,
        owner=owner,
        ticks=ticks,
        needs=needs,
        gates=gates,
        after=lands_after,
        parts=parts,
        feeds=reversed_edges(needs, len(known)),
        opens=reversed_edges(gates, len(tasks)),
        before=before,
        walk=graph.walk,
    )


def minutes_of(ticks: int) -> float:
    """Converts ticks to minutes, rounded to the meaningful digits."""
    return round(ticks / TICKS, _DIGITS)


def all_minutes(ticks: Collection[int]) -> list[float]:
    """Converts many times from ticks to minutes."""
    if math.gcd(*ticks) % _FINEST == 0:
        # Division gives the float nearest to the exact quotient, which has no more digits than are kept.
        return [time / TICKS for time in ticks]
    known = {time: minutes_of(time) for time in set(ticks)}
    return [known[time] for time in ticks]
