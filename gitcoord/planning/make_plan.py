"""Makes a plan from a task list. Pure: the same tasks, settings and earlier plan give the same plan."""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from gitcoord.natural_order import natural_key
from gitcoord.planning.branch_names import Namer, branch_name, check_names
from gitcoord.planning.critical_path import Timing
from gitcoord.planning.durations import longest_chain, reckon, reckon_schedules, timed
from gitcoord.planning.estimates import estimate
from gitcoord.planning.graph import Graph, broken_pins, depths, graph_of
from gitcoord.planning.model import Plan, PlannedLevel, PlannedSubtask, PlannedTask, Strategy
from gitcoord.planning.parallel_sets import opportunities
from gitcoord.planning.plan_identity import digest_of
from gitcoord.planning.planned_list import (
    chosen_tasks,
    listed_ids,
    pinned_places,
    planned_needs,
    remaining_parts,
    satisfied_tasks,
)
from gitcoord.planning.predicted_conflict_waves import RiskWeighing
from gitcoord.planning.risks import NO_RISKS, Risks
from gitcoord.planning.waves import LevelWaves, coarse_warning, level_waves
from gitcoord.tasks.model import Finding, Task, TaskId, TaskList


class _Draft(msgspec.Struct, frozen=True, kw_only=True):
    """The plan before branches are named. `pins` are earlier levels and waves that must not change."""

    tag: str
    generation: int
    listed: frozenset[TaskId]
    tasks: dict[TaskId, Task]
    everything: bool
    needs: dict[TaskId, tuple[TaskId, ...]]
    graph: Graph
    minutes: dict[TaskId, float]
    subtasks: dict[TaskId, tuple[PlannedSubtask, ...]]
    timing: Timing
    level_of: dict[TaskId, int]
    levels: dict[int, LevelWaves]
    pins: dict[TaskId, PlannedTask]


def build_plan(
    tasks: TaskList,
    *,
    base: str,
    strategy: Strategy,
    max_parallel: int,
    task_branch: str,
    level_branch: str,
    everything: bool = False,
    cancelled_satisfies: bool = True,
    token_budget: int | None = None,
    previous: Plan | None = None,
    under_way: Collection[TaskId] = (),
    generation: int = 1,
    risks: Risks = NO_RISKS,
    rework_cost: float | None = None,
) -> Plan:
    """Makes the plan of the remaining tasks (of all tasks, with `everything`).

    Done tasks satisfy their dependents; cancelled ones too, unless `cancelled_satisfies` is off.

    Tasks of the `previous` plan that are still listed stay planned, so levels keep their numbers after work
    has landed; those `under_way` also keep their level, wave and branch. Raises `dependency-cycle`,
    `bad-branch-name` or `same-branch` (exit 2). `risks`: the predictions about the tasks; a conflict costs
    `rework_cost` waves (None: no wave is added to avoid one).
    """
    satisfied = () if everything else satisfied_tasks(tasks, cancelled_satisfies)
    chosen = chosen_tasks(tasks, satisfied, previous)
    pins = pinned_places(chosen, previous, under_way)
    needs = {task.id: planned_needs(task, everything, previous) for task in chosen}
    graph = graph_of(needs)
    estimates = estimate(chosen, everything=everything)
    subtasks = remaining_parts(tasks, chosen, needs, everything)
    durations = reckon(chosen, graph, estimates.minutes, subtasks)
    timing = durations.timing
    level_of = depths(graph, {task: pin.level for task, pin in pins.items()})
    weighing = RiskWeighing(risk=risks.by_task(), rework_cost=rework_cost)
    draft = _Draft(
        tag=tasks.tag,
        generation=generation,
        listed=listed_ids(tasks),
        tasks={task.id: task for task in chosen},
        everything=everything,
        needs=needs,
        graph=graph,
        minutes=estimates.minutes,
        subtasks=timed(durations, subtasks),
        timing=timing,
        level_of=level_of,
        levels=_level_waves(chosen, level_of, estimates.minutes, timing, pins, weighing),
        pins=pins,
    )
    levels = _levels(draft, level_branch, previous)
    planned = _planned(draft, levels, task_branch, _tokens(draft, levels, token_budget, max_parallel))
    _check_branches(base, planned, levels)
    return Plan(
        base=base,
        strategy=strategy,
        tag=tasks.tag,
        max_parallel=max_parallel,
        levels=levels,
        tasks=planned,
        critical_path=timing.critical_path,
        critical_units=durations.critical_units,
        critical_minutes=timing.duration,
        schedules=reckon_schedules(durations, planned, max_parallel, strategy, weighing),
        opportunities=opportunities(graph, planned, max_parallel),
        estimates_from=estimates.sentence,
        satisfied=satisfied,
        token_budget=token_budget,
        everything=everything,
        cancelled_satisfies=cancelled_satisfies,
        generation=generation,
        risks=risks,
        rework_cost=rework_cost,
        warnings=(*tasks.warnings, *_warnings(draft, under_way)),
    )


def _level_waves(
    chosen: Sequence[Task],
    level_of: Mapping[TaskId, int],
    minutes: Mapping[TaskId, float],
    timing: Timing,
    pins: Mapping[TaskId, PlannedTask],
    weighing: RiskWeighing,
) -> dict[int, LevelWaves]:
    members: dict[int, list[Task]] = {}
    for task in chosen:
        members.setdefault(level_of[task.id], []).append(task)
    waves = {task: pin.wave for task, pin in pins.items()}
    return {level: level_waves(members[level], minutes, timing, waves, weighing) for level in sorted(members)}


def _levels(draft: _Draft, pattern: str, previous: Plan | None) -> tuple[PlannedLevel, ...]:
    pinned = {pin.level for pin in draft.pins.values()}
    kept = {level.number: level.branch for level in previous.levels} if previous else {}
    return tuple(
        PlannedLevel(
            number=number,
            name=f"level-{number}",
            branch=kept[number]
            if number in pinned and number in kept
            else branch_name(pattern, draft.generation, level=str(number), tag=draft.tag),
            waves=level.waves,
            tasks=tuple(task for wave in level.waves for task in wave),
        )
        for number, level in draft.levels.items()
    )


def _tokens(
    draft: _Draft, levels: Sequence[PlannedLevel], budget: int | None, max_parallel: int
) -> dict[TaskId, int]:
    if budget is None:
        return {}
    from gitcoord.planning.token_shares import split

    complexities = {task.id: task.complexity for task in draft.tasks.values() if task.complexity is not None}
    # Complexity and minutes cannot be compared: use one of them for all tasks.
    weights = complexities if len(complexities) == len(draft.tasks) else draft.minutes
    return {
        task: share
        for level in levels
        for wave in level.waves
        if wave
        for task, share in split(budget, wave, weights, max_parallel).items()
    }


def _planned(
    draft: _Draft, levels: Sequence[PlannedLevel], pattern: str, tokens: Mapping[TaskId, int]
) -> dict[TaskId, PlannedTask]:
    planned: dict[TaskId, PlannedTask] = {}
    namer = Namer(pattern, draft.generation, draft.tag)
    for level in levels:
        for number, wave in enumerate(level.waves, start=1):
            for id in wave:
                pin = draft.pins.get(id)
                branch = pin.branch if pin else namer.name(level.number, id)
                planned[id] = _place(draft, id, level.number, number, branch, tokens.get(id))
    return planned


def _place(draft: _Draft, id: TaskId, level: int, wave: int, branch: str, tokens: int | None) -> PlannedTask:
    task, timing = draft.tasks[id], draft.timing
    minutes, slack = draft.minutes[id], timing.slack[id]
    placed = PlannedTask(
        id=id,
        title=task.title,
        branch=branch,
        level=level,
        wave=wave,
        depends_on=draft.needs[id],
        estimate=minutes,
        duration=minutes,
        earliest_start=timing.earliest[id],
        latest_start=timing.latest[id],
        slack=slack,
        critical=slack == 0,
        priority=task.priority,
        tokens=tokens,
        digest=digest_of(task),
    )
    # Most tasks of a long list have neither subtasks nor hints, and each further field takes time.
    if _is_bare(task):
        return placed
    subtasks = draft.subtasks.get(id, ())
    return msgspec.structs.replace(
        placed,
        lifted=tuple([need for need in task.lifted if need in placed.depends_on]),
        duration=longest_chain(subtasks, minutes) if subtasks else minutes,
        subtask_waves=_waves_within(subtasks) if subtasks else (),
        subtask_titles=_titles(task, subtasks) if subtasks else {},
        subtasks=subtasks,
        modifies=task.modifies,
        parallel_safe=task.parallel_safe,
        marked_safe=task.marked_safe,
        conflicts_with=task.conflicts_with,
        repo=task.repo,
        repositories=task.repositories,
    )


def _is_bare(task: Task) -> bool:
    """Whether the task has neither subtasks nor hints."""
    hints = task.modifies or task.conflicts_with or task.marked_safe or task.repo or task.repositories
    return task.parallel_safe and not (task.subtasks or task.lifted or hints)


def _waves_within(subtasks: Sequence[PlannedSubtask]) -> tuple[tuple[TaskId, ...], ...]:
    waves: dict[int, list[TaskId]] = {}
    for part in subtasks:
        waves.setdefault(part.wave, []).append(part.id)
    return tuple(map(tuple, waves.values()))


def _titles(task: Task, subtasks: Sequence[PlannedSubtask]) -> dict[TaskId, str]:
    left = {part.id for part in subtasks}
    return {part.id: part.title for part in task.subtasks if part.id in left}


def _check_branches(base: str, planned: Mapping[TaskId, PlannedTask], levels: Sequence[PlannedLevel]) -> None:
    check_names(
        [
            ("The base", base),
            *((f"Task {task.id}", task.branch) for task in planned.values()),
            *((level.name, level.branch) for level in levels),
        ]
    )


def _warnings(draft: _Draft, under_way: Collection[TaskId]) -> list[Finding]:
    return [
        *broken_pins(draft.graph, draft.level_of, draft.pins.keys()),
        *(coarse_warning(number) for number, level in draft.levels.items() if level.clashes.coarse),
        *(
            Finding(
                code="under-way-gone",
                message=f"Task {task} is under way, but the task list no longer has it.",
                task=task,
            )
            for task in sorted(set(under_way) - draft.listed, key=natural_key)
        ),
    ]
