"""The Task model: the content of a task list. Ids are strings; knows neither git nor plans."""

from enum import StrEnum
from typing import NewType

import msgspec

TaskId = NewType("TaskId", str)
"""A task's id as a trimmed string. A subtask's full id is `PARENT.SUBTASK`."""


class ListedStatus(StrEnum):
    """A task's status in the list. `unknown`: gitcoord does not know it; the task counts as not done."""

    PENDING = "pending"
    IN_PROGRESS = "in-progress"
    REVIEW = "review"
    DONE = "done"
    DEFERRED = "deferred"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class Subtask(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a task's `subtasks`.

    `id` is the full id (`3.1`); `depends_on` holds full ids of siblings only. If a subtask depends on
    another task or its subtasks, the reader adds that task to the parent's `depends_on`, and keeps
    the full ids in `foreign`, for messages and for finer schedules.
    """

    id: TaskId
    title: str
    status: ListedStatus = ListedStatus.PENDING
    depends_on: tuple[TaskId, ...] = ()
    foreign: tuple[TaskId, ...] = ()
    description: str = ""
    details: str = ""
    test_strategy: str = ""
    estimate: float | None = None
    modifies: tuple[str, ...] = ()
    parallel_safe: bool = True
    marked_safe: bool = False
    conflicts_with: tuple[TaskId, ...] = ()


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One task of the list.

    `depends_on` has ids of other top-level tasks, including those that only its subtasks need. `estimate` is
    in minutes, `complexity` is 1 to 10; both None if unknown. `modifies` has gitignore-style globs of the
    files that the task will touch (empty: unknown). `marked_safe`: the list itself says `parallel_safe:
    true`, which gitcoord trusts.
    """

    id: TaskId
    title: str
    status: ListedStatus = ListedStatus.PENDING
    priority: str = "medium"
    description: str = ""
    details: str = ""
    test_strategy: str = ""
    depends_on: tuple[TaskId, ...] = ()
    lifted: tuple[TaskId, ...] = ()
    """Those of `depends_on` that only its subtasks need; the rest of the task does not wait for them."""
    settled: tuple[TaskId, ...] = ()
    """Those of `depends_on` that no longer block it: they, or the subtasks that need them, are done."""
    subtasks: tuple[Subtask, ...] = ()
    complexity: float | None = None
    estimate: float | None = None
    modifies: tuple[str, ...] = ()
    parallel_safe: bool = True
    marked_safe: bool = False
    conflicts_with: tuple[TaskId, ...] = ()
    repo: str | None = None
    repositories: tuple[str, ...] = ()
    """The repositories in its `repo`, if the settings have several."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A warning or error about a task list: `code` is stable; `task` is the task in question, if any."""

    code: str
    message: str
    task: TaskId | None = None


class TaskList(msgspec.Struct, frozen=True, kw_only=True):
    """The tasks of one tag, in file order, with the warnings found while reading them."""

    tag: str
    tasks: tuple[Task, ...]
    warnings: tuple[Finding, ...] = ()
    source: str = ""
    kind: str = "taskmaster"
    path: str = ""
    """The path of the list; empty for standard input."""
