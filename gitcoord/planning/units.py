"""Units: a task without subtasks, or a subtask, as one worker does it; made from the plan."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from gitcoord.planning.critical_path import unit_times
from gitcoord.planning.declared_conflicts import Footprint, find_clashes
from gitcoord.planning.graph import graph_of
from gitcoord.planning.model import Plan, PlannedSubtask, PlannedTask
from gitcoord.planning.network import Network, Row, minutes_of, network_of
from gitcoord.planning.predicted_conflict_waves import NO_WEIGHING, RiskWeighing
from gitcoord.tasks.model import TaskId


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """One worker's work. `task` is the task that it belongs to: itself, or the subtask's parent.

    Before it starts, the `tasks` must be in the base (or submitted, if that is enough), and the `units` done:
    subtasks of its own or another task. `tail` is the length in minutes of the longest chain that starts with
    it. `place` orders units of equal urgency. `alone`: no sibling, or nothing at all, may run beside it.
    `turn` is its level, wave and wave within its task, for strict levels.
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
    """The task list says that others may run in parallel with it."""
    turn: tuple[int, int, int] = (0, 0, 0)

    @property
    def part(self) -> bool:
        """Whether it is a subtask."""
        return self.id != self.task


class Units(msgspec.Struct, frozen=True, kw_only=True):
    """All units of a plan in the plan's order, and their declared clashes.

    `of_task` has the units of each task, `needs` the tasks that must land before it. `apart` are the declared
    sets; `clashes` has them as pairs, without those that only the globs of a common parent cause.
    """

    by_id: Mapping[TaskId, Unit]
    of_task: Mapping[TaskId, tuple[TaskId, ...]]
    needs: Mapping[TaskId, tuple[TaskId, ...]]
    clashes: Mapping[TaskId, frozenset[TaskId]] = {}
    apart: tuple[frozenset[TaskId], ...] = ()
    weighing: RiskWeighing = NO_WEIGHING
    """The predicted conflicts of their tasks."""


def network_of_units(units: Units) -> Network:
    """Returns the units as a network for computing durations."""
    rows = ((unit.id, unit.task, unit.estimate, unit.tasks, unit.units) for unit in units.by_id.values())
    return network_of(rows, graph_of(units.needs))


def rows_of(
    task: TaskId,
    minutes: float,
    needs: Sequence[TaskId],
    lifted: Collection[TaskId],
    subtasks: Sequence[PlannedSubtask],
    owners: Mapping[TaskId, TaskId],
) -> Iterable[Row]:
    """Yields the units of a task that depends on the planned tasks `needs`, each with the units and tasks
    that it waits for.

    A dependency of subtasks delays only these subtasks; `owners` maps each planned subtask to its task. If
    the task has its own estimate, the subtasks' minutes are scaled to it.
    """
    if not subtasks:
        yield task, task, minutes, needs, ()
        return
    whole = [need for need in needs if need not in lifted]
    told = sum(part.estimate for part in subtasks)
    scale = minutes / told if told else 1.0
    for part in subtasks:
        below = [need for need in part.foreign if owners.get(need) in needs]
        tasks = dict.fromkeys((*whole, *(need for need in part.foreign if need in needs)))
        yield part.id, task, part.estimate * scale, tuple(tasks), (*part.depends_on, *below)


def units_of(plan: Plan, token_budget: int | None = None) -> Units:
    """Returns the units of `plan`; with a budget, each has its share of the tokens."""
    tokens = _tokens(plan, token_budget)
    needs = {task: tuple(plan.waits_for(task, ())) for task in plan.tasks}
    owners = owners_of(plan.tasks.values())
    parts = {part.id: part for task in plan.tasks.values() for part in task.subtasks}
    rows = [
        row
        for task in plan.tasks.values()
        for row in rows_of(task.id, task.estimate, needs[task.id], task.lifted, task.subtasks, owners)
    ]
    network = network_of(rows, graph_of(needs))
    tail = unit_times(network).tail
    made = [
        _unit(row, plan.tasks[row[1]], parts.get(row[0]), tokens, minutes_of(tail[place]), place)
        for place, row in enumerate(rows)
    ]
    of_task: dict[TaskId, list[TaskId]] = {}
    for unit in made:
        of_task.setdefault(unit.task, []).append(unit.id)
    apart = clash_sets(plan.tasks)
    return Units(
        by_id={unit.id: unit for unit in made},
        of_task={task: tuple(ids) for task, ids in of_task.items()},
        needs=needs,
        apart=apart,
        clashes=_clashes(made, apart, parts),
        weighing=RiskWeighing(risk=plan.risks.by_task(), rework_cost=plan.rework_cost),
    )


def owners_of(tasks: Iterable[PlannedTask]) -> dict[TaskId, TaskId]:
    """Maps each planned subtask to its task."""
    return {part.id: task.id for task in tasks for part in task.subtasks}


def clash_sets(tasks: Mapping[TaskId, PlannedTask]) -> tuple[frozenset[TaskId], ...]:
    """Returns the sets of units that exclude one another according to the task list."""
    said: list[Footprint] = []
    named: dict[TaskId, None] = {}
    for task in tasks.values():
        if not (task.modifies or task.conflicts_with or task.subtasks):
            continue
        others = [tasks[other] for other in task.conflicts_with if other in tasks]
        below = [part.id for other in others for part in other.subtasks or (other,)]
        for part in task.subtasks or (task,):
            conflicts = tuple(dict.fromkeys((*below, *(part.conflicts_with if part is not task else ()))))
            modifies = part.modifies or task.modifies
            if modifies or conflicts:
                said.append(Footprint(id=part.id, modifies=modifies, conflicts_with=conflicts))
                named.update(dict.fromkeys(conflicts))
    silent = named.keys() - {one.id for one in said}
    said += [Footprint(id=id) for id in named if id in silent]
    return find_clashes(said).sets


def with_rework(units: Units, tasks: Iterable[TaskId]) -> Units:
    """Returns the units plus one for each of `tasks`: parents that are reworked as a whole."""
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


def _unit(
    row: Row,
    task: PlannedTask,
    part: PlannedSubtask | None,
    tokens: Mapping[TaskId, int],
    tail: float,
    place: int,
) -> Unit:
    siblings = part is not None and not part.parallel_safe
    return Unit(
        id=row[0],
        task=task.id,
        title=part.title if part else task.title,
        estimate=row[2],
        tasks=tuple(row[3]),
        units=tuple(row[4]),
        tail=tail,
        place=place,
        tokens=tokens.get(row[0], 0),
        alone="all" if not task.parallel_safe else "siblings" if siblings else "",
        modifies=part.modifies or task.modifies if part else task.modifies,
        marked=task.marked_safe or (part is not None and part.marked_safe),
        turn=(task.level, task.wave, part.wave if part else 0),
    )


def _tokens(plan: Plan, budget: int | None) -> dict[TaskId, int]:
    if budget is None:
        return {}
    from gitcoord.planning.token_shares import split

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


def _clashes(
    units: Sequence[Unit], apart: Iterable[frozenset[TaskId]], parts: Mapping[TaskId, PlannedSubtask]
) -> dict[TaskId, frozenset[TaskId]]:
    by_id = {unit.id: unit for unit in units}
    found: dict[TaskId, set[TaskId]] = {}
    for clash in apart:
        for one in clash:
            found.setdefault(one, set()).update(clash - {one})
    for one, others in found.items():
        if one in parts:
            others -= {other for other in others if _only_by_parent(by_id[one], by_id[other], parts)}
    return {one: frozenset(others) for one, others in found.items() if others}


def _only_by_parent(one: Unit, other: Unit, parts: Mapping[TaskId, PlannedSubtask]) -> bool:
    """Whether two subtasks clash only by their parent's globs, which say nothing about the subtasks."""
    if one.task != other.task:
        return False
    left, right = parts[one.id], parts[other.id]
    declared = other.id in left.conflicts_with or one.id in right.conflicts_with
    return not declared and not (left.modifies and right.modifies)
