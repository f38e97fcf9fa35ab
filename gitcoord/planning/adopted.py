"""Adopted plans: one task for each head that existed before, on the branch that somebody else made.

Each selection of heads is a level, and several selections can land at the same time. A head belongs to the
newest selection that names it.
"""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from gitcoord.planning.branch_names import check_names
from gitcoord.planning.model import Plan, PlannedLevel, PlannedTask, Schedule, Schedules, Strategy
from gitcoord.tasks.model import TaskId

_NO_SCHEDULE = Schedule(duration=0.0, speedup=1.0, efficiency=0.0)
_SCHEDULES = Schedules(sequential=_NO_SCHEDULE, level_barrier=_NO_SCHEDULE, no_barrier=_NO_SCHEDULE)


class AdoptedHead(msgspec.Struct, frozen=True, kw_only=True):
    """A head as its owner left it: `branch` at `commit`, with its open pull request, if any.

    `needs` are the branches that have to land before it. A head in a fork is `OWNER:BRANCH`.
    """

    branch: str
    commit: str
    title: str
    pull: int | None = None
    author: str = ""
    needs: tuple[str, ...] = ()
    merged: bool = False
    """Whether its pull request has been merged since it was adopted."""


class KnownTask(msgspec.Struct, frozen=True, kw_only=True):
    """An id in the journal: its branch, and whether that has landed."""

    branch: str
    landed: bool = False


def name_heads(
    heads: Sequence[AdoptedHead], saved: Plan | None, journal: Mapping[TaskId, KnownTask]
) -> dict[str, TaskId]:
    """Returns the id of each branch: the number of its pull request, else the branch name without slashes.

    A branch that was named without a pull request keeps that id until it has landed. An id is never used for
    another branch.
    """
    planned = saved.tasks if saved is not None else {}
    owner = {task: one.branch for task, one in planned.items()} | {
        t: one.branch for t, one in journal.items()
    }
    landed = {task for task, one in journal.items() if one.landed}
    found: dict[str, TaskId] = {}

    def is_free(head: AdoptedHead, task: TaskId) -> bool:
        if task in found.values() or owner.get(task, head.branch) != head.branch:
            return False
        return task not in landed or task == str(head.pull)

    for head in sorted(heads, key=lambda head: head.pull is None):
        name = str(head.pull) if head.pull is not None else _plain(head.branch)
        kept = [task for task, branch in owner.items() if branch == head.branch and not task.isdecimal()]
        more = (f"{name}-{number}" for number in range(2, len(owner) + len(heads) + 3))
        wanted = map(TaskId, (*kept, name, *more))
        found[head.branch] = next(task for task in wanted if is_free(head, task))
    return found


def adopted_plan(
    saved: Plan | None,
    heads: Sequence[AdoptedHead],
    *,
    base: str,
    strategy: Strategy,
    journal: Mapping[TaskId, KnownTask],
    branches: Collection[str] = (),
) -> tuple[Plan, PlannedLevel]:
    """Returns the plan with a level for `heads`, in this order, and that level.

    Keeps a level that has exactly these heads. Removes other levels whose tasks have all landed. Existing
    `branches` are not used for a new level branch. Raises `bad-branch-name` or `same-branch` (exit 2).
    """
    ids = name_heads(heads, saved, journal)
    planned = saved.tasks if saved is not None else {}
    before = {task: ids[one.branch] for task, one in planned.items() if one.branch in ids}
    kept = _kept(saved, set(ids.values()), {*before}, {task for task, one in journal.items() if one.landed})
    same = next((level for level in kept if set(level.tasks) == set(ids.values())), None)
    level = same or _new_level(saved, [ids[head.branch] for head in heads], branches)
    levels = [*(one for one in kept if one is not same and not set(one.tasks) & set(ids.values())), level]
    tasks = {
        task: _renamed(planned[task], before) for one in levels if one is not level for task in one.tasks
    }
    tasks |= {ids[head.branch]: _task(head, ids, level, _dependents(heads)) for head in heads}
    own = [(f"Task {task}", tasks[task].branch) for one in levels for task in one.tasks]
    check_names([*((who, name) for who, name in own if ":" not in name), (level.name, level.branch)])
    plan = Plan(
        base=base,
        strategy=strategy,
        tag="",
        max_parallel=1,
        levels=tuple(levels),
        tasks=tasks,
        critical_path=(),
        schedules=_SCHEDULES,
        adopted=True,
    )
    return plan, level


def _task(
    head: AdoptedHead, ids: Mapping[str, TaskId], level: PlannedLevel, dependents: Mapping[str, set[str]]
) -> PlannedTask:
    task = ids[head.branch]
    return PlannedTask(
        id=task,
        title=head.title,
        branch=head.branch,
        level=level.number,
        wave=next(number for number, tasks in enumerate(level.waves, 1) if task in tasks),
        depends_on=tuple(ids[need] for need in head.needs if need in ids),
        estimate=1.0 + len(dependents[head.branch]),
    )


def _renamed(task: PlannedTask, before: Mapping[TaskId, TaskId]) -> PlannedTask:
    """Returns the task with its dependencies under their new ids; `before` maps old ids to new ones."""
    needs = tuple(before.get(need, need) for need in task.depends_on)
    return task if needs == task.depends_on else msgspec.structs.replace(task, depends_on=needs)


def _kept(
    saved: Plan | None, requested: Collection[TaskId], before: Collection[TaskId], landed: Collection[TaskId]
) -> list[PlannedLevel]:
    """Returns the saved levels that have not landed, without the heads that are selected again.

    Keeps a level of exactly these heads. `before` are their earlier ids.
    """
    levels = []
    for level in saved.levels if saved is not None else ():
        if set(level.tasks) == set(requested):
            levels.append(level)
            continue
        tasks = tuple(task for task in level.tasks if task not in requested and task not in before)
        waves = tuple(tuple(task for task in wave if task in tasks) for wave in level.waves)
        if any(task not in landed for task in tasks):
            levels.append(msgspec.structs.replace(level, tasks=tasks, waves=tuple(filter(None, waves))))
    return levels


def _new_level(saved: Plan | None, tasks: list[TaskId], branches: Collection[str]) -> PlannedLevel:
    number = max((level.number for level in saved.levels), default=0) + 1 if saved is not None else 1
    while f"gitcoord/adopted-{number}" in branches:
        number += 1
    return PlannedLevel(
        number=number,
        name=f"adopted-{number}",
        branch=f"gitcoord/adopted-{number}",
        waves=(tuple(tasks),),
        tasks=tuple(tasks),
    )


def _dependents(heads: Sequence[AdoptedHead]) -> dict[str, set[str]]:
    """Returns, for each head, the heads that must land after it."""
    found: dict[str, set[str]] = {head.branch: set() for head in heads}
    for head in heads:
        todo, seen = list(head.needs), set[str]()
        needs = {one.branch: one.needs for one in heads}
        while todo:
            need = todo.pop()
            if need in found and need not in seen and need != head.branch:
                seen.add(need)
                found[need].add(head.branch)
                todo += needs[need]
    return found


def _plain(branch: str) -> str:
    """Makes an id from a branch name: one component of a ref name, and not a number."""
    name = branch.replace("/", "-").replace(":", "-")
    return f"branch-{name}" if name.isdecimal() else name
