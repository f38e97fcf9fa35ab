"""Identifies tasks by more than their ids, to notice another task list with the same ids.

A task is identified by title and details, or by its description if it has no details. Case, whitespace,
status, priority, dependencies and hints do not count, nor do the notes that `task-master update-subtask` adds
to details.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from gitcoord.task_identity import TaskIdentity
from gitcoord.tasks.model import Subtask, Task, TaskId, TaskList

if TYPE_CHECKING:
    import hashlib

_NOTE = r"(?s)<info added on ([^>]*)>.*?</info added on \1>"
_DIGITS = 16


class ChangedTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task under way whose id now means another task. `moved_to` is the task's present id."""

    task: TaskId
    old_title: str
    new_title: str = ""
    """The present title of the id; empty if the list no longer has it."""
    moved_to: TaskId | None = None

    def sentence(self) -> str:
        """Returns a sentence on the change of the id."""
        said = f"{self.task}: {self.old_title!r}"
        if self.moved_to is not None:
            said += f" is {self.moved_to} now"
            return f"{said}, and {self.task} is {self.new_title!r}" if self.new_title else said
        if self.new_title == self.old_title:
            return f"{said} has other details now"
        return f"{said} is {self.new_title!r} now"


def identity_of(task: Task | Subtask) -> TaskIdentity:
    """Returns the identity of an entry of the task list."""
    return TaskIdentity(title=task.title, digest=digest_of(task))


def digest_of(task: Task | Subtask) -> str:
    """Returns the digest of an entry's identity."""
    return _digest(task.title, _text(task))


def entries_of(tasks: TaskList) -> dict[TaskId, Task | Subtask]:
    """Returns every task and subtask of a list, by full id."""
    entries: list[Task | Subtask] = [*tasks.tasks, *(part for task in tasks.tasks for part in task.subtasks)]
    return {entry.id: entry for entry in entries}


def listed_identities(tasks: TaskList) -> dict[TaskId, TaskIdentity]:
    """Returns the identity of every task and subtask of a list, by full id."""
    return {id: identity_of(entry) for id, entry in entries_of(tasks).items()}


def changed_tasks(
    known: Mapping[TaskId, TaskIdentity],
    listed: Mapping[TaskId, TaskIdentity],
    earlier: Mapping[TaskId, TaskIdentity],
) -> list[ChangedTask]:
    """Returns the tasks of `known` (those under way) whose ids mean other tasks in `listed`.

    A task that the list does not have is not returned; one that it has under another id is. `earlier` has the
    identities in the saved plan: an equal task that was there before does not count as moved.
    """
    changed = []
    owners = _owners(listed)
    for task, before in known.items():
        now = listed.get(task)
        if now is not None and same(before, now):
            continue
        twins = owners.get(before.digest, ())
        moved = next((id for id in twins if id not in earlier or not same(earlier[id], before)), None)
        if now is not None or moved is not None:
            title = now.title if now is not None else ""
            changed.append(ChangedTask(task=task, old_title=before.title, new_title=title, moved_to=moved))
    return changed


def same(before: TaskIdentity, now: TaskIdentity) -> bool:
    """Whether both are the same task; compares only titles if no digest was stored."""
    if before.digest and now.digest:
        return before.digest == now.digest
    return _plain(before.title) == _plain(now.title)


def is_another(before: TaskIdentity, now: Task | Subtask) -> bool:
    """Whether the list has a different task than `before`: title and details both differ."""
    if same(before, identity_of(now)) or _plain(before.title) == _plain(now.title):
        return False
    text = _text(now)
    return not (text and _digest(before.title, text) == before.digest)


def _text(task: Task | Subtask) -> str:
    return task.details or task.description


def _owners(listed: Mapping[TaskId, TaskIdentity]) -> dict[str, list[TaskId]]:
    owners: dict[str, list[TaskId]] = {}
    for id, identity in listed.items():
        owners.setdefault(identity.digest, []).append(id)
    return owners


def _digest(title: str, text: str) -> str:
    whole = _plain(f"{title} \0 {text}")
    return _sha256()(whole.encode("utf-8", "surrogateescape")).hexdigest()[:_DIGITS]


@cache
def _sha256() -> "Callable[[bytes], hashlib._Hash]":
    import hashlib  # Imported here: commands that only read do not need it.

    return hashlib.sha256


def _plain(text: str) -> str:
    if "<info added on " in text:
        text = re.sub(_NOTE, "", text)
    if text.isascii():
        return " ".join(text.lower().split())
    import unicodedata

    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
