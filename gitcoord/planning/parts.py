"""A plan over several repositories, and each repository's part: its tasks. Pure.

A part is a plan like any other, so commands in one repository work on its part. `awaits` has the dependencies
of its tasks in other repositories.
"""

import re
from collections.abc import Collection, Container, Iterable, Mapping, Sequence

import msgspec

from gitcoord.planning.model import Plan, PlannedLevel, PlannedTask, PlanPart, Strategy
from gitcoord.planning.risks import Risks
from gitcoord.tasks.model import TaskId

HOME = "home"
"""The repository that holds the plan; tasks without `repo` belong to it."""
Awaited = Mapping[TaskId, tuple[TaskId, ...]]


def named_repositories(hint: str | None) -> tuple[str, ...]:
    """Returns the repositories in a task's `repo`: `api`, or `api, web`."""
    names = [name for name in re.split(r"[\s,;+]+", hint or "") if name]
    return tuple(dict.fromkeys(names)) or (HOME,)


def members_of(plan: Plan) -> tuple[str, ...]:
    """Returns the repositories of the whole plan's tasks."""
    return tuple(dict.fromkeys(name for task in plan.tasks.values() for name in task.repositories))


def make_part(
    whole_plan: Plan, name: str, *, base: str, strategy: Strategy, awaits: Awaited, before: Plan | None = None
) -> Plan:
    """Makes the part of `whole_plan` for the repository `name`, with its `base`.

    Its waves are those of the whole plan without the tasks of other repositories. A level that
    has the same tasks in `before`, the earlier part, keeps its waves: real conflicts may have made them.
    """
    own = {id: task for id, task in whole_plan.tasks.items() if name in task.repositories}
    kept = {level.number: level for level in before.levels} if before is not None else {}
    levels = [_level(level, own, kept.get(level.number)) for level in whole_plan.levels]
    levels = [level for level in levels if level.tasks]
    waves = {
        task: number for level in levels for number, wave in enumerate(level.waves, start=1) for task in wave
    }
    tasks = {id: _task(task, own, waves[id]) for id, task in own.items()}
    # In landing order of the levels, as in every plan.
    ordered = {task: tasks[task] for level in levels for task in level.tasks}
    return msgspec.structs.replace(
        whole_plan,
        base=base,
        strategy=strategy,
        levels=tuple(levels),
        tasks=ordered,
        critical_path=tuple(task for task in whole_plan.critical_path if task in own),
        critical_units=tuple(unit for unit in whole_plan.critical_units if unit.partition(".")[0] in own),
        opportunities=(),
        warnings=(),
        source="",
        risks=_risks(whole_plan.risks, own),
        part=PlanPart(plan=whole_plan.part.plan if whole_plan.part else "", name=name, awaits=dict(awaits)),
    )


def awaited(plan: Plan, name: str, landed: Mapping[str, Container[TaskId]]) -> Awaited:
    """Returns, for each task of the repository `name`, its dependencies that other repositories lack.

    `landed` has the tasks that are in each repository's base.
    """

    def is_out(need: TaskId) -> bool:
        others = (other for other in plan.tasks[need].repositories if other != name)
        return any(need not in landed.get(other, ()) for other in others)

    found = {}
    for id, task in plan.tasks.items():
        if name in task.repositories:
            out = tuple(need for need in task.depends_on if need in plan.tasks and is_out(need))
            if out:
                found[id] = out
    return found


def in_dependency_order(plan: Plan, names: Sequence[str]) -> tuple[str, ...]:
    """Returns `names` in the order in which a level lands: each after those that its tasks depend on.

    Repositories that need each other keep their order.
    """
    needs: dict[str, set[str]] = {name: set() for name in names}
    for task in plan.tasks.values():
        for need in (plan.tasks[id] for id in task.depends_on if id in plan.tasks):
            for name in task.repositories:
                needs.get(name, set()).update(set(need.repositories) - {name})
    placed: list[str] = []
    while len(placed) < len(names):
        left = [name for name in names if name not in placed]
        free = [name for name in left if not (needs[name] & set(left))]
        placed.append((free or left)[0])
    return tuple(placed)


def landed_everywhere(plan: Plan, landed: Mapping[str, Container[TaskId]]) -> set[TaskId]:
    """Returns the tasks that are in the base of all their repositories."""
    return {
        id for id, task in plan.tasks.items() if all(id in landed.get(name, ()) for name in task.repositories)
    }


def partly_landed(plan: Plan, landed: Mapping[str, Container[TaskId]]) -> dict[TaskId, tuple[str, ...]]:
    """Returns the tasks that are in some of their repositories, each with the repositories that lack it."""
    found = {}
    for id, task in plan.tasks.items():
        out = tuple(name for name in task.repositories if id not in landed.get(name, ()))
        if out and len(out) < len(task.repositories):
            found[id] = out
    return found


def _level(level: PlannedLevel, own: Collection[TaskId], before: PlannedLevel | None) -> PlannedLevel:
    waves = [tuple(task for task in wave if task in own) for wave in level.waves]
    if before is not None and set(before.tasks) == {task for wave in waves for task in wave}:
        waves = list(before.waves)
    waves = [wave for wave in waves if wave]
    return msgspec.structs.replace(
        level, waves=tuple(waves), tasks=tuple(task for wave in waves for task in wave)
    )


def _task(task: PlannedTask, own: Collection[TaskId], wave: int) -> PlannedTask:
    subtasks = tuple(
        msgspec.structs.replace(part, foreign=_here(part.foreign, own)) for part in task.subtasks
    )
    return msgspec.structs.replace(
        task,
        wave=wave,
        depends_on=_here(task.depends_on, own),
        lifted=_here(task.lifted, own),
        conflicts_with=_here(task.conflicts_with, own),
        subtasks=subtasks,
    )


def _here(ids: Iterable[TaskId], own: Collection[TaskId]) -> tuple[TaskId, ...]:
    return tuple(id for id in ids if id in own or id.partition(".")[0] in own)


def _risks(risks: Risks, own: Collection[TaskId]) -> Risks:
    return msgspec.structs.replace(
        risks,
        pairs=tuple(pair for pair in risks.pairs if pair.tasks[0] in own and pair.tasks[1] in own),
        files={task: files for task, files in risks.files.items() if task in own},
    )
