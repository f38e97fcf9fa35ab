"""What a level knows of stacks: which heads landed under other commits, and which parents cannot be told."""

from collections.abc import Iterable, Mapping

import msgspec

from gitcoord.evidence.model import Landing, Rollbacks
from gitcoord.evidence.pulls import merged_into
from gitcoord.evidence.rollbacks import find_rollbacks
from gitcoord.forge.port import Pull
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.merges import merge_tree
from gitcoord.git.run import Git, Oid
from gitcoord.git.stacks import Stacks
from gitcoord.state.progress import PENDING, Progress
from gitcoord.tasks.model import TaskId


class UnknownParent(msgspec.Struct, frozen=True, kw_only=True):
    """A branch is stacked on `head` of `task`, which landed as `landed`, written anew.

    Or `landed` is not `here` any more, so that it cannot be told.
    """

    task: TaskId
    head: Oid
    landed: Oid
    here: bool

    def sentence(self, branch: str, base: str) -> str:
        """What is wrong with `branch`, and the way on."""
        how = "without it, as" if self.here else "as the missing"
        return (
            f"{branch} is stacked on {self.head[:12]} of task {self.task}, which landed {how} "
            f"{self.landed[:12]}: what the branch itself changed is not known; merge {base} into it by hand, "
            "then submit it again"
        )


def landed_heads(
    progress: Mapping[TaskId, Progress], landed: Mapping[TaskId, Landing], undone: Rollbacks
) -> dict[Oid, Oid]:
    """Every head that landed, with the base's commit that brought it; what was rolled back since included.

    A merge would have left those heads in the base's history, too.
    """
    told = {
        event.head: landing
        for entry in progress.values()
        for event in entry.rollbacks
        if (landing := getattr(event, "landing", ""))
    }
    back = {one.head: told.get(one.head, one.commit) for found in undone.values() for one in found}
    return back | {landing.head: landing.commit for landing in landed.values()}


def pull_heads(ancestry: Ancestry, base_commit: Oid, pulls: Iterable[Pull]) -> dict[Oid, Oid]:
    """The same of what the forge says it has merged: a level branch may hold more than tasks."""
    return {pull.head_commit: commit for pull, commit in merged_into(ancestry, base_commit, pulls)}


def find_stacks(
    git: Git,
    ancestry: Ancestry,
    base_commit: Oid,
    progress: Mapping[TaskId, Progress],
    landed: Mapping[TaskId, Landing],
) -> Stacks:
    """The stacks on what has landed, from the landings that git shows."""
    undone = find_rollbacks(git, ancestry, base_commit, progress)
    return Stacks(ancestry, base_commit, landed_heads(progress, landed, undone))


def unknown_parent(
    git: Git,
    stacks: Stacks,
    tip: Oid,
    task: TaskId,
    progress: Mapping[TaskId, Progress],
    landed: Mapping[TaskId, Landing],
) -> UnknownParent | None:
    """The first parent of `tip` that landed rewritten, where it matters which changes are whose.

    Parents are the heads of other tasks that the journal knows: those that the branch was stacked on, and
    those that were handed in once.
    """
    ancestry = stacks.ancestry
    recorded = progress.get(task, PENDING).parents
    for other, landing in landed.items():
        if other == task:
            continue
        heads = {*progress.get(other, PENDING).heads, *([recorded[other]] if other in recorded else [])}
        heads -= {landing.head}
        below = ancestry.contained(tip, heads) if heads else set()
        below -= ancestry.contained(stacks.base, below) | ancestry.contained(landing.head, below)
        if below and not ancestry.contains(tip, landing.commit):
            for head in sorted(below):
                if _matters(git, stacks, tip, head):
                    here = bool(ancestry.existing({landing.head}))
                    return UnknownParent(task=other, head=head, landed=landing.head, here=here)
    return None


def _matters(git: Git, stacks: Stacks, tip: Oid, head: Oid) -> bool:
    """Whether merging `tip` comes out otherwise when `head` counts as landed."""
    with git.quarantine() as aside:
        plain = stacks.merge(aside, tip)
        stacked = merge_tree(aside, stacks.base_for(aside, tip, head), tip)
    return not (plain.clean and stacked.clean and plain.tree == stacked.tree)
