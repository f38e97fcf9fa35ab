"""Chooses the next move for a level across repositories from a look at each: pure functions."""

from collections.abc import Mapping

import msgspec

from gitcoord.landing.across.model import LevelScene, MemberLook, MissingTask
from gitcoord.level_events import LevelAcross
from gitcoord.tasks.model import TaskId
from gitcoord.text_lists import named_tasks

Looks = Mapping[str, MemberLook]


class LandAll(msgspec.Struct, frozen=True, kw_only=True):
    """Land these tasks, by repository, in the order given."""

    tasks: dict[str, frozenset[TaskId]]


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """Wait for the missing tasks: there is time."""

    missing: tuple[MissingTask, ...]


class TakeBack(msgspec.Struct, frozen=True, kw_only=True):
    """Roll the level back in these repositories, the last one that landed first."""

    names: tuple[str, ...]
    reason: str


class End(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing is left to do for now."""

    missing: tuple[MissingTask, ...] = ()


Move = LandAll | Pause | TakeBack | End


def next_move(
    scene: LevelScene, looks: Looks, begun: LevelAcross | None, stuck: Mapping[str, str], *, patient: bool
) -> Move:
    """Returns the next move. `stuck`: the repositories that just refused to land, with the reason."""
    if begun is not None and begun.state == "rolling-back":
        return TakeBack(names=_with_some(scene, looks), reason=begun.reason)
    if all(scene.tasks_in(name) <= looks[name].landed for name in scene.names):
        return End()
    later = _later(scene, looks)
    missing = (*_missing(scene, looks, later), *_refused(scene, looks, stuck))
    tasks = {name: looks[name].ready - later for name in scene.names}
    if not missing and any(tasks.values()):
        return LandAll(tasks={name: some for name, some in tasks.items() if some})
    rest = _unfinished(looks, begun)
    if (
        rest
        and not rest.keys() & stuck.keys()
        and all(some <= looks[name].ready for name, some in rest.items())
    ):
        return LandAll(tasks=rest)
    missing = missing or _crossed(scene, looks)
    if patient:
        return Pause(missing=missing)
    if begun is not None and begun.state == "proved" and scene.on_partial == "rollback":
        reason = _partial(scene, looks, begun)
        if reason:
            why = f"{reason}: {missing[0].reason}" if missing else reason
            return TakeBack(names=_with_some(scene, looks), reason=why)
    return End(missing=missing)


def _later(scene: LevelScene, looks: Looks) -> frozenset[TaskId]:
    """Returns the tasks that wait for an earlier wave in one of their repositories."""
    return frozenset(
        task
        for task in scene.level.tasks
        if any(_is_later(looks, name, task) for name in scene.whole.tasks[task].repositories)
    )


def _is_later(looks: Looks, name: str, task: TaskId) -> bool:
    look = looks.get(name)
    return look is not None and task not in look.landed | look.wave | look.ready


def _unfinished(looks: Looks, begun: LevelAcross | None) -> dict[str, frozenset[TaskId]]:
    """Returns what was proved and is not in yet, by repository: it lands before a later wave is looked at."""
    if begun is None or begun.state != "proved":
        return {}
    left = {
        name: frozenset(map(TaskId, tasks)) - looks[name].landed
        for name, tasks in begun.tasks.items()
        if name in looks
    }
    return {name: tasks for name, tasks in left.items() if tasks}


def _crossed(scene: LevelScene, looks: Looks) -> tuple[MissingTask, ...]:
    """Returns the tasks that wait for each other, because two repositories have them in different waves."""
    return tuple(
        MissingTask(
            repository=name,
            task=task,
            reason=f"it conflicts with {named_tasks(sorted(looks[name].wave))} and comes after "
            f"{'it' if len(looks[name].wave) == 1 else 'them'} here, but first in another repository: let "
            "one depend on the other in the task list, and plan again",
        )
        for name in scene.names
        for task in scene.level.tasks
        if name in scene.whole.tasks[task].repositories and _is_later(looks, name, task)
    )


def _missing(scene: LevelScene, looks: Looks, later: frozenset[TaskId]) -> tuple[MissingTask, ...]:
    """Returns the tasks that should land now and cannot, in landing order."""
    return tuple(
        MissingTask(repository=name, task=task, reason=looks[name].why_not(task))
        for name in scene.names
        for task in scene.level.tasks
        if task in looks[name].wave - later and (task not in looks[name].ready or looks[name].tree is None)
    )


def _refused(scene: LevelScene, looks: Looks, stuck: Mapping[str, str]) -> tuple[MissingTask, ...]:
    return tuple(
        MissingTask(repository=name, task=task, reason=reason)
        for name, reason in stuck.items()
        for task in sorted(scene.tasks_in(name) - looks[name].landed)[:1]
    )


def _with_some(scene: LevelScene, looks: Looks) -> tuple[str, ...]:
    """Returns the repositories in which a task of the level has landed, the last one first."""
    return tuple(name for name in reversed(scene.names) if looks[name].landed)


def _partial(scene: LevelScene, looks: Looks, begun: LevelAcross) -> str:
    """Returns why the landed tasks are of no use without the others; empty if they are of use."""
    inside = {
        task
        for name, tasks in begun.tasks.items()
        if name in looks
        for task in tasks
        if _in(looks, name, task)
    }
    rest = {
        TaskId(task)
        for name, tasks in begun.tasks.items()
        if name in looks
        for task in tasks
        if not _in(looks, name, task)
    }
    if not inside or not rest:
        return ""
    half = sorted(rest & inside)
    if half:
        return f"task {half[0]} has landed in one repository only"
    needed = sorted(
        task for task in rest if any(task in other.depends_on for other in scene.whole.tasks.values())
    )
    return f"task {needed[0]}, which others need, did not land" if needed else ""


def _in(looks: Looks, name: str, task: str) -> bool:
    return task in looks[name].landed
