"""The units of a plan: what one worker does, with what each needs before it can begin."""

from collections.abc import Mapping

import msgspec

from gitcoord.errors import GitcoordError
from gitcoord.planning.graph import Graph, graph_of
from gitcoord.planning.model import Plan, PlannedTask
from gitcoord.tasks.model import TaskId


class PlanUnit(msgspec.Struct, frozen=True, kw_only=True):
    """A task without subtasks, or a subtask. `needs` names tasks and subtasks; `estimate` is in minutes."""

    id: TaskId
    parent: TaskId
    title: str
    wave: int
    needs: tuple[TaskId, ...]
    estimate: float


def units_of(task: PlannedTask) -> tuple[PlanUnit, ...]:
    """The units of one task in the order of its waves."""
    if not task.subtasks:
        return (
            PlanUnit(
                id=task.id,
                parent=task.id,
                title=task.title,
                wave=1,
                needs=task.depends_on,
                estimate=task.estimate,
            ),
        )
    told = sum(subtask.estimate for subtask in task.subtasks)
    # The task's own estimate wins over its subtasks', as it does for the plan's schedules.
    scale = task.estimate / told if told and task.estimate else 1.0
    own = tuple(need for need in task.depends_on if need not in task.lifted)
    return tuple(
        PlanUnit(
            id=subtask.id,
            parent=task.id,
            title=subtask.title,
            wave=subtask.wave,
            needs=(*own, *subtask.depends_on, *subtask.foreign),
            estimate=subtask.estimate * scale,
        )
        for subtask in task.subtasks
    )


def plan_units(plan: Plan) -> dict[TaskId, PlanUnit]:
    """Every unit of the plan, in the plan's order."""
    return {unit.id: unit for task in plan.tasks.values() for unit in units_of(task)}


def unit_graph(plan: Plan, units: Mapping[TaskId, PlanUnit]) -> Graph:
    """Units and, for a task with subtasks, the task itself, which needs all of its units and takes no time.

    A circle through a need across parents cannot be run, but it can still be shown: such needs are left out.
    """
    ends = {task.id: tuple(u.id for u in units_of(task)) for task in plan.tasks.values() if task.subtasks}
    try:
        return graph_of({**{unit.id: unit.needs for unit in units.values()}, **ends})
    except GitcoordError:
        inside = {
            u.id: tuple(n for n in u.needs if n in plan.tasks or _siblings(n, u)) for u in units.values()
        }
        return graph_of({**inside, **ends})


def _siblings(need: TaskId, unit: PlanUnit) -> bool:
    return need.rpartition(".")[0] == unit.parent
