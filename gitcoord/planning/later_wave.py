"""Moves a task to another wave of its level, because its branch conflicts."""

from collections.abc import Container

import msgspec

from gitcoord.planning.model import Plan
from gitcoord.tasks.model import TaskId


def postponed(plan: Plan, task: TaskId) -> Plan:
    """Returns the plan with `task` one wave later; unchanged if the task is alone in its wave, or not
    planned.
    """
    planned = plan.tasks.get(task)
    if planned is None:
        return plan
    level = plan.level_of(task)
    waves = [list(wave) for wave in level.waves]
    own = next((index for index, wave in enumerate(waves) if task in wave), None)
    if own is None or waves[own] == [task]:
        return plan
    waves[own].remove(task)
    if own + 1 == len(waves):
        waves.append([])
    waves[own + 1].append(task)
    return with_waves(plan, level.number, waves)


def brought_forward(plan: Plan, task: TaskId, landed: Container[TaskId]) -> Plan:
    """Returns the plan with `task` in a wave of its own, before the first wave that has not landed."""
    level = plan.level_of(task)
    waves = [[one for one in wave if one != task] for wave in level.waves]
    first = next((index for index, wave in enumerate(waves) if any(one not in landed for one in wave)), None)
    waves.insert(len(waves) if first is None else first, [task])
    return with_waves(plan, level.number, waves)


def with_waves(plan: Plan, number: int, waves: list[list[TaskId]]) -> Plan:
    """Returns the plan with these waves in level `number`, and with the tasks' wave numbers."""
    kept = tuple(tuple(wave) for wave in waves if wave)
    place = {task: index for index, wave in enumerate(kept, 1) for task in wave}
    tasks = {
        task: msgspec.structs.replace(planned, wave=place.get(task, planned.wave))
        for task, planned in plan.tasks.items()
    }
    levels = tuple(
        msgspec.structs.replace(level, waves=kept) if level.number == number else level
        for level in plan.levels
    )
    return msgspec.structs.replace(plan, tasks=tasks, levels=levels)
