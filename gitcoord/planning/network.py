"""Units and their dependencies as numbers: the model from which plans and runs are computed."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from gitcoord.tasks.model import TaskId

TICKS: Final = 10**9
"""Times are whole numbers of ticks, so that sums are exact; a minute has this many."""
_DIGITS: Final = 6

Row = tuple[TaskId, TaskId, float, Sequence[TaskId], Sequence[TaskId]]
"""A unit, its task, its minutes, the tasks that it waits for, and the units that it waits for."""


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """Units 0 to n-1 in the plan's order, and tasks 0 to m-1; `ticks` is the duration of each unit.

    `needs[u]` are units that must be done before `u`, `gates[u]` tasks that must be in the base (or
    submitted), `after[t]` tasks that land before `t`. `feeds`, `opens` and `before` are the reverse
    relations.
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


def network_of(rows: Iterable[Row], after: Mapping[TaskId, Sequence[TaskId]]) -> Network:
    """Makes the network of `rows`; `after` has the tasks that each task lands after. Ignores unknown ids."""
    known = list(rows)
    tasks = list(after)
    task_at = {task: number for number, task in enumerate(tasks)}
    lands_after = [[task_at[one] for one in wanted if one in task_at] for wanted in after.values()]
    before = _reversed(lands_after, len(tasks))
    units = [row[0] for row in known]
    ticks = [round(row[2] * TICKS) for row in known]
    if units == tasks and all(row[3] is wanted for row, wanted in zip(known, after.values(), strict=True)):
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
        )
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
        feeds=_reversed(needs, len(known)),
        opens=_reversed(gates, len(tasks)),
        before=before,
    )


@lru_cache(maxsize=1 << 17)
def minutes_of(ticks: int) -> float:
    """Converts ticks to minutes, rounded to the meaningful digits."""
    return round(ticks / TICKS, _DIGITS)


def _reversed(lists: list[list[int]], count: int) -> list[list[int]]:
    found: list[list[int]] = [[] for _ in range(count)]
    for number, others in enumerate(lists):
        for other in others:
            found[other].append(number)
    return found
