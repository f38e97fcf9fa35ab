"""Turns dependencies as written into edges between tasks and between the subtasks of one task.

A subtask's dependency means the first of these that exists: a sibling (`2`, or in full `3.2`), a subtask of
another task (`4.1`), a task. A dependency on an unknown id is an error for a task, which would wait forever,
and a warning for a subtask, where ignoring it does not change the levels. If a subtask depends on another
task, so does its own task, since a task lands as a whole ("lifted"). Every edge is kept, even to finished
tasks: edges that delay nothing are `settled`, and the planner removes them.
"""

from collections.abc import Iterable
from typing import cast

import msgspec

from gitcoord.tasks.coercion import ID_LENGTH, listed, one_line, quoted
from gitcoord.tasks.diagnostics import Findings
from gitcoord.tasks.model import ListedStatus, TaskId
from gitcoord.tasks.parse_entries import TaskEntry

_LONGEST = 3 * ID_LENGTH


class Edges(msgspec.Struct):
    """`direct` and `lifted` lead from tasks to tasks, `siblings` and `foreign` from subtasks.

    `lifted` has a sentence that explains each edge. An edge is also in `whole` if the task itself depends on
    a subtask of the other task. It is `settled` if only finished subtasks need it, or if it needs only
    finished subtasks of an unfinished task. `conflicts` are the resolved `conflicts_with`. Only `direct`,
    `siblings` and `foreign` have every id.
    """

    direct: dict[TaskId, tuple[TaskId, ...]]
    lifted: dict[TaskId, dict[TaskId, str]]
    siblings: dict[TaskId, tuple[TaskId, ...]]
    foreign: dict[TaskId, tuple[TaskId, ...]]
    conflicts: dict[TaskId, tuple[TaskId, ...]]
    whole: dict[TaskId, set[TaskId]]
    settled: dict[TaskId, tuple[TaskId, ...]]


def resolve(entries: Iterable[TaskEntry], findings: Findings, *, cancelled_satisfies: bool) -> Edges:
    """Returns the edges of the whole list."""
    resolver = _Resolver(entries, findings, cancelled_satisfies=cancelled_satisfies)
    for entry in resolver.tasks.values():
        resolver.task(entry)
    return resolver.edges


class _Resolver:
    def __init__(
        self, entries: Iterable[TaskEntry], findings: Findings, *, cancelled_satisfies: bool
    ) -> None:
        self.findings = findings
        self.edges = Edges({}, {}, {}, {}, {}, {}, {})
        self.tasks = {entry.id: entry for entry in entries}
        self.cancelled_satisfies = cancelled_satisfies
        self.subtasks: dict[TaskId, tuple[TaskEntry, TaskEntry]] = {}
        for entry in self.tasks.values():
            for sub in entry.subtasks:
                self.subtasks[sub.id] = (entry, sub)

    def task(self, entry: TaskEntry) -> None:
        id, edges = entry.id, self.edges
        if not (entry.subtasks or entry.hints.conflicts_with) and self._all_plain(entry):
            edges.direct[id] = cast("tuple[TaskId, ...]", entry.written.ids)
            return
        direct: dict[TaskId, None] = {}
        unknown: list[str] = []
        for name in self._names(entry):
            found = self._find(name, entry)
            if found is None:
                unknown.append(name)
            elif found.id == entry.id:
                self._self(entry)
            elif found.id in self.tasks:
                direct[found.id] = None
                self._tell_cancelled(entry, found)
            else:
                self._lift(entry, entry, found)
        self._dangling(entry, unknown)
        self.edges.direct[entry.id] = tuple(direct)
        self._conflicts(entry, entry)
        for sub in entry.subtasks:
            self._subtask(entry, sub)

    def _all_plain(self, entry: TaskEntry) -> bool:
        """Whether the task depends only on other tasks, and no message is needed."""
        if entry.written.others:
            return False
        tasks, subtasks = self.tasks, self.subtasks
        for id in cast("tuple[TaskId, ...]", entry.written.ids):
            if id not in tasks or id == entry.id or id in subtasks:
                return False
            if tasks[id].status is ListedStatus.CANCELLED:
                return False
        return True

    def _subtask(self, parent: TaskEntry, sub: TaskEntry) -> None:
        siblings: dict[TaskId, None] = {}
        foreign: dict[TaskId, None] = {}
        unknown: list[str] = []
        for name in self._names(sub, parent):
            found = self._find(name, sub, parent)
            if found is None:
                unknown.append(name)
            elif found.id == sub.id:
                self._self(sub)
            elif found.id == parent.id:
                self._drop(sub, "subtask-depends-on-parent", f"its own task {parent.id}")
            elif self._parent_of(found) == parent.id:
                siblings[found.id] = None
                self._tell_cancelled(sub, found)
            else:
                foreign[found.id] = None
                self._lift(parent, sub, found)
        self._dangling(sub, unknown, blocks=False)
        self.edges.siblings[sub.id] = tuple(siblings)
        self.edges.foreign[sub.id] = tuple(foreign)
        self._conflicts(sub, parent)

    def _find(self, name: str, entry: TaskEntry, parent: TaskEntry | None = None) -> TaskEntry | None:
        """Returns the entry that `name` means in `entry` (a subtask of `parent`, if given), or None."""
        if parent is not None:
            # Siblings first: nearly every plain number in a subtask means one.
            owner, sibling = self.subtasks.get(TaskId(f"{parent.id}.{name}"), (None, None))
            if owner is parent:
                return sibling
        id = TaskId(name)
        if id in self.subtasks:
            return self.subtasks[id][1]
        if id in self.tasks:
            return self.tasks[id]
        return self._find_shorter(name, entry)

    def _find_shorter(self, name: str, entry: TaskEntry) -> TaskEntry | None:
        """Returns the subtask 33.3 for `33.3.1`: there is no deeper level than subtasks. None without it."""
        while len(name) <= _LONGEST and name.count(".") > 1:
            name = name.rpartition(".")[0]
            if name in self.subtasks and name != entry.id:
                self.findings.warn(
                    "dependency-too-deep",
                    f"Task {entry.id} depends on something inside {name}. gitcoord reads no parts of "
                    f"subtasks, so it waits for {name}.",
                    entry.id,
                )
                return self.subtasks[TaskId(name)][1]
        return None

    def _names(self, entry: TaskEntry, parent: TaskEntry | None = None) -> tuple[str, ...]:
        """Returns the dependencies of `entry` as written; reports ids in other fields."""
        written = entry.written
        for other in written.others:
            missed = [name for name in other.ids if name not in written.ids]
            if written.given or other.remark:
                # Beside `dependencies`, `blockedBy` is often a remark; only existing ids are reported.
                missed = [name for name in missed if self._known(name, parent)]
            if missed:
                self.findings.fault(
                    "depends-on-alias",
                    f"Task {entry.id} has {listed(map(quoted, missed))} in `{one_line(other.field)}`, which "
                    "gitcoord does not read, and not in `dependencies`.",
                    entry.id,
                    blocks=entry.remains,
                )
        return written.ids

    def _known(self, name: str, parent: TaskEntry | None) -> bool:
        sibling = parent is not None and f"{parent.id}.{name}" in self.subtasks
        return sibling or name in self.tasks or name in self.subtasks

    def _lift(self, owner: TaskEntry, who: TaskEntry, found: TaskEntry) -> None:
        """Makes the task `owner` wait for the task of `found`, because `who` depends on `found`."""
        self._tell_cancelled(who, found)
        target = self._parent_of(found)
        if target == owner.id:
            self._drop(who, "depends-on-own-subtask", f"its own subtask {found.id}")
            return
        if who.remains and (self._satisfied(self.tasks[target]) or not self._satisfied(found)):
            lifted = self.edges.lifted.setdefault(owner.id, {})
            lifted.setdefault(target, f"{who.id} depends on {found.id}")
        else:
            self.edges.settled[owner.id] = (*self.edges.settled.get(owner.id, ()), target)
        if who is owner:
            self.edges.whole.setdefault(owner.id, set()).add(target)

    def _parent_of(self, found: TaskEntry) -> TaskId:
        return found.id if found.id in self.tasks else self.subtasks[found.id][0].id

    def _satisfied(self, entry: TaskEntry) -> bool:
        return entry.status is ListedStatus.DONE or (
            self.cancelled_satisfies and entry.status is ListedStatus.CANCELLED
        )

    def _tell_cancelled(self, entry: TaskEntry, found: TaskEntry) -> None:
        if entry.remains and self.cancelled_satisfies and found.status is ListedStatus.CANCELLED:
            self.findings.warn(
                "cancelled-satisfies",
                f"Task {entry.id} depends on {found.id}, which is cancelled; it does not wait for it.",
                entry.id,
            )

    def _dangling(self, entry: TaskEntry, unknown: list[str], *, blocks: bool = True) -> None:
        if not unknown:
            return
        names = listed(quoted(name) for name in unknown)
        message = f"Task {entry.id} depends on {names}, which {_are(unknown)} not in the list"
        if not blocks:
            message += "; gitcoord does not wait for that"
        self.findings.fault(
            "dangling-dependency" if blocks else "subtask-dangling-dependency",
            f"{message}.",
            entry.id,
            blocks=blocks and entry.remains,
        )

    def _self(self, entry: TaskEntry) -> None:
        message = f"Task {entry.id} depends on itself."
        self.findings.fault("self-dependency", message, entry.id, blocks=entry.remains)

    def _drop(self, entry: TaskEntry, code: str, what: str) -> None:
        self.findings.warn(code, f"Task {entry.id} depends on {what}; the dependency is ignored.", entry.id)

    def _conflicts(self, entry: TaskEntry, task: TaskEntry) -> None:
        """Adds the conflicts of `entry`: between siblings to the subtask, with other tasks to its `task`."""
        inside: dict[TaskId, None] = {}
        outside = dict.fromkeys(self.edges.conflicts.get(task.id, ()))
        for name in entry.hints.conflicts_with:
            found = self._find(name, entry, task if entry is not task else None)
            if found is None:
                self.findings.warn(
                    "unknown-conflict",
                    f"`conflicts_with` of task {entry.id} names {quoted(name)}, which is not in the list.",
                    entry.id,
                )
            elif self._parent_of(found) != task.id:
                outside[self._parent_of(found)] = None
            elif found.id not in (entry.id, task.id):
                inside[found.id] = None
        self.edges.conflicts[task.id] = tuple(outside)
        if entry is not task:
            self.edges.conflicts[entry.id] = tuple(inside)


def _are(things: list[str]) -> str:
    return "is" if len(things) == 1 else "are"
