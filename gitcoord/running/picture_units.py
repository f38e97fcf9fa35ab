"""The units of a plan as they are shown: in waves below their task, with what each needs."""

from collections.abc import Mapping

import msgspec

from gitcoord.planning.graph import Graph, graph_of
from gitcoord.planning.model import Plan
from gitcoord.running.schedule_units import Units, units_of
from gitcoord.tasks.model import TaskId


class PlanUnit(msgspec.Struct, frozen=True, kw_only=True):
    """A task without subtasks, or a subtask. `needs` names tasks and subtasks; `estimate` is in minutes."""

    id: TaskId
    parent: TaskId
    title: str
    wave: int
    needs: tuple[TaskId, ...]
    estimate: float


def plan_units(plan: Plan, units: Units | None = None) -> dict[TaskId, PlanUnit]:
    """Every unit of the plan, in the plan's order; `units` are the scheduler's, where they are known."""
    return {
        unit.id: PlanUnit(
            id=unit.id,
            parent=unit.task,
            title=unit.title,
            wave=max(1, unit.turn[2]),
            needs=(*unit.tasks, *unit.units),
            estimate=unit.estimate,
        )
        for unit in (units or units_of(plan)).by_id.values()
    }


def unit_graph(units: Mapping[TaskId, PlanUnit]) -> Graph:
    """Units and, for a task with subtasks, the task itself: it needs all of its units and takes no time."""
    ends: dict[TaskId, list[TaskId]] = {}
    for unit in units.values():
        if unit.parent != unit.id:
            ends.setdefault(unit.parent, []).append(unit.id)
    return graph_of({**{unit.id: unit.needs for unit in units.values()}, **ends})
