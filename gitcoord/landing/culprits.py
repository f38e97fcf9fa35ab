"""Finds the tasks together with which a task fails its check, with few additional checks."""

from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

import msgspec

from gitcoord.checks.blame import Blame, Others, find_others
from gitcoord.checks.model import CheckTarget
from gitcoord.events import BranchUpdated
from gitcoord.git.git_cli import Oid
from gitcoord.landing.combinations import Regenerate
from gitcoord.landing.predecessors import Predecessor, Predecessors, find_predecessors
from gitcoord.landing.proof import CheckContext, CheckFailure, CheckOptions, FailingTask, ResultOf, TaskHead
from gitcoord.tasks.model import TaskId

if TYPE_CHECKING:
    from gitcoord.event import CheckOutcome

RunChecks = Callable[[Sequence[CheckTarget], Mapping[Oid, tuple[TaskId, ...]]], None]
"""Checks targets until at least one has a result; the second argument: the tasks of each tree."""


class FailedCombination(msgspec.Struct, frozen=True, kw_only=True):
    """A task whose check fails on `tree`, on top of the tasks `ahead`."""

    work: TaskHead
    tree: Oid
    ahead: tuple[TaskHead, ...] = ()


class _BlameSearch:
    """The search for the tasks with which one task fails.

    `blame` is the result so far. It is None before the first call of `wanted`, and stays None if the task's
    predecessors are not known.
    """

    def __init__(
        self, before: Predecessors | None, slots: int, result_of: ResultOf, regenerate: Regenerate
    ) -> None:
        self._before, self._slots, self._result_of, self._regenerate = before, slots, result_of, regenerate
        self._outcomes: dict[Others, CheckOutcome] = {}
        self.blame: Blame | None = None

    @property
    def known(self) -> Sequence[Predecessor]:
        """The task's predecessors, to which `blame` refers by number."""
        return () if self._before is None else self._before.known

    def wanted(self) -> list[Oid]:
        """Returns the trees to check next, from the results so far; none when the search is over."""
        if self._before is None:
            return []
        while True:
            self.blame = find_others(len(self._before.known), self._outcomes, self._slots)
            trees = []
            for others in self.blame.wanted:
                merged = self._before.tree(others)
                tree = None if merged is None else self._regenerate(merged)
                result = None if tree is None else self._result_of(tree)
                if tree is None or result is not None:
                    # This result may make the other sets unnecessary: do not merge those yet.
                    self._outcomes[others] = "unclear" if result is None else result.outcome
                    break
                trees.append(tree)
            else:
                return trees


class Culprits:
    """Explains failures on one base; `check` runs checks, `result_of` returns known results."""

    def __init__(
        self,
        context: CheckContext,
        options: CheckOptions,
        slots: int,
        *,
        result_of: ResultOf,
        check: RunChecks,
    ) -> None:
        self._place, self._options, self._slots = context, options, slots
        self._result_of, self._check = result_of, check

    def failing(self, failed: Sequence[FailedCombination]) -> list[FailingTask]:
        """Returns, for each failed task, the tasks with which it fails. The searches share the slots."""
        searches = [
            _BlameSearch(
                self._predecessors(one.work, one.ahead), self._slots, self._result_of, self._place.regenerate
            )
            for one in failed
        ]
        while True:
            wanted = [search.wanted() for search in searches]
            # The first tree of each search gives the most information: it is checked before the others.
            turns = (zip(failed, turn, strict=True) for turn in zip_longest(*wanted))
            trees = {tree: (one.work.task,) for turn in turns for one, tree in turn if tree is not None}
            if not trees:
                return [self._explained(one, search) for one, search in zip(failed, searches, strict=True)]
            self._check([CheckTarget(tree=tree, parent=self._place.base_commit) for tree in trees], trees)

    def _explained(self, one: FailedCombination, search: "_BlameSearch") -> FailingTask:
        task, result, blame = one.work.task, self._result_of(one.tree), search.blame
        failure = CheckFailure(
            command=self._options.command,
            tree=one.tree,
            reason=result.reason if result else "",
            output=result.output if result else "",
        )
        if blame is None:
            return FailingTask(task=task, failure=msgspec.structs.replace(failure, complete=False))
        blamed = [search.known[number] for number in blame.others]
        failure = msgspec.structs.replace(
            failure,
            others=tuple(dict.fromkeys(one.task for one in blamed if one.task not in (None, task))),
            commits=tuple(one.after for one in blamed if one.task is None and one.after is not None),
            alone=not blame.others and blame.complete,
            complete=blame.complete,
        )
        return FailingTask(task=task, failure=failure)

    def _predecessors(self, work: TaskHead, ahead: Sequence[TaskHead]) -> Predecessors | None:
        store, git, head = self._place.store, self._place.git, work.head
        events = (entry.event for entry in store.journal())
        updated = {event.commit: event.head for event in events if isinstance(event, BranchUpdated)}
        while head in updated:  # skip gitcoord's own merges of the base
            head = updated[head]
        if self._place.stacks.heads(git, head):
            return None
        landed: dict[Oid, list[tuple[TaskId, Oid]]] = {}
        for task, task_progress in store.progress().items():
            if task_progress.landing is not None and task != work.task:
                landed.setdefault(task_progress.landing.commit, []).append((task, task_progress.landing.head))
        return find_predecessors(
            git, self._place.base_commit, head, landed, [(one.task, one.head) for one in ahead]
        )
