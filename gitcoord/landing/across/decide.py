"""Decides the next step for a level across repositories, from the state of each: pure functions."""

from collections.abc import Container, Mapping

import msgspec

from gitcoord.landing.across.model import AcrossContext, MissingTask, RepositoryState
from gitcoord.level_events import LevelAcross
from gitcoord.tasks.model import TaskId
from gitcoord.text_lists import named_tasks

RepositoryStates = Mapping[str, RepositoryState]


class LandAll(msgspec.Struct, frozen=True, kw_only=True):
    """Land these tasks in their repositories, in this order of repositories."""

    tasks: dict[str, frozenset[TaskId]]


class WaitForMissing(msgspec.Struct, frozen=True, kw_only=True):
    """Wait for the missing tasks: the deadline has not passed."""

    missing: tuple[MissingTask, ...]


class RollBack(msgspec.Struct, frozen=True, kw_only=True):
    """Roll the level back in these repositories, in reverse landing order."""

    names: tuple[str, ...]
    reason: str


class BringForward(msgspec.Struct, frozen=True, kw_only=True):
    """Let a task land before the open waves of these repositories, because it is ready in another one.

    Otherwise two tasks would block each other if two repositories have them in opposite waves.
    """

    task: TaskId
    names: tuple[str, ...]


class End(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing is left to do for now."""

    missing: tuple[MissingTask, ...] = ()


AcrossStep = LandAll | WaitForMissing | RollBack | BringForward | End


def next_across_step(
    across: AcrossContext,
    states: RepositoryStates,
    recorded: LevelAcross | None,
    refusals: Mapping[str, str],
    *,
    may_wait: bool,
    forward: Container[TaskId] = (),
) -> AcrossStep:
    """Returns the next step. `refusals`: the repositories that just refused to land, with the reason.

    `may_wait`: there is time left. `forward` are the tasks for which this run has done a `BringForward`.
    """
    if recorded is not None and recorded.state == "rolling-back":
        return RollBack(names=_with_landed_tasks(across, states), reason=recorded.reason)
    if all(across.tasks_in(name) <= states[name].landed for name in across.names):
        return End()
    later = in_later_waves(across, states)
    missing = (*_missing(across, states, later), *_refused(across, states, refusals))
    tasks = {name: states[name].ready - later for name in across.names}
    if not missing and any(tasks.values()):
        return LandAll(tasks={name: some for name, some in tasks.items() if some})
    rest = _unfinished(states, recorded)
    if (
        rest
        and not rest.keys() & refusals.keys()
        and all(some <= states[name].ready for name, some in rest.items())
    ):
        return LandAll(tasks=rest)
    if not missing:
        step = _bring_forward(across, states, later)
        if step is not None and step.task not in forward:
            return step
        missing = _in_opposite_waves(across, states)
    if may_wait:
        return WaitForMissing(missing=missing)
    if recorded is not None and recorded.state == "proved" and across.on_partial == "rollback":
        reason = _why_no_use(across, states, recorded)
        if reason:
            why = f"{reason}: {missing[0].reason}" if missing else reason
            return RollBack(names=_with_landed_tasks(across, states), reason=why)
    return End(missing=missing)


def in_later_waves(across: AcrossContext, states: RepositoryStates) -> frozenset[TaskId]:
    """Returns the tasks that at least one of the repositories in `states` has in a later wave."""
    return frozenset(
        task
        for task in across.level.tasks
        if any(_is_in_later_wave(states, name, task) for name in across.plan.tasks[task].repositories)
    )


def _is_in_later_wave(states: RepositoryStates, name: str, task: TaskId) -> bool:
    state = states.get(name)
    return state is not None and task not in state.landed | state.wave | state.ready


def _unfinished(states: RepositoryStates, recorded: LevelAcross | None) -> dict[str, frozenset[TaskId]]:
    """Returns the proved tasks that have not landed, by repository; they land before a later wave."""
    if recorded is None or recorded.state != "proved":
        return {}
    left = {
        name: frozenset(map(TaskId, tasks)) - states[name].landed
        for name, tasks in recorded.tasks.items()
        if name in states
    }
    return {name: tasks for name, tasks in left.items() if tasks}


def _bring_forward(
    across: AcrossContext, states: RepositoryStates, later: frozenset[TaskId]
) -> BringForward | None:
    """Returns the step for the first task that is ready in one repository and in a later wave of others."""
    for task in across.level.tasks:
        if task in later and any(task in state.ready for state in states.values()):
            places = across.plan.tasks[task].repositories
            behind = (
                name for name in across.names if name in places and _is_in_later_wave(states, name, task)
            )
            return BringForward(task=task, names=tuple(behind))
    return None


def _in_opposite_waves(across: AcrossContext, states: RepositoryStates) -> tuple[MissingTask, ...]:
    """Returns the tasks that block each other: two repositories have them in opposite waves."""
    return tuple(
        MissingTask(
            repository=name,
            task=task,
            reason=f"it conflicts with {named_tasks(sorted(states[name].wave))} and comes after "
            f"{'it' if len(states[name].wave) == 1 else 'them'} here, but first in another repository: let "
            "one depend on the other in the task list, and plan again",
        )
        for name in across.names
        for task in across.level.tasks
        if name in across.plan.tasks[task].repositories and _is_in_later_wave(states, name, task)
    )


def _missing(
    across: AcrossContext, states: RepositoryStates, later: frozenset[TaskId]
) -> tuple[MissingTask, ...]:
    """Returns the tasks that should land now and cannot, in landing order."""
    return tuple(
        MissingTask(repository=name, task=task, reason=states[name].why_not(task))
        for name in across.names
        for task in across.level.tasks
        if task in states[name].wave - later and (task not in states[name].ready or states[name].tree is None)
    )


def _refused(
    across: AcrossContext, states: RepositoryStates, refusals: Mapping[str, str]
) -> tuple[MissingTask, ...]:
    return tuple(
        MissingTask(repository=name, task=task, reason=reason)
        for name, reason in refusals.items()
        for task in sorted(across.tasks_in(name) - states[name].landed)[:1]
    )


def _with_landed_tasks(across: AcrossContext, states: RepositoryStates) -> tuple[str, ...]:
    """Returns the repositories in which a task of the level has landed, in reverse landing order."""
    return tuple(name for name in reversed(across.names) if states[name].landed)


def _why_no_use(across: AcrossContext, states: RepositoryStates, recorded: LevelAcross) -> str:
    """Returns why the landed tasks are of no use without the missing ones, or an empty text."""
    inside = {
        task
        for name, tasks in recorded.tasks.items()
        if name in states
        for task in tasks
        if _has_landed(states, name, task)
    }
    rest = {
        TaskId(task)
        for name, tasks in recorded.tasks.items()
        if name in states
        for task in tasks
        if not _has_landed(states, name, task)
    }
    if not inside or not rest:
        return ""
    half = sorted(rest & inside)
    if half:
        return f"task {half[0]} has landed in one repository only"
    needed = sorted(
        task for task in rest if any(task in other.depends_on for other in across.plan.tasks.values())
    )
    return f"task {needed[0]}, which others need, did not land" if needed else ""


def _has_landed(states: RepositoryStates, name: str, task: str) -> bool:
    return task in states[name].landed
