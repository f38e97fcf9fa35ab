"""Sets statuses in the task list from git: landed tasks are done, rolled-back tasks are pending again."""

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gitcoord.errors import GitcoordError, usage_error
from gitcoord.planning.plan_identity import entries_of, is_another
from gitcoord.state.known_tasks import find_others, tasks_changed
from gitcoord.tasks.model import Finding, ListedStatus, TaskId, TaskList
from gitcoord.tasks.reader import read_task_list
from gitcoord.tasks.sources.kinds import GITHUB
from gitcoord.tasks.write_back.splices import DONE, NewStatus
from gitcoord.tasks.write_back.write import ListFile, WriteResult, write_statuses

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gitcoord.cli.context import Context
    from gitcoord.evidence.snapshot import Snapshot
    from gitcoord.planning.model import Plan

_PENDING: NewStatus = "pending"
_OVER = (ListedStatus.DONE, ListedStatus.CANCELLED)


class StatusChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a task's or subtask's status in the list, from `before` to `now`."""

    task: TaskId
    before: str
    now: str


class SyncReport(msgspec.Struct, frozen=True, kw_only=True):
    """The statuses that were set in the list `source`, or would be with `dry_run`, and problems with others.

    `by`: `file`, or `bd` for beads.
    """

    source: str
    kind: str
    changes: tuple[StatusChange, ...]
    by: str
    problems: tuple[Finding, ...]
    dry_run: bool


def sync_list(
    context: "Context", *, tasks: str | None = None, origin: str | None = None, dry_run: bool = False
) -> SyncReport:
    """Sets the statuses in the saved plan's list. The caller has fetched the shared refs.

    Raises `no-task-list`, `tasks-changed`, `base-missing` or an error of the list (exit 2), or `cannot-write`
    (exit 3).
    """
    plan, root = context.store.require_plan(), context.repository.root
    if is_on_github(plan):
        raise usage_error(
            "no-task-list",
            "The tasks are issues on GitHub, which their pull requests close.",
            "`[tasks] write-back = true` in the settings puts `Closes #N` into their texts.",
        )
    if plan.source == "" and tasks is None and origin is None:
        raise usage_error(
            "no-task-list",
            "The plan's task list is not a file of this repository, so gitcoord cannot write to it.",
            "Name it: `--tasks PATH` or `--from KIND:PATH`.",
        )
    listed = read_task_list(
        root=root,
        tasks=tasks,
        origin=origin,
        usual=context.settings.tasks.origin,
        tag=plan.tag,
        kept_list=plan.source,
        environ={},
    )
    if root is None or not listed.path:
        raise usage_error("no-task-list", "There is no file to write to here.", "Run it in a checkout.")
    _check_branch(context, plan)
    snapshots = _snapshots(context, plan)
    for snapshot in snapshots.values():
        others = find_others(listed, plan, snapshot.progress, snapshot.tips)
        if others:
            raise tasks_changed(others, listed.source)
    changes = _changes(plan, listed, snapshots)
    result = WriteResult()
    if not dry_run:
        place = ListFile(kind=listed.kind, path=Path(listed.path), tag=listed.tag, root=root)
        result = write_statuses(place, {one.task: _wish(one) for one in changes})
    return SyncReport(
        source=listed.source,
        kind=listed.kind,
        changes=tuple(one for one in changes if dry_run or one.task in result.written),
        by=result.by,
        problems=result.problems,
        dry_run=dry_run,
    )


def sync_after_landing(context: "Context") -> None:
    """Runs `sync_list` if the settings ask for it, and prints the result to stderr; an error is a warning."""
    if not context.settings.tasks.write_back:
        return
    from gitcoord.cli.views.output import warn

    context.store.refresh()
    plan = context.store.plan()
    if plan is not None and is_on_github(plan):
        return
    try:
        report = sync_list(context)
    except GitcoordError as error:
        hint = "Run `gitcoord sync` later."
        warn([Finding(code=error.code, message=f"The task list was not updated: {error.message} {hint}")])
        return
    tell_sync(report)


def is_on_github(plan: "Plan") -> bool:
    """Whether the tasks are issues on GitHub: pull requests close them, and `sync` does not."""
    return plan.source.startswith(f"{GITHUB}:")


def tell_sync(report: SyncReport) -> None:
    """Prints one line for each status, and the problems as warnings."""
    from gitcoord.cli.views.output import clean, say, warn

    verb = "would be" if report.dry_run else "is"
    for change in report.changes:
        say(clean(f"{report.source}: {change.task} {verb} {change.now} (was {change.before})"))
    warn(report.problems)


def _check_branch(context: "Context", plan: "Plan") -> None:
    """Raises `no-task-list` on the branch of a task or level: landing drops changes to the list from it."""
    here = context.repository.current_branch()
    own = {task.branch for task in plan.tasks.values()} | {level.branch for level in plan.levels}
    if here in own:
        raise usage_error(
            "no-task-list",
            f"This checkout is on {here}: changes to the task list do not land from that branch.",
            f"Run it in a checkout of {plan.base}.",
        )


def _snapshots(context: "Context", plan: "Plan") -> "dict[str, Snapshot]":
    """Returns the snapshot of each repository of the plan; the only one has no name."""
    from gitcoord.evidence.snapshot import read_snapshot

    if context.several is not None:
        return context.several.snapshots(plan)
    return {"": read_snapshot(context.store, plan)}


def _changes(plan: "Plan", listed: TaskList, snapshots: "Mapping[str, Snapshot]") -> list[StatusChange]:
    entries, identities = entries_of(listed), plan.identities()
    found = []
    for task, planned in plan.tasks.items():
        names = snapshots if "" in snapshots else planned.repositories
        own = [snapshots[name] for name in names if name in snapshots]
        landed = bool(own) and all(task in snapshot.landed for snapshot in own)
        told = [snapshot.progress[task] for snapshot in own if task in snapshot.progress]
        undone = not landed and any(one.state == "rolled-back" for one in told)
        if not (landed or undone):
            continue
        for id in (task, *(part.id for part in planned.subtasks)):
            entry = entries.get(id)
            if entry is None or is_another(identities[id], entry):
                continue
            if landed and entry.status not in (_OVER if id != task else (ListedStatus.DONE,)):
                found.append(StatusChange(task=id, before=entry.status, now=DONE))
            elif undone and entry.status is ListedStatus.DONE:
                found.append(StatusChange(task=id, before=entry.status, now=_PENDING))
    return found


def _wish(change: StatusChange) -> NewStatus:
    return DONE if change.now == DONE else _PENDING
