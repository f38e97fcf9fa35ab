"""Finds the commits of a level branch that must not land with it."""

from collections.abc import Sequence

import msgspec

from gitcoord.evidence.folds import folds
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.git_cli import Git, Oid
from gitcoord.landing.model import LevelBranch, TaskState
from gitcoord.tasks.model import TaskId


def with_excess(
    git: Git, ancestry: Ancestry, base_commit: Oid, branch: LevelBranch | None, works: Sequence[TaskState]
) -> LevelBranch | None:
    """Returns the level branch with `folds`, `excess` and `by_hand` read from its commits."""
    if branch is None or branch.tip is None:
        return branch
    inside = folds(git, ancestry, base_commit, branch.tip)
    by_task = {work.task: work for work in works}
    excess = [t for t, head in inside.found if not _is_part(ancestry, by_task.get(TaskId(t)), head)]
    return msgspec.structs.replace(
        branch,
        folds=tuple(dict.fromkeys(TaskId(task) for task, _ in inside.found)),
        excess=tuple(dict.fromkeys(excess)),
        by_hand=inside.by_hand,
    )


def _is_part(ancestry: Ancestry, work: TaskState | None, head: Oid) -> bool:
    """Whether `head`, which was folded in before, has landed or is still part of the work to land."""
    if work is None or work.standing == "landed":
        return work is not None  # the plan may no longer have the task
    return work.standing == "ready" and work.head is not None and ancestry.contains(work.head, head)
