"""The units of a plan as they are shown: in waves below their task, with what each needs."""

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
    """Every unit of the plan, in the plan's order; `units` are the scheduler's, where they are known."""
    return {
        unit.id: PlanUnit(
            id=unit.id,
            parent=unit.task,
            # The rework of a task as a whole is a unit that the plan does not have.
            title=plan.tasks[unit.id].title if unit.id in plan.tasks else unit.title,
            wave=max(1, unit.turn[2]),
            needs=(*unit.tasks, *unit.units),
            estimate=unit.estimate,
        )
        for unit in (units or units_of(plan)).by_id.values()
    }


def units_at_work(plan: Plan, progress: Mapping[TaskId, Progress], landed: Collection[TaskId]) -> Units:
    """The plan's units, by the journal with one more for each task that is to be reworked as a whole."""
    back = [
        task.id
        for task in plan.tasks.values()
        if task.subtasks and task.id not in landed and progress.get(task.id, PENDING).deferral is not None
        if all(progress.get(part.id, PENDING).folded is not None for part in task.subtasks)
    ]
    return with_rework(units_of(plan), back)


def unit_graph(units: Mapping[TaskId, PlanUnit]) -> Graph:
    """Units and, for a task with subtasks, the task itself: it needs all of its units and takes no time."""
    ends: dict[TaskId, list[TaskId]] = {}
    for unit in units.values():
        if unit.parent != unit.id:
            ends.setdefault(unit.parent, []).append(unit.id)
    return graph_of({**{unit.id: unit.needs for unit in units.values()}, **ends})
