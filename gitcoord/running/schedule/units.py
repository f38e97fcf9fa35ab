"""Units: what one worker does, a task without subtasks or a subtask; made from the plan."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from gitcoord.planning.clashes import Footprint, find_clashes
from gitcoord.planning.graph import Graph, graph_of
from gitcoord.planning.model import Plan, PlannedSubtask, PlannedTask
from gitcoord.planning.timing import tails
from gitcoord.planning.tokens import split
from gitcoord.tasks.model import TaskId


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """One worker's work. `task` is the task that it belongs to: itself, or the subtask's parent.

    `tasks` have to be in the base (or handed in, where that is enough) before it starts, `units` have to be
    done: subtasks, of its own task or of another. `tail` is the length in minutes of the longest chain that
    starts with it. `place` orders units of equal urgency. `alone`: no sibling, or
    nothing at all, may run beside it. `turn` is its level, wave and wave within its task, for strict levels.
    """

    id: TaskId
    task: TaskId
    title: str
    estimate: float = 0.0
    tasks: tuple[TaskId, ...] = ()
    units: tuple[TaskId, ...] = ()
    tail: float = 0.0
    place: int = 0
    tokens: int = 0
    alone: Literal["", "siblings", "all"] = ""
    modifies: tuple[str, ...] = ()
    marked: bool = False
    """The task list says that others may run beside it."""
    turn: tuple[int, int, int] = (0, 0, 0)

    @property
    def part(self) -> bool:
        """Whether it is a subtask."""
        return self.id != self.task


class Units(msgspec.Struct, frozen=True, kw_only=True):
    """All units of a plan in the plan's order, and which of them say that they clash.

    `of_task` lists the units of each task, `needs` the tasks that have to land before it.
    """

    by_id: Mapping[TaskId, Unit]
    of_task: Mapping[TaskId, tuple[TaskId, ...]]
    needs: Mapping[TaskId, tuple[TaskId, ...]]
    clashes: Mapping[TaskId, frozenset[TaskId]] = {}


def units_of(plan: Plan, token_budget: int | None = None) -> Units:
    """The units of `plan`; with a budget each gets its share of it, as `plan` would give it."""
    tokens = _tokens(plan, token_budget)
    owners = {part.id: task.id for task in plan.tasks.values() for part in task.subtasks}
    made = [unit for task in plan.tasks.values() for unit in _units(plan, task, owners, tokens)]
    of_task: dict[TaskId, list[TaskId]] = {}
    for unit in made:
        of_task.setdefault(unit.task, []).append(unit.id)
    tail = tails(_graph(made, of_task), {unit.id: unit.estimate for unit in made})
    ranked = [
        msgspec.structs.replace(unit, tail=tail[unit.id], place=place) for place, unit in enumerate(made)
    ]
    return Units(
        by_id={unit.id: unit for unit in ranked},
        of_task={task: tuple(ids) for task, ids in of_task.items()},
        needs={task: tuple(plan.waits_for(task, ())) for task in plan.tasks},
        clashes=_clashes(plan, ranked, of_task),
    )


def with_rework(units: Units, tasks: Iterable[TaskId]) -> Units:
    """The units with one more for each of `tasks`: parents that are to be reworked as a whole."""
    by_id, of_task = dict(units.by_id), dict(units.of_task)
    for task in tasks:
        parts = [units.by_id[part] for part in units.of_task[task]]
        by_id[task] = msgspec.structs.replace(
            parts[-1],
            id=task,
            tasks=tuple(dict.fromkeys(need for part in parts for need in part.tasks)),
            units=(),
            tail=max(part.tail for part in parts),
            modifies=tuple(dict.fromkeys(path for part in parts for path in part.modifies)),
        )
        of_task[task] = (*of_task[task], task)
    return msgspec.structs.replace(units, by_id=by_id, of_task=of_task)


def _units(
    plan: Plan, task: PlannedTask, owners: Mapping[TaskId, TaskId], tokens: Mapping[TaskId, int]
) -> Iterable[Unit]:
    needs = tuple(need for need in task.depends_on if need in plan.tasks)
    if not task.subtasks:
        yield Unit(
            id=task.id,
            task=task.id,
            title=task.title,
            estimate=task.estimate,
            tasks=needs,
            tokens=tokens.get(task.id, 0),
            alone="" if task.parallel_safe else "all",
            modifies=task.modifies,
            marked=task.marked_safe,
            turn=(task.level, task.wave, 0),
        )
        return
    whole = tuple(need for need in needs if need not in task.lifted)
    shares = _minutes(task)
    for part in task.subtasks:
        asked = [need for need in part.foreign if owners.get(need) != task.id]
        yield Unit(
            id=part.id,
            task=task.id,
            title=part.title,
            estimate=shares[part.id],
            tasks=tuple(dict.fromkeys((*whole, *(need for need in asked if need in plan.tasks)))),
            units=(*part.depends_on, *(need for need in asked if need in owners)),
            tokens=tokens.get(part.id, 0),
            alone=""
            if task.parallel_safe and part.parallel_safe
            else "siblings"
            if task.parallel_safe
            else "all",
            modifies=part.modifies or task.modifies,
            marked=part.marked_safe or task.marked_safe,
            turn=(task.level, task.wave, part.wave),
        )


def _minutes(task: PlannedTask) -> dict[TaskId, float]:
    """The subtasks' minutes, scaled to the task's own estimate where that says something else."""
    told = sum(part.estimate for part in task.subtasks)
    scale = task.estimate / told if told else 1.0
    return {part.id: part.estimate * scale for part in task.subtasks}


def _tokens(plan: Plan, budget: int | None) -> dict[TaskId, int]:
    if budget is None:
        return {}
    shares: dict[TaskId, int] = {}
    for level in plan.levels:
        for wave in level.waves:
            minutes = {task: plan.tasks[task].estimate for task in wave}
            planned = {task: plan.tasks[task].tokens for task in wave}
            known = {task: tokens for task, tokens in planned.items() if tokens is not None}
            same = budget == plan.token_budget and len(known) == len(planned)
            shares |= known if same else split(budget, wave, minutes, plan.max_parallel)
    for task in plan.tasks.values():
        for ids in task.subtask_waves:
            minutes = {part.id: part.estimate for part in task.subtasks if part.id in ids}
            shares |= split(shares[task.id], tuple(minutes), minutes, plan.max_parallel)
    return shares


def _graph(units: Sequence[Unit], of_task: Mapping[TaskId, Sequence[TaskId]]) -> Graph:
    return graph_of(
        {
            unit.id: (*unit.units, *(one for task in unit.tasks for one in of_task.get(task, ())))
            for unit in units
        }
    )


def _clashes(
    plan: Plan, units: Sequence[Unit], of_task: Mapping[TaskId, Sequence[TaskId]]
) -> dict[TaskId, frozenset[TaskId]]:
    parts = {part.id: part for task in plan.tasks.values() for part in task.subtasks}
    by_id = {unit.id: unit for unit in units}
    found: dict[TaskId, set[TaskId]] = {}
    for clash in find_clashes([_footprint(plan, unit, parts, of_task) for unit in units]).sets:
        for one in clash:
            found.setdefault(one, set()).update(clash - {one})
    for one, others in found.items():
        if one in parts:
            others -= {other for other in others if _only_by_parent(by_id[one], by_id[other], parts)}
    return {one: frozenset(others) for one, others in found.items() if others}


def _only_by_parent(one: Unit, other: Unit, parts: Mapping[TaskId, PlannedSubtask]) -> bool:
    """Whether two subtasks of one task clash by the parent's globs alone, which say nothing about them."""
    if one.task != other.task:
        return False
    left, right = parts[one.id], parts[other.id]
    declared = other.id in left.conflicts_with or one.id in right.conflicts_with
    return not declared and not (left.modifies and right.modifies)


def _footprint(
    plan: Plan,
    unit: Unit,
    parts: Mapping[TaskId, PlannedSubtask],
    of_task: Mapping[TaskId, Sequence[TaskId]],
) -> Footprint:
    own = parts[unit.id].conflicts_with if unit.part else ()
    others = plan.tasks[unit.task].conflicts_with
    below = (one for other in others for one in of_task.get(other, ()))
    return Footprint(id=unit.id, modifies=unit.modifies, conflicts_with=(*own, *below))
