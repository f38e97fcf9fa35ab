"""Makes the planner's waves from the declarations of tasks and subtasks."""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from gitcoord.natural_order import natural_key
from gitcoord.planning.arrange_waves import Candidate, arrange
from gitcoord.planning.critical_path import DIGITS, Timing, measure
from gitcoord.planning.declared_conflicts import Clashes, Footprint, find_clashes
from gitcoord.planning.estimates import remaining_subtasks, subtask_minutes
from gitcoord.planning.graph import graph_of
from gitcoord.planning.model import Plan, PlannedSubtask, PlannedTask
from gitcoord.planning.plan_identity import identity_of
from gitcoord.planning.predicted_conflict_waves import RiskWeighing, capped_parts, weighed_waves
from gitcoord.tasks.model import Finding, Subtask, Task, TaskId


class LevelWaves(msgspec.Struct, frozen=True, kw_only=True):
    """A level's waves, and the clashes of its tasks, which schedules need as well."""

    waves: tuple[tuple[TaskId, ...], ...]
    clashes: Clashes


def footprint(task: Task | PlannedTask) -> Footprint:
    """Returns a task's declarations about running in parallel, including the globs of its subtasks."""
    below = (glob for subtask in task.subtasks for glob in subtask.modifies)
    return Footprint(
        id=task.id,
        modifies=tuple(dict.fromkeys((*task.modifies, *below))),
        conflicts_with=task.conflicts_with,
        parallel_safe=task.parallel_safe,
        repositories=task.repositories or ("",),
    )


def level_waves(
    tasks: Sequence[Task],
    minutes: Mapping[TaskId, float],
    timing: Timing,
    pinned: Mapping[TaskId, int],
    weighing: RiskWeighing,
) -> LevelWaves:
    """Makes the waves of one level; in a wave, critical tasks first, then by work, then in file order."""
    ids = [task.id for task in tasks]
    slack = [timing.slack[id] for id in ids]
    least = {spare: round(spare - timing.duration, DIGITS) for spare in set(slack)}
    # Sorts are stable: sort by the last criterion first.
    longest = sorted(range(len(ids)), key=[-minutes[id] for id in ids].__getitem__)
    numbers = sorted(longest, key=[least[spare] for spare in slack].__getitem__)
    risky = bool(weighing.risk)
    hindered = any(
        task.modifies or task.conflicts_with or task.subtasks or not task.parallel_safe for task in tasks
    )
    if not pinned and not (risky and weighing.rework_cost) and not hindered:
        # Nothing excludes them: they are one wave.
        return LevelWaves(waves=(tuple([ids[number] for number in numbers]),), clashes=Clashes())
    clashes = find_clashes([footprint(task) for task in tasks])
    arrangement = arrange(
        [
            Candidate(
                id=task.id,
                weight=minutes[task.id],
                priority=timing.through(task.id),
                wave=pinned.get(task.id, 1),
                fixed=task.id in pinned,
                alone=task.id in clashes.alone,
            )
            for task in tasks
        ],
        clashes.sets,
    )
    waves: Sequence[Sequence[TaskId]] = arrangement.waves
    if risky:
        waves = weighed_waves(waves, clashes, pinned, weighing)
    importance = {ids[number]: rank for rank, number in enumerate(numbers)}
    return LevelWaves(
        waves=tuple(tuple(sorted(wave, key=importance.__getitem__)) for wave in waves),
        clashes=clashes,
    )


def capped_waves(plan: Plan) -> list[list[TaskId]]:
    """Splits all waves of all levels into parts of at most `max_parallel` tasks.

    A part takes as long as its longest task: tasks of similar length are together, and tasks that will
    probably conflict are not.
    """
    waves = (wave for level in plan.levels for wave in level.waves)
    return [sorted(part, key=natural_key) for wave in waves for part in capped_parts(plan, wave)]


def subtask_waves(task: Task, *, everything: bool) -> tuple[tuple[TaskId, ...], ...]:
    """The waves of a task's remaining subtasks, by their dependencies and clashes."""
    subtasks = remaining_subtasks(task, everything=everything)
    if not subtasks:
        return ()
    clashes = find_clashes([_subtask_footprint(subtask) for subtask in subtasks])
    minutes = {subtask.id: subtask_minutes(subtask) for subtask in subtasks}
    timing = measure(graph_of({subtask.id: subtask.depends_on for subtask in subtasks}), minutes)
    candidates = [
        Candidate(
            id=subtask.id,
            weight=minutes[subtask.id],
            priority=timing.through(subtask.id),
            after=subtask.depends_on,
            alone=subtask.id in clashes.alone,
        )
        for subtask in subtasks
    ]
    return arrange(candidates, clashes.sets).waves


def planned_subtasks(
    task: Task, *, everything: bool, needs: Collection[TaskId], owners: Mapping[TaskId, TaskId]
) -> tuple[PlannedSubtask, ...]:
    """The remaining subtasks of the task, which depends on `needs`, in the order of their waves.

    `owners` maps each subtask of the list to its task.
    """
    if not task.subtasks:
        return ()
    waves = subtask_waves(task, everything=everything)
    left = {subtask.id: subtask for subtask in remaining_subtasks(task, everything=everything)}
    return tuple(
        PlannedSubtask(
            id=id,
            title=left[id].title,
            wave=number,
            depends_on=tuple(need for need in left[id].depends_on if need in left),
            foreign=tuple(need for need in left[id].foreign if owners.get(need, need) in needs),
            estimate=subtask_minutes(left[id]),
            modifies=left[id].modifies,
            parallel_safe=left[id].parallel_safe,
            marked_safe=left[id].marked_safe,
            conflicts_with=left[id].conflicts_with,
            digest=identity_of(left[id]).digest,
        )
        for number, wave in enumerate(waves, start=1)
        for id in wave
    )


def _subtask_footprint(subtask: Subtask) -> Footprint:
    return Footprint(
        id=subtask.id,
        modifies=subtask.modifies,
        conflicts_with=subtask.conflicts_with,
        parallel_safe=subtask.parallel_safe,
    )


def coarse_warning(level: int) -> Finding:
    """Makes the warning that a level has too many different globs to compare all pairs."""
    return Finding(
        code="globs-not-compared",
        message=f"level-{level} has too many different globs to compare all pairs, so its tasks with globs "
        "run one after another; with more literal paths, more of them can run in parallel.",
    )
