"""The snapshot: plan, journal, branches, base and landings at one moment."""

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

import msgspec

from gitcoord.evidence.landings import landed_tasks
from gitcoord.evidence.model import Landing, Rollbacks
from gitcoord.evidence.rollbacks import find_rollbacks, open_proposals, with_rollbacks
from gitcoord.evidence.stacks import landed_heads
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.base_branch import base_missing
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.stacks import Stacks
from gitcoord.planning.model import Plan
from gitcoord.state.store import Store
from gitcoord.state.task_history import Progress
from gitcoord.tasks.model import TaskId

if TYPE_CHECKING:
    from gitcoord.forge.pull_requests import Pull


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Plan, journal, branches, base and landings at one moment.

    `progress` is from the journal, corrected by the rollbacks in `undone` that are not recorded yet. `tips`
    maps branch names to commits.
    """

    plan: Plan
    base_commit: Oid
    tips: Mapping[str, Oid]
    progress: Mapping[TaskId, Progress]
    landed: Mapping[TaskId, Landing]
    undone: Rollbacks
    ancestry: Ancestry

    def make_stacks(self, others: Mapping[Oid, Oid] | None = None, git: Git | None = None) -> Stacks:
        """Returns the stacks, which find the branches on top of work that landed as other commits.

        `others` adds heads with the commits that landed them. `git` is for branches that are only in a
        quarantine.
        """
        ancestry = self.ancestry if git is None else Ancestry(git)
        heads = landed_heads(self.progress, self.landed, self.undone)
        return Stacks(ancestry, self.base_commit, {**(others or {}), **heads})


def _nothing(branches: Collection[str]) -> "Collection[Pull]":
    return ()


def read_snapshot(
    store: Store,
    plan: Plan,
    *,
    progress: Mapping[TaskId, Progress] | None = None,
    pulls: "Collection[Pull]" = (),
    rollback_pulls: "Callable[[Collection[str]], Collection[Pull]]" = _nothing,
) -> Snapshot:
    """Reads a snapshot from the refs of the last fetch. Raises `base-missing` (exit 2).

    `progress` is for a caller that has read the journal. `pulls` are pull requests of the plan's branches;
    `rollback_pulls` asks the forge for those of rollbacks that git alone does not find.
    """
    base_commit = store.shared.branch(plan.base)
    if base_commit is None:
        raise base_missing(plan.base)
    git, ancestry, tips = store.repository.git, store.repository.ancestry, store.shared.branches()
    progress = store.progress() if progress is None else progress
    undone = find_rollbacks(git, ancestry, base_commit, progress)
    if proposed := open_proposals(progress, undone):
        merged = rollback_pulls(sorted(proposed))
        undone = find_rollbacks(git, ancestry, base_commit, progress, merged) if merged else undone
    progress = with_rollbacks(ancestry, progress, undone)
    landed = landed_tasks(
        git,
        base_commit=base_commit,
        plan=plan,
        progress=progress,
        tips=tips,
        ancestry=ancestry,
        pulls=pulls,
        undone=undone,
    )
    return Snapshot(
        plan=plan,
        base_commit=base_commit,
        tips=tips,
        progress=progress,
        landed=landed,
        undone=undone,
        ancestry=ancestry,
    )


def find_snapshot(store: Store, plan: Plan) -> Snapshot | None:
    """Reads a snapshot; None if the plan's base branch does not exist: then nothing has landed."""
    return read_snapshot(store, plan) if store.shared.branch(plan.base) is not None else None
