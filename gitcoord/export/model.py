"""The values of an export: its options, and the units that every engine gets."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter
from typing import Literal

import msgspec

from gitcoord.planning.model import Plan
from gitcoord.planning.units import units_of
from gitcoord.tasks.model import TaskId

ArgoStyle = Literal["dag", "levels", "children"]
ActionsStyle = Literal["tasks", "matrix"]

Document = dict[str, object]
"""A workflow as plain values: mappings, lists, strings, numbers and booleans."""

_LONGEST_NAME = 63
"""Kubernetes: names of pods and labels
(https://kubernetes.io/docs/concepts/overview/working-with-objects/names).
"""


class ExportedRepository(msgspec.Struct, frozen=True, kw_only=True):
    """A repository that workers clone. `token` is the variable for its token, if it has one of its own."""

    url: str
    token: str = ""


class ExportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of an export.

    `repositories` are those of a plan over several, without the home repository; else empty.

    `minutes` limits one attempt, `parallelism` the number of parallel ones (None: the plan's number).
    `secret` is the name of the secret with the token, `key` the key in it. `parameters` are passed to every
    container, or to the child workflow.
    """

    repository_url: str
    agent: str
    image: str = ""
    parallelism: int | None = None
    minutes: int | None = None
    cpu: str = ""
    memory: str = ""
    secret: str = ""
    key: str = "token"
    namespace: str = ""
    service_account: str = ""
    template: str = ""
    install: str = "pip install gitcoord"
    runs_on: str = "ubuntu-latest"
    parameters: Mapping[str, str] = {}
    repositories: Mapping[str, ExportedRepository] = {}


class ExportedUnit(msgspec.Struct, frozen=True, kw_only=True):
    """One worker's work. `units` end before it, `tasks` land before it; `turn` counts within a level."""

    id: TaskId
    task: TaskId
    level: str
    turn: int
    units: tuple[TaskId, ...] = ()
    tasks: tuple[TaskId, ...] = ()


class ExportedPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The plan for an engine: units, and for each task its units and the tasks that land before it.

    `places` are the repositories of each task; empty if the plan has only one.
    """

    units: Mapping[TaskId, ExportedUnit]
    of_task: Mapping[TaskId, tuple[TaskId, ...]]
    needs: Mapping[TaskId, tuple[TaskId, ...]]
    levels: Mapping[str, tuple[TaskId, ...]]
    most: int
    generation: int
    places: Mapping[TaskId, tuple[str, ...]] = {}

    def by_repository(self, ids: Iterable[TaskId]) -> dict[str, list[TaskId]]:
        """Returns units by the repositories in which they work; all under "" if the plan has only one."""
        found: dict[str, list[TaskId]] = {}
        for id in ids:
            for name in self.places.get(self.units[id].task, ("",)):
                found.setdefault(name, []).append(id)
        return found

    def turns(self, level: str) -> list[list[TaskId]]:
        """Returns the units of a level by turn, first those that wait for no other unit of the level."""
        turns: dict[int, list[TaskId]] = {}
        for unit in self.units.values():
            if unit.level == level:
                turns.setdefault(unit.turn, []).append(unit.id)
        return [turns[turn] for turn in sorted(turns)]


def exported(plan: Plan) -> ExportedPlan:
    """Returns the units of `plan`, and the units and tasks that each one waits for.

    Waves are not part of it: work that conflicts at landing goes back to its agent.
    """
    units = units_of(plan)
    is_whole = plan.part is not None and not plan.part.name
    level_of = {task: level.name for level in plan.levels for task in level.tasks}
    turns: dict[TaskId, int] = {}
    for id in TopologicalSorter({unit.id: unit.units for unit in units.by_id.values()}).static_order():
        unit = units.by_id[id]
        level = level_of[unit.task]
        turns[id] = max(
            (turns[need] + 1 for need in unit.units if level_of[units.by_id[need].task] == level), default=0
        )
    return ExportedPlan(
        units={
            unit.id: ExportedUnit(
                id=unit.id,
                task=unit.task,
                level=level_of[unit.task],
                turn=turns[unit.id],
                units=unit.units,
                tasks=unit.tasks,
            )
            for unit in units.by_id.values()
        },
        of_task=units.of_task,
        needs=units.needs,
        levels={level.name: level.tasks for level in plan.levels},
        most=plan.max_parallel,
        generation=plan.generation,
        places={id: task.repositories for id, task in plan.tasks.items()} if is_whole else {},
    )


def variable(parameter: str) -> str:
    """Returns the environment variable of a parameter: `docs-branch` is DOCS_BRANCH."""
    return parameter.upper().replace("-", "_")


def unit_name(id: str, repository: str) -> str:
    """Returns the name of the step or job of a unit in one of its repositories ("": in the only one)."""
    if not repository:
        return exported_name("task", id)
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", id) and re.fullmatch("[A-Za-z][A-Za-z0-9]*", repository):
        return f"{exported_name('task', id)}-{repository}"[:_LONGEST_NAME]
    return exported_name("task", f"{id} {repository}")


def exported_name(kind: str, id: str) -> str:
    """Returns a unique name for a step or job: at most 63 letters, digits and dashes.

    Ids come from a task list and may contain anything. A digest distinguishes ids with replaced or cut parts.
    """
    plain = re.sub(r"[^A-Za-z0-9]+", "-", id).strip("-")[: _LONGEST_NAME - len(kind) - 10]
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", id) or (plain == id and not re.fullmatch(r"[0-9]+-[0-9]+", id)):
        return f"{kind}-{plain}"
    return f"{kind}-{plain or 'task'}-{hashlib.sha256(id.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"
