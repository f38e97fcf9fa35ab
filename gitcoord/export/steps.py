"""The steps of a plan for an engine: the work on each unit, and the landings."""

from collections.abc import Iterable, Mapping

import msgspec

from gitcoord.export.model import ExportedPlan, ExportOptions, exported_name, unit_name
from gitcoord.planning.parts import HOME
from gitcoord.tasks.model import TaskId

ALONE = "GITCOORD_ALONE"
"""The variable that makes a worker do only its part in one of several repositories."""


class ExportedStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a plan: the work on a unit, or the landing of a task or a level.

    It starts when the steps `needs` have succeeded. `values` are for the environment of the start script.
    `repository` is the one in which it works, if the plan has several.
    """

    name: str
    lands: bool
    id: TaskId
    title: str
    repository: str = ""
    needs: tuple[str, ...]
    values: Mapping[str, str]


def steps_of(plan: ExportedPlan) -> list[ExportedStep]:
    """Returns all steps, each after those that it needs. Units start when their dependencies have landed.

    Over several repositories, a unit has a step in each of its repositories, and levels land as a whole:
    nothing lands in one repository before it is verified in all.
    """
    if plan.places:
        return _steps_of_levels(plan)
    steps: list[ExportedStep] = []
    for task, units in plan.of_task.items():
        for id in units:
            unit = plan.units[id]
            needed = [unit_name(need, "") for need in unit.units]
            needed += [exported_name("land", need) for need in unit.tasks]
            steps.append(_work(id, "", needed))
        needed = [unit_name(id, "") for id in units]
        needed += [exported_name("land", need) for need in plan.needs.get(task, ())]
        steps.append(_landing(exported_name("land", task), f"task {task}", task, {"TASK_ID": task}, needed))
    return steps


def _steps_of_levels(plan: ExportedPlan) -> list[ExportedStep]:
    steps: list[ExportedStep] = []
    level_of = {task: level for level, tasks in plan.levels.items() for task in tasks}
    names = {id: [unit_name(id, name) for name in plan.by_repository([id])] for id in plan.units}
    for level, tasks in plan.levels.items():
        units = [plan.units[id] for task in tasks for id in plan.of_task[task]]
        for unit in units:
            needed = [name for need in unit.units for name in names[need]]
            needed += [f"land-{level_of[need]}" for need in unit.tasks]
            steps += [_work(unit.id, name, needed) for name in plan.by_repository([unit.id])]
        needed = [name for unit in units for name in names[unit.id]]
        before = [level_of[need] for task in tasks for need in plan.needs.get(task, ())]
        needed += [f"land-{one}" for one in before if one != level]
        steps.append(_landing(f"land-{level}", level, TaskId(level), {"EXECUTION_LEVEL": level}, needed))
    return steps


def _work(id: TaskId, repository: str, needed: Iterable[str]) -> ExportedStep:
    return ExportedStep(
        name=unit_name(id, repository),
        lands=False,
        id=id,
        title=f"Task {id} in {repository}" if repository else f"Task {id}",
        repository=repository,
        needs=tuple(dict.fromkeys(needed)),
        values={"TASK_ID": id, "MERGE": "0"},
    )


def _landing(
    name: str, title: str, id: TaskId, values: Mapping[str, str], needed: Iterable[str]
) -> ExportedStep:
    return ExportedStep(
        name=name,
        lands=True,
        id=id,
        title=f"Land {title}",
        needs=tuple(dict.fromkeys(needed)),
        values={"STEP": "land", **values},
    )


def variables_of(options: ExportOptions, repository: str) -> dict[str, str]:
    """Returns the variables of a worker in one of several repositories: it clones only that one."""
    if not repository:
        return {}
    alone = {ALONE: "1"}
    if repository == HOME:
        return alone
    given = options.repositories[repository]
    own = {"TOKEN_FROM": given.token} if given.token else {}
    return {**alone, "REPOSITORY_URL": given.url, **own}


def addresses(urls: Mapping[str, str]) -> dict[str, str]:
    """Returns the variable for a step that clones all of several repositories, by the URLs of the others."""
    return {"GITCOORD_REPOSITORIES": " ".join(f"{name}={url}" for name, url in urls.items())} if urls else {}
