"""The document of `gitcoord status`, from the plan, the journal and git's evidence for landings."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from gitcoord.evidence.model import Landing
from gitcoord.git.git_cli import Oid
from gitcoord.planning.model import Plan, PlannedTask
from gitcoord.progress.make_picture import Parent, Picture, UnitState
from gitcoord.state.task_history import PENDING, Progress
from gitcoord.tasks.model import Finding, TaskId

State = Literal["pending", "started", "submitted", "open-pull", "deferred", "landed", "rolled-back"]


class Deferred(msgspec.Struct, frozen=True, kw_only=True):
    """The reason why a task was deferred, with the other tasks and the paths."""

    reason: str
    others: tuple[str, ...] = msgspec.field(name="with")
    paths: tuple[str, ...]


class TaskTrouble(msgspec.Struct, frozen=True, kw_only=True):
    """The reason why a unit (the task or a subtask) cannot continue, and the number of its newest attempt."""

    unit: TaskId
    state: UnitState
    reason: str
    attempt: int


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt's lease: after `lease` seconds without a heartbeat the attempt counts as lost.

    The last heartbeat was `age` seconds ago, according to the clock of the attempt's worker.
    """

    attempt: int
    lease: float
    age: float


class TaskStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one task; `since`: the time at which it reached the state, None if not recorded.

    `work` is the state of its units, as in `--watch`: a task in state `started` may have no running worker.
    """

    title: str
    state: State
    branch: str
    level: int
    wave: int
    by: str | None = None
    since: str | None = None
    head: str | None = None
    pull: int | None = None
    landed_commit: str | None = None
    deferred: Deferred | None = None
    held: str | None = None
    """Why it must not land: a person's decision, or a parent that has landed as other commits."""
    work: UnitState | None = None
    quiet: dict[TaskId, float] = {}
    """For its running units: seconds since the agent's last output, if known."""
    leases: dict[TaskId, Lease] = {}
    """The leases of its running units whose workers have sent a heartbeat."""
    troubles: tuple[TaskTrouble, ...] = ()


class LevelStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one level; `landed`: all of its tasks have landed."""

    name: str
    branch: str
    landed: bool
    waves: tuple[tuple[TaskId, ...], ...]
    tasks: tuple[TaskId, ...]


class LandedShare(msgspec.Struct, frozen=True, kw_only=True):
    """How much has landed; `percent` is rounded down: 100 means everything."""

    tasks: int
    landed: int
    percent: int


class StatusDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The document `gitcoord.status/1`."""

    base: str
    strategy: str
    tag: str
    levels: tuple[LevelStatus, ...]
    tasks: dict[TaskId, TaskStatus]
    progress: LandedShare
    warnings: tuple[Finding, ...] = ()
    closed: str = ""
    """The usage limit that stops this clone's agents now; empty if there is none."""


def make_status(
    plan: Plan,
    progress: Mapping[TaskId, Progress],
    landed: Mapping[TaskId, Landing],
    warnings: Sequence[Finding] = (),
    moved_on: Mapping[TaskId, Oid] | None = None,
    picture: Picture | None = None,
    held: Mapping[TaskId, str] | None = None,
    leases: Mapping[TaskId, Lease] | None = None,
) -> StatusDocument:
    """Makes the status of a plan. `landed` is git's evidence; a journal entry alone does not count.

    `moved_on`: the tips of landed tasks' branches that have newer commits. `picture`: the dashboard model,
    which has the state of each unit. `held`: the reasons why landing holds branches, by task. `leases`: those
    of running units.
    """
    work = {parent.id: parent for parent in picture.parents} if picture else {}
    tasks = {
        task: _task(
            planned,
            progress.get(task, PENDING),
            landed.get(task),
            work.get(task),
            (held or {}).get(task),
            leases or {},
        )
        for task, planned in plan.tasks.items()
    }
    levels = tuple(
        LevelStatus(
            name=level.name,
            branch=level.branch,
            landed=all(task in landed for task in level.tasks),
            waves=level.waves,
            tasks=level.tasks,
        )
        for level in plan.levels
    )
    count = sum(task in landed for task in plan.tasks)
    percent = 100 * count // len(plan.tasks) if plan.tasks else 100
    return StatusDocument(
        base=plan.base,
        strategy=plan.strategy,
        tag=plan.tag,
        levels=levels,
        tasks=tasks,
        progress=LandedShare(tasks=len(plan.tasks), landed=count, percent=percent),
        closed=picture.closed if picture else "",
        warnings=(*warnings, *_unconfirmed(plan, progress, landed), *unlanded_commits(plan, moved_on or {})),
    )


def _task(
    planned: PlannedTask,
    before: Progress,
    landing: Landing | None,
    work: Parent | None,
    held: str | None,
    leases: Mapping[TaskId, Lease],
) -> TaskStatus:
    state = _state(before, landing)
    held = before.rejection.reason if before.rejection else held
    return TaskStatus(
        title=planned.title,
        state=state,
        branch=planned.branch,
        level=planned.level,
        wave=planned.wave,
        by=(before.started_by if state == "started" else before.submitted_by or before.started_by) or None,
        since=_since(state, before),
        head=landing.head if landing else before.head,
        pull=before.pull,
        landed_commit=landing.commit if landing else None,
        held=held if state not in ("landed", "deferred") else None,
        deferred=_deferred(before) if state == "deferred" else None,
        work=work.state if work else None,
        quiet=_quiet(work) if work else {},
        leases={id: leases[id] for id in (planned.id, *(one.id for one in planned.subtasks)) if id in leases},
        troubles=_troubles(work) if work and state in ("pending", "started") else (),
    )


def _quiet(work: Parent) -> dict[TaskId, float]:
    units = (unit for wave in work.waves for unit in wave)
    return {unit.id: round(unit.quiet, 1) for unit in units if unit.quiet is not None}


def _troubles(work: Parent) -> tuple[TaskTrouble, ...]:
    return tuple(
        TaskTrouble(unit=unit.id, state=unit.state, reason=unit.why, attempt=unit.attempt)
        for wave in work.waves
        for unit in wave
        if unit.state in ("failed", "cancelled", "deferred")
    )


def _state(before: Progress, landing: Landing | None) -> State:
    if landing is not None:
        return "landed"
    if before.deferral is not None:
        return "deferred"
    if before.state == "rolled-back":
        return "rolled-back"
    if before.has_submitted_work:
        return "submitted" if before.pull is None else "open-pull"
    return "started" if before.started_at or before.attempts else "pending"


def _since(state: State, before: Progress) -> str | None:
    if state == "landed":
        return before.landing.at if before.landing else None
    if state == "deferred":
        return before.deferral.at if before.deferral else None
    if state == "rolled-back":
        return before.rollbacks[-1].at
    if state in ("submitted", "open-pull"):
        return before.submitted_at or None
    return before.started_at or None


def _deferred(before: Progress) -> Deferred | None:
    told = before.deferral
    return None if told is None else Deferred(reason=told.reason, others=told.others, paths=told.paths)


def unlanded_commits(plan: Plan, moved_on: Mapping[TaskId, Oid]) -> tuple[Finding, ...]:
    """Returns a warning for each landed task whose branch has newer commits."""
    return tuple(
        Finding(
            code="unlanded-commits",
            task=task,
            message=f"Task {task} has landed, but {plan.tasks[task].branch} has newer commits ({tip[:12]}) "
            f"that have not; `gitcoord submit {task}` submits them.",
        )
        for task, tip in moved_on.items()
    )


def _unconfirmed(
    plan: Plan, progress: Mapping[TaskId, Progress], landed: Mapping[TaskId, Landing]
) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            code="unconfirmed-landing",
            task=task,
            message=f"The journal says that task {task} landed as {before.landing.commit[:12]}, "
            f"but {plan.base} does not contain it.",
        )
        for task, before in progress.items()
        if before.landing is not None and task in plan.tasks and task not in landed
    )
