"""Stacks in a level: the heads that landed as other commits, and the parents that landed rewritten."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING

import msgspec

from gitcoord.evidence.copies import older_version
from gitcoord.evidence.landings import needed
from gitcoord.evidence.merged_pulls import merged_into
from gitcoord.evidence.model import Landing, Rollbacks
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.merge_tree import merge_tree
from gitcoord.git.stacks import Stacks
from gitcoord.planning.model import Plan
from gitcoord.state.task_history import PENDING, Progress
from gitcoord.tasks.model import TaskId

if TYPE_CHECKING:
    from gitcoord.forge.pull_requests import Pull


class UnknownParent(msgspec.Struct, frozen=True, kw_only=True):
    """The branch of `child` is stacked on `head` of `task`, which landed rewritten as `landed`.

    `here` is False if this clone lacks the commit `landed`, which can then not be compared.
    """

    child: TaskId
    task: TaskId
    head: Oid
    landed: Oid
    here: bool

    def fact(self, branch: str) -> str:
        """Returns a sentence about the problem of `branch`."""
        how = "without it, as" if self.here else "as the missing"
        return (
            f"{branch} is stacked on {self.head[:12]} of task {self.task}, which landed {how} "
            f"{self.landed[:12]}"
        )

    def sentence(self, branch: str, base: str) -> str:
        """Returns a sentence about the problem of `branch`, and its solution."""
        why = f"{self.fact(branch)}: the branch's own changes cannot be determined"
        if self.here:
            return (
                f"{why}; `gitcoord checkout {self.child}` merges {base} in as if it began at "
                f"{self.head[:12]}: review it, then submit it again"
            )
        return (
            f"{why}; merge {base} into it yourself, repeat its reverts of task {self.task}, "
            "then submit it again"
        )


def landed_heads(
    progress: Mapping[TaskId, Progress], landed: Mapping[TaskId, Landing], undone: Rollbacks
) -> dict[Oid, Oid]:
    """Returns all heads that landed, each with its commit in the base, including those rolled back since.

    Merges would have left all these heads in the base's history.
    """
    told = {
        event.head: landing
        for entry in progress.values()
        for event in entry.rollbacks
        if (landing := getattr(event, "landing", ""))
    }
    back = {one.head: told.get(one.head, one.commit) for found in undone.values() for one in found}
    return back | {landing.head: landing.commit for landing in landed.values()}


def pull_heads(ancestry: Ancestry, base_commit: Oid, pulls: "Iterable[Pull]") -> dict[Oid, Oid]:
    """Returns the heads of merged pull requests, each with its merge commit.

    A level branch may have landed more than the heads of tasks.
    """
    return {pull.head_commit: commit for pull, commit in merged_into(ancestry, base_commit, pulls)}


class Parents:
    """Finds parents that landed rewritten: the changes of the branches on top of them are then unknown."""

    def __init__(
        self,
        git: Git,
        stacks: Stacks,
        plan: Plan,
        progress: Mapping[TaskId, Progress],
        landed: Mapping[TaskId, Landing],
    ) -> None:
        self._git = git
        self._stacks = stacks
        self._plan = plan
        self._progress = progress
        self._landed = landed
        self._ancestry = stacks.ancestry

    def unknown(self, tip: Oid, task: TaskId) -> UnknownParent | None:
        """Returns the first of `all_unknown`, or None."""
        return next(self.all_unknown(tip, task), None)

    def all_unknown(self, tip: Oid, task: TaskId) -> Iterator[UnknownParent]:
        """Yields the parents of a task's branch at `tip` that landed rewritten and change how `tip` merges.

        Parents are earlier heads of landed tasks in the journal, or older versions of the task's
        dependencies, which are recognized by author, time and subject of their commits.
        """
        for other, head in self._candidates(tip, task):
            landing = self._landed[other]
            if not self._ancestry.contains(tip, landing.commit) and self._matters(tip, head):
                here = bool(self._ancestry.existing({landing.head}))
                yield UnknownParent(child=task, task=other, head=head, landed=landing.head, here=here)

    def _candidates(self, tip: Oid, task: TaskId) -> Iterator[tuple[TaskId, Oid]]:
        recorded = self._progress.get(task, PENDING).parents
        made_on = {(TaskId(other), head) for other, head in recorded.items() if other in self._landed}
        lost = {pair for pair in self._lost | self._without_landed(made_on) if pair[0] != task}
        below = self._ancestry.contained(tip, {head for _, head in lost}) if lost else set()
        yield from sorted(pair for pair in lost if pair[1] in below)
        for other in sorted(needed(self._plan, task) & self._landed.keys()):
            landing = self._landed[other]
            if not self._ancestry.contains(tip, landing.commit):
                find = partial(older_version, self._git, tip, landing.head)
                head = self._ancestry.remembered(("older version", tip, landing.head), find)
                # The landing of another task is known: the base has the copies of its commits from a rebase.
                if head is not None and not any(
                    self._ancestry.contains(h, head) for h in self._stacks.landed
                ):
                    yield other, head

    @cached_property
    def _lost(self) -> set[tuple[TaskId, Oid]]:
        """The submitted heads of landed tasks that neither the base nor the landed heads contain."""
        handed_in = {
            (other, head) for other in self._landed for head in self._progress.get(other, PENDING).heads
        }
        return self._without_landed(handed_in)

    def _without_landed(self, heads: Collection[tuple[TaskId, Oid]]) -> set[tuple[TaskId, Oid]]:
        left = {(task, head) for task, head in heads if head != self._landed[task].head}
        contains = self._ancestry.contains
        inside = self._ancestry.contained(self._stacks.base, {head for _, head in left}) if left else set()
        return {
            (task, head)
            for task, head in left
            if head not in inside and not contains(self._landed[task].head, head)
        }

    def _matters(self, tip: Oid, head: Oid) -> bool:
        """Whether merging `tip` gives another result if `head` counts as landed."""
        with self._git.quarantine() as aside:
            plain = self._stacks.merge(aside, tip)
            stacked = merge_tree(aside, self._stacks.base_for(aside, tip, head), tip)
        return not (plain.clean and stacked.clean and plain.tree == stacked.tree)
