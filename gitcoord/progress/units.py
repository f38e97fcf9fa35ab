"""The units of a plan for display: in waves below their task, with their dependencies."""

from collections.abc import Collection, Mapping

import msgspec

from gitcoord.planning.graph import Graph, graph_of
from gitcoord.planning.model import Plan
from gitcoord.planning.units import Units, units_of, with_rework
from gitcoord.state.task_history import PENDING, Progress
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
    """Returns each unit of the plan, in order; `units` are the scheduler's, if the caller has them."""
    return {
        unit.id: PlanUnit(
            id=unit.id,
            parent=unit.task,
            # The rework of a whole task is a unit that the plan does not have.
            title=plan.tasks[unit.id].title if unit.id in plan.tasks else unit.title,
            wave=max(1, unit.turn[2]),
            needs=(*unit.tasks, *unit.units),
            estimate=unit.estimate,
        )
        for unit in (units or units_of(plan)).by_id.values()
    }


def units_at_work(plan: Plan, progress: Mapping[TaskId, Progress], landed: Collection[TaskId]) -> Units:
    """The units of the plan, plus one for each task that has to be reworked as a whole."""
    back = [
        task.id
        for task in plan.tasks.values()
        if task.subtasks and task.id not in landed and progress.get(task.id, PENDING).deferral is not None
        if all(progress.get(part.id, PENDING).folded is not None for part in task.subtasks)
    ]
    return with_rework(units_of(plan), back)


def unit_graph(units: Mapping[TaskId, PlanUnit]) -> Graph:
    """The graph of units. A task with subtasks is a member, too: it needs all its units and takes no time."""
    ends: dict[TaskId, list[TaskId]] = {}
    for unit in units.values():
        if unit.parent != unit.id:
            ends.setdefault(unit.parent, []).append(unit.id)
    return graph_of({**{unit.id: unit.needs for unit in units.values()}, **ends})
