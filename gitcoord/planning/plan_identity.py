"""Identity of a task: what it is beside its id, so that another task list with the same ids is noticed.

Title and details make a task, or its description where it has no details. Case, whitespace, status, priority,
dependencies and hints do not, nor the notes that `task-master update-subtask` adds to details.
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
    """A task under way whose id comes back as something else. `moved_to` is the id that it has now."""

    task: TaskId
    old_title: str
    new_title: str = ""
    """The title that the id has now; empty where the list no longer has the id."""
    moved_to: TaskId | None = None

    def sentence(self) -> str:
        """What happened to the id."""
        said = f"{self.task}: {self.old_title!r}"
        if self.moved_to is not None:
            said += f" is {self.moved_to} now"
            return f"{said}, and {self.task} is {self.new_title!r}" if self.new_title else said
        if self.new_title == self.old_title:
            return f"{said} has other details now"
        return f"{said} is {self.new_title!r} now"


def identity_of(task: Task | Subtask) -> TaskIdentity:
    """The identity of an entry of the task list."""
    return TaskIdentity(title=task.title, digest=digest_of(task))


def digest_of(task: Task | Subtask) -> str:
    """The digest of an entry's identity."""
    return _digest(task.title, _text(task))


def entries_of(tasks: TaskList) -> dict[TaskId, Task | Subtask]:
    """Every task and subtask of a list, by full id."""
    entries: list[Task | Subtask] = [*tasks.tasks, *(part for task in tasks.tasks for part in task.subtasks)]
    return {entry.id: entry for entry in entries}


def listed_identities(tasks: TaskList) -> dict[TaskId, TaskIdentity]:
    """The identity of every task and subtask of a list, by full id."""
    return {id: identity_of(entry) for id, entry in entries_of(tasks).items()}


def changed_tasks(
    known: Mapping[TaskId, TaskIdentity],
    listed: Mapping[TaskId, TaskIdentity],
    earlier: Mapping[TaskId, TaskIdentity],
) -> list[ChangedTask]:
    """The tasks of `known` (those under way) that the list `listed` has as something else, in its order.

    A task that only left the list is not changed; one that has another id in the list now is. `earlier` is
    what every id was in the saved plan: a twin that was there before is no move.
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
    """Whether both are the same task; by title alone where no digest was kept."""
    if before.digest and now.digest:
        return before.digest == now.digest
    return _plain(before.title) == _plain(now.title)


def is_another(before: TaskIdentity, now: Task | Subtask) -> bool:
    """Whether the list has another task than `before`: neither title nor details are the same."""
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
    import hashlib  # not for commands that only read

    return hashlib.sha256


def _plain(text: str) -> str:
    if "<info added on " in text:
        text = re.sub(_NOTE, "", text)
    if text.isascii():
        return " ".join(text.lower().split())
    import unicodedata

    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
