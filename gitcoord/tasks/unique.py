"""Ids that occur twice, among tasks and subtasks together."""

from collections.abc import Iterable

import msgspec

from gitcoord.tasks.decode import Entry
from gitcoord.tasks.findings import Findings
from gitcoord.tasks.model import TaskId
from gitcoord.tasks.values import quoted


def unique(entries: Iterable[Entry], findings: Findings) -> dict[TaskId, Entry]:
    """The tasks by id. Of those that share one the first is kept; an error if any of them remains."""
    tasks: dict[TaskId, Entry] = {}
    for entry in entries:
        _take(tasks, entry, findings)
    seen = dict(tasks)
    for id, task in tasks.items():
        subtasks = tuple(sub for sub in task.subtasks if _take(seen, sub, findings))
        if len(subtasks) < len(task.subtasks):
            tasks[id] = msgspec.structs.replace(task, subtasks=subtasks)
    _warn_of_case(tasks, findings)
    return tasks


def _take(seen: dict[TaskId, Entry], entry: Entry, findings: Findings) -> bool:
    first = seen.setdefault(entry.id, entry)
    if first is entry:
        return True
    blocks = first.remains or entry.remains
    findings.fault(
        "duplicate-id",
        f"The id {entry.id} occurs twice: {quoted(first.title)} and {quoted(entry.title)}"
        + ("." if blocks else "; neither is left to do, so the first one counts."),
        entry.id,
        blocks=blocks,
    )
    return False


def _warn_of_case(tasks: dict[TaskId, Entry], findings: Findings) -> None:
    seen: dict[str, TaskId] = {}
    for id, task in tasks.items():
        twin = seen.setdefault(id.casefold(), id)
        if twin != id and task.remains:
            findings.warn(
                "ids-differ-in-case",
                f"The ids {twin} and {id} differ only in case; on some disks their branches collide.",
                id,
            )
