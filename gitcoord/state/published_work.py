"""The unfinished work of running attempts, for clones on other machines: one ref for each attempt.

Its worker replaces the ref at an interval (`publish-progress`) and deletes it at the end. If the worker is
dead, the process that takes over the attempt or begins the next one deletes the ref.
"""

from collections.abc import Mapping

import msgspec

from gitcoord.git.git_cli import Oid
from gitcoord.git.remote_refs import RefUpdate
from gitcoord.state.store import Store
from gitcoord.state.task_history import PENDING, Progress
from gitcoord.tasks.model import TaskId

_FOLDER = "work/"


def work_prefix(store: Store) -> str:
    """Returns the prefix of all refs with unfinished work of this task list."""
    return f"{store.shared.state_prefix}{_FOLDER}{store.generation}/"


def work_ref(store: Store, unit: str, attempt: int) -> str:
    """Returns the ref of an attempt's unfinished work."""
    return f"{work_prefix(store)}{attempt}/{unit}"


def published_work(store: Store, progress: Mapping[TaskId, Progress]) -> dict[TaskId, Oid]:
    """Returns the unfinished work of each unit whose attempt is running, as of the last fetch."""
    return {one.unit: one.tip for one in _published(store) if _is_running(one, progress)}


def abandoned_work(
    store: Store, progress: Mapping[TaskId, Progress], unit: TaskId | None = None
) -> list[RefUpdate]:
    """Returns a deletion for each ref (of `unit`, or of all units) whose attempt is no longer running."""
    return [
        RefUpdate(one.ref, one.tip, None)
        for one in _published(store)
        if unit in (None, one.unit) and not _is_running(one, progress)
    ]


class _Published(msgspec.Struct, frozen=True):
    ref: str
    tip: Oid
    unit: TaskId
    attempt: int


def _is_running(one: _Published, progress: Mapping[TaskId, Progress]) -> bool:
    newest = progress.get(one.unit, PENDING).attempt
    return newest is not None and newest.running and newest.number == one.attempt


def _published(store: Store) -> list[_Published]:
    prefix, found = work_prefix(store), []
    for ref, tip in store.shared.list(prefix).items():
        attempt, slash, unit = ref.removeprefix(prefix).partition("/")
        if slash and attempt.isdecimal():
            found.append(_Published(ref, tip, TaskId(unit), int(attempt)))
    return found
