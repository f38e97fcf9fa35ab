"""Ids that occur twice, among tasks and subtasks together."""

from collections.abc import Iterable

import msgspec

from gitcoord.tasks.coercion import listed, quoted
from gitcoord.tasks.diagnostics import Findings
from gitcoord.tasks.model import TaskId
from gitcoord.tasks.parse_entries import TaskEntry


def unique(entries: Iterable[TaskEntry], findings: Findings) -> dict[TaskId, TaskEntry]:
    """The tasks by id. Of those that share one the first is kept; an error if any of them remains."""
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
