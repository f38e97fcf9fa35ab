"""Finds the stacked works of a level, and the works that must land before them."""

from collections.abc import Mapping, Sequence

import msgspec

from gitcoord.git.ancestry import Ancestry
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.stacks import Stacks
from gitcoord.landing.model import TaskState
from gitcoord.tasks.model import TaskId
from gitcoord.text_lists import named_tasks


def with_stacks(git: Git, ancestry: Ancestry, stacks: Stacks, works: Sequence[TaskState]) -> list[TaskState]:
    """Marks the works that are stacked on work that landed as other commits.

    A ready work that also contains other ready works waits for them. If it were updated now, it would contain
    one parent as landed in the base and the other as its own commits, and no merge base would fit both.
    """
    found = stacks.find(git, {work.head for work in works if work.head and work.standing != "landed"})
    ready = {work.head: work.task for work in works if work.head and work.standing == "ready"}
    return [
        _stacked(ancestry, ready, work) if work.head in found and work.standing != "landed" else _alone(work)
        for work in works
    ]


def _stacked(ancestry: Ancestry, ready: Mapping[Oid, TaskId], work: TaskState) -> TaskState:
    others = [head for head in ready if head != work.head]
    below = ancestry.contained(work.head or "", others)
    parents = [ready[head] for head in others if head in below]
    if work.standing != "ready" or not parents:
        return msgspec.structs.replace(work, stacked=True, waits_for=())
    reason = f"it is also stacked on {named_tasks(parents)}, which must land first"
    return msgspec.structs.replace(work, stacked=True, waits_for=tuple(parents), reason=reason)


def _alone(work: TaskState) -> TaskState:
    if not work.stacked:
        return work
    reason = "" if work.waits_for else work.reason
    return msgspec.structs.replace(work, stacked=False, waits_for=(), reason=reason)
