"""Chooses the landing order from real merges before anything lands, and saves it in the plan.

Keeps the waves if no branches of one wave clash, so an interrupted run continues with the same waves.
"""

from collections.abc import Mapping

import msgspec

from gitcoord.conflicts.apply_waves import plan_with_waves
from gitcoord.conflicts.check_level import check_branches
from gitcoord.conflicts.model import BranchInput, ConflictReport
from gitcoord.conflicts.rules import Rulebook
from gitcoord.event_stamp import now, worker_name
from gitcoord.events import WavesSaved
from gitcoord.landing.context import LandingContext, stacks_on
from gitcoord.landing.observe import observe
from gitcoord.planning.arrange_waves import Candidate
from gitcoord.planning.model import Plan, PlannedLevel
from gitcoord.tasks.model import TaskId
from gitcoord.text_lists import some

_MOST_PATHS = 4


def with_real_order(context: LandingContext, *, save: bool) -> LandingContext:
    """Returns the context with waves that the level's branches allow now, and with overlaps and clashes.

    With `save`, saves changed waves in the plan. Uses the shared refs of the last fetch.
    """
    if save:  # the landing that follows reads in-process, too
        context.repository.read_in_process()
    snapshot = observe(context, fetch=False)
    ready = [work for work in snapshot.works if work.standing == "ready" and not work.folded]
    report = check_branches(
        context.repository,
        level=context.level.name,
        base=snapshot.base,
        base_commit=snapshot.base_commit,
        branches=[BranchInput(task=work.task, branch=work.branch, commit=work.head) for work in ready],
        candidates=candidates(context.plan, context.level),
        serialize_on=context.options.serialize_on,
        book=Rulebook(context.options.rules, context.options.ignore),
        stacks=stacks_on(context, snapshot),
        largest_first=context.plan.adopted,
    )
    number = context.level.number

    def change(plan: Plan) -> Plan:
        level = _level(plan, number)
        return plan if level is None else rearranged(plan, level, report)

    def event(plan: Plan) -> WavesSaved:
        waves = (_level(plan, number) or context.level).waves
        return WavesSaved(at=now(), by=worker_name(), level=context.level.name, waves=waves)

    plan = change(context.plan)
    if save and plan != context.plan:
        # Change the newest plan: another worker may have saved one since this one was read.
        newest = context.store.change_plan(change, event)
        level = _level(newest, number)
        plan = newest if level and set(level.tasks) == set(context.level.tasks) else plan
    return msgspec.structs.replace(
        context,
        plan=plan,
        level=_level(plan, number) or context.level,
        overlaps=sentences(report),
        clashes=_clashes(report),
    )


def _level(plan: Plan, number: int) -> PlannedLevel | None:
    return next((level for level in plan.levels if level.number == number), None)


def candidates(plan: Plan, level: PlannedLevel) -> list[Candidate]:
    """Returns the tasks of a level with their weights, priorities and present waves."""
    found = []
    for task in level.tasks:
        planned = plan.tasks[task]
        # The task with the least slack is the most urgent.
        priority = -planned.slack
        found.append(Candidate(id=task, weight=planned.estimate, priority=priority, wave=planned.wave))
    return found


def rearranged(plan: Plan, level: PlannedLevel, report: ConflictReport) -> Plan:
    """Returns the plan with the report's waves for the level's ready tasks; other tasks keep their wave.

    Returns the plan unchanged if no tasks of one wave clash, or if the report has a task of another level.
    """
    known = {task for wave in report.waves for task in wave}
    if not _violated(level, report) or not known <= set(level.tasks):
        return plan
    # Landed tasks stay in earlier waves: the report's waves begin at the first wave of the ready tasks.
    before = min(plan.tasks[task].wave for task in known) - 1
    return plan_with_waves(plan, level, msgspec.structs.replace(report, waves=((),) * before + report.waves))


def sentences(report: ConflictReport) -> Mapping[TaskId, tuple[str, ...]]:
    """Returns, for each task, sentences about the paths that it shares with other tasks."""
    found: dict[TaskId, tuple[str, ...]] = {}
    for pair in report.pairs:
        for task, other in (pair.tasks, pair.tasks[::-1]):
            shared = some(pair.conflicted_paths or pair.overlap, _MOST_PATHS)
            how = "conflicts with" if pair.verdict == "conflict" else "also changed by"
            text = (
                f"{how} task {other} in {shared}"
                if pair.verdict == "conflict"
                else f"{shared} {how} task {other}"
            )
            found[task] = (*found.get(task, ()), text)
    return found


def _clashes(report: ConflictReport) -> Mapping[TaskId, tuple[TaskId, ...]]:
    found: dict[TaskId, tuple[TaskId, ...]] = {}
    for pair in report.pairs:
        for task, other in (pair.tasks, pair.tasks[::-1]) if pair.clash else ():
            found[task] = (*found.get(task, ()), other)
    return found


def _violated(level: PlannedLevel, report: ConflictReport) -> bool:
    apart = [set(pair.tasks) for pair in report.pairs if pair.clash]
    apart += [set(joint.tasks) for joint in report.joint]
    return any(clash <= set(wave) for clash in apart for wave in level.waves)
