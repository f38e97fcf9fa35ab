"""Parses the raw tasks of a list leniently, one for each id; `resolve_dependencies` interprets dependencies.

Problems of done or cancelled tasks are only warnings, since nobody will do these again.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from gitcoord.tasks.coercion import (
    ID_LENGTH,
    id_text,
    listed,
    number,
    one_line,
    priority_of,
    quoted,
    status_of,
    text,
    usable,
)
from gitcoord.tasks.dependencies import WrittenDependencies, read_dependencies
from gitcoord.tasks.diagnostics import Findings
from gitcoord.tasks.metadata import Hints, read_hints
from gitcoord.tasks.model import ListedStatus, TaskId

SETTLED = (ListedStatus.DONE, ListedStatus.CANCELLED)
# Smaller whole numbers are valid ids without a check of their characters.
_PLAIN_IDS = 10**18


class TaskEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A task or subtask of the file, with its dependencies as written; `id` is the full id.

    `remains`: neither the task nor its parent is done or cancelled.
    """

    id: TaskId
    title: str
    status: ListedStatus
    remains: bool
    priority: str
    description: str
    details: str
    test_strategy: str
    written: WrittenDependencies
    complexity: float | None
    hints: Hints
    subtasks: tuple["TaskEntry", ...] = ()


def decode_tasks(raw: list[Any], findings: Findings) -> list[TaskEntry]:
    """Returns every task of `raw` that has a usable id, in order; reports the other entries."""
    entries: list[TaskEntry] = []
    for place, value in enumerate(raw, 1):
        if not isinstance(value, dict):
            findings.warn(
                "not-a-task",
                f"Entry {place} of the list is {quoted(value)}, not a task; gitcoord skips it.",
            )
            continue
        id = _usable_id(value)
        if id is None:
            _tell_unusable(value, f"Entry {place} of the list", findings)
            continue
        entries.append(_task(value, id, findings))
    return entries


def unique(entries: Iterable[TaskEntry], findings: Findings) -> dict[TaskId, TaskEntry]:
    """Returns the tasks by id: the first one if several share an id, which is an error or a warning."""
    tasks: dict[TaskId, TaskEntry] = {}
    twins: dict[TaskId, list[TaskEntry]] = {}
    for entry in entries:
        if tasks.setdefault(entry.id, entry) is not entry:
            twins.setdefault(entry.id, [tasks[entry.id]]).append(entry)
    seen = dict(tasks)
    for id, task in tasks.items():
        if not task.subtasks:
            continue
        kept = []
        for sub in task.subtasks:
            if seen.setdefault(sub.id, sub) is sub:
                kept.append(sub)
            else:
                twins.setdefault(sub.id, [seen[sub.id]]).append(sub)
        if len(kept) < len(task.subtasks):
            tasks[id] = msgspec.structs.replace(task, subtasks=tuple(kept))
    for id, same in twins.items():
        _tell_twins(id, same, findings)
    _warn_of_case(tasks, findings)
    return tasks


def _task(raw: dict[str, Any], id: TaskId, findings: Findings) -> TaskEntry:
    status = _status(raw, id, findings, strict=True)
    remains = status not in SETTLED
    priority = priority_of(raw.get("priority"))
    if priority is None and raw.get("priority") not in (None, ""):
        said = quoted(raw["priority"])
        findings.gather("unknown-priority", f"The priority {said} is unknown; it counts as medium", id)
    subtasks = _subtasks(raw.get("subtasks"), id, remains, findings)
    return _entry(raw, id, findings, status, remains, priority or "medium", subtasks)


def _entry(
    raw: dict[str, Any],
    id: TaskId,
    findings: Findings,
    status: ListedStatus,
    remains: bool,
    priority: str = "medium",
    subtasks: tuple[TaskEntry, ...] = (),
) -> TaskEntry:
    return TaskEntry(
        id=id,
        title=one_line(raw.get("title")) or one_line(raw.get("name")) or f"Task {id}",
        status=status,
        remains=remains,
        priority=priority,
        description=text(raw.get("description")),
        details=text(raw.get("details")),
        test_strategy=text(raw.get("testStrategy")),
        written=read_dependencies(raw, id, findings),
        complexity=number(raw.get("complexity"), above=0, most=10),
        hints=read_hints(raw, id, findings),
        subtasks=subtasks,
    )


def _subtasks(raw: Any, parent: TaskId, remains: bool, findings: Findings) -> tuple[TaskEntry, ...]:
    if raw is None:
        return ()
    if not isinstance(raw, list):
        findings.warn("not-a-task", f"`subtasks` of task {parent} is {quoted(raw)}; it is ignored.", parent)
        return ()
    entries: list[TaskEntry] = []
    for place, value in enumerate(raw, 1):
        if not isinstance(value, dict):
            what = f"Entry {place} of the subtasks of task {parent} is {quoted(value)}, not a subtask"
            findings.warn("not-a-task", f"{what}; gitcoord skips it.", parent)
            continue
        own = _usable_id(value)
        if own is None:
            what = f"Entry {place} of the subtasks of task {parent}"
            _tell_unusable(value, what, findings, blocks=remains)
            continue
        # Some lists use the full id, even as a number: 31.1 under task 31.
        full = own if own.startswith(f"{parent}.") else f"{parent}.{own}"
        status = _status(value, TaskId(full), findings, strict=False)
        if value.get("subtasks"):
            _tell_nested(value["subtasks"], TaskId(full), findings)
        left = remains and status not in SETTLED
        entries.append(_entry(value, TaskId(full), findings, status, left))
    return tuple(entries)


def _tell_nested(raw: Any, owner: TaskId, findings: Findings) -> None:
    """Warns about subtasks of a subtask, which gitcoord does not plan, and about their dependencies."""
    below = [part for part in raw if isinstance(part, dict)] if isinstance(raw, list) else []
    needs = dict.fromkeys(name for part in below for name in read_dependencies(part, owner, None).ids)
    waits = f", nor their dependencies on {listed(needs)}" if needs else ""
    findings.warn(
        "nested-subtasks",
        f"Subtask {owner} has {quoted(raw) if not below else f'{len(below)}'} "
        f"subtask{'' if len(below) == 1 else 's'} of its own; "
        f"gitcoord does not read subtasks of subtasks{waits}.",
        owner,
    )


def _usable_id(raw: dict[str, Any]) -> TaskId | None:
    value = raw.get("id")
    if type(value) is int and 0 <= value <= _PLAIN_IDS:
        return TaskId(str(value))
    id = id_text(value)
    return TaskId(id) if id is not None and usable(id) else None


def _tell_unusable(raw: dict[str, Any], what: str, findings: Findings, *, blocks: bool = True) -> None:
    value = raw.get("id")
    id = id_text(value)
    title = one_line(raw.get("title"))
    named = f"{what} ({quoted(title)})" if title else what
    wrong = (
        "has no id" if value is None or id == "" else f"has the id {quoted(value)}, which gitcoord cannot use"
    )
    findings.fault(
        "unusable-id", f"{named} {wrong}.", TaskId(one_line(id)[:ID_LENGTH]) if id else None, blocks=blocks
    )


def _status(raw: dict[str, Any], id: TaskId, findings: Findings, *, strict: bool) -> ListedStatus:
    value = raw.get("status")
    status, native = status_of(value)
    if status is ListedStatus.UNKNOWN:
        findings.warn(
            "unknown-status",
            f"Task {id} has the status {quoted(value)}, which gitcoord does not know; it counts as not done.",
            id,
        )
    elif strict and not native:
        given = "A missing status" if value in (None, "") else f"The status {quoted(value)}"
        findings.gather("odd-status", f"{given} counts as {status}, although TaskMaster fails on it", id)
    return status


def _tell_twins(id: TaskId, same: list[TaskEntry], findings: Findings) -> None:
    blocks = any(entry.remains for entry in same)
    often = "twice" if len(same) == 2 else f"{len(same)} times"
    findings.fault(
        "duplicate-id",
        f"The id {id} occurs {often}: {listed((quoted(entry.title) for entry in same), 3)}"
        + ("." if blocks else "; none is left to do, so the first one counts."),
        id,
        blocks=blocks,
    )


def _warn_of_case(tasks: dict[TaskId, TaskEntry], findings: Findings) -> None:
    seen: dict[str, TaskId] = {}
    for id, task in tasks.items():
        twin = seen.setdefault(id.casefold(), id)
        if twin != id and task.remains:
            findings.warn(
                "ids-differ-in-case",
                f"The ids {twin} and {id} differ only in case; on some disks their branches collide.",
                id,
            )
