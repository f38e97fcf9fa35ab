"""Puts the waves of a conflict report into the plan."""

from gitcoord.conflicts.model import ConflictReport
from gitcoord.planning.later_wave import with_waves
from gitcoord.planning.model import Plan, PlannedLevel


def plan_with_waves(plan: Plan, level: PlannedLevel, report: ConflictReport) -> Plan:
    """Returns the plan with the report's waves for ready tasks; other tasks keep their wave number."""
    place = {task: number for number, wave in enumerate(report.waves, 1) for task in wave}
    wave_of = {task: place.get(task, plan.tasks[task].wave) for task in level.tasks}
    order = {task: index for index, task in enumerate(report.landing_order)}
    ranked = sorted(level.tasks, key=lambda task: order.get(task, len(order)))
    waves = [[task for task in ranked if wave_of[task] == number] for number in sorted(set(wave_of.values()))]
    return with_waves(plan, level.number, waves)
