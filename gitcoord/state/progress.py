"""Where each task stands according to the journal.

History, not truth: whether a task has landed is git's to say.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

from gitcoord.events import (
    AnyEvent,
    BranchUpdated,
    PullOpened,
    TaskDeferred,
    TaskFolded,
    TaskLanded,
    TaskStarted,
    TaskSubmitted,
)
from gitcoord.git.run import Oid
from gitcoord.tasks.model import TaskId

Stand = Literal["pending", "started", "submitted", "deferred", "landed"]


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """What the journal says of one task.

    `head` is the commit that was last handed in (or that gitcoord itself made of it since). `deferral`
    is set until the work is handed in again; `landing` is a claim that git has to confirm.
    """

    stand: Stand = "pending"
    started_by: str = ""
    started_at: str = ""
    submitted_by: str = ""
    submitted_at: str = ""
    branch: str = ""
    head: Oid | None = None
    pull: int | None = None
    folded: TaskFolded | None = None
    deferral: TaskDeferred | None = None
    landing: TaskLanded | None = None


PENDING = Progress()


def fold(events: Iterable[AnyEvent]) -> dict[TaskId, Progress]:
    """The progress of every task that has events; `events` oldest first."""
    tasks: dict[TaskId, Progress] = {}
    for event in events:
        if event.task is not None:
            task = TaskId(event.task)
            tasks[task] = _after(tasks.get(task, PENDING), event)
    return tasks


def _after(before: Progress, event: AnyEvent) -> Progress:
    change = msgspec.structs.replace
    match event:
        case TaskStarted():
            stand: Stand = "started" if before.stand == "pending" else before.stand
            return change(before, stand=stand, started_by=event.by, started_at=event.at, branch=event.branch)
        case TaskSubmitted():
            return change(
                before,
                stand="submitted",
                submitted_by=event.by,
                submitted_at=event.at,
                branch=event.branch,
                head=event.head,
                deferral=None,
                landing=None,
                # What has landed has had its pull request; new work needs another.
                pull=None if before.landing else before.pull,
            )
        case BranchUpdated():
            # Work handed in meanwhile is newer than what was brought up to date.
            return change(before, head=event.commit) if before.head == event.head else before
        case PullOpened():
            return change(before, pull=event.pull)
        case TaskFolded():
            return change(before, folded=event)
        case TaskDeferred():
            return change(before, stand="deferred", deferral=event)
        case TaskLanded():
            return change(
                before, stand="landed", landing=event, pull=event.pull or before.pull, deferral=None
            )
        case _:
            return before
