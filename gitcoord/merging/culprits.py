"""With which others a task fails its check: few more checks, so that whoever mends it knows where to look."""

from collections.abc import Callable, Sequence

import msgspec

from gitcoord.checks.blame import Blame, Others, find_others
from gitcoord.checks.model import CheckTarget
from gitcoord.events import BranchUpdated, CheckOutcome
from gitcoord.git.run import Oid
from gitcoord.merging.predecessors import Predecessors, find_predecessors
from gitcoord.merging.proof import CheckFailure, CheckOptions, CheckScene, FailingTask, ResultOf, TaskHead
from gitcoord.tasks.model import TaskId

RunChecks = Callable[[Sequence[CheckTarget], Sequence[TaskId]], None]
"""Check targets for tasks until at least one has a result."""


class Culprits:
    """Tells of failures on one base; `check` runs checks, `result_of` has results."""

    def __init__(
        self,
        place: CheckScene,
        options: CheckOptions,
        slots: int,
        *,
        result_of: ResultOf,
        check: RunChecks,
    ) -> None:
        self._place, self._options, self._slots = place, options, slots
        self._result_of, self._check = result_of, check

    def failing(self, work: TaskHead, tree: Oid, ahead: Sequence[TaskHead]) -> FailingTask:
        """The task of `work`, whose check fails on `tree`, after those `ahead`."""
        result = self._result_of(tree)
        failure = CheckFailure(
            command=self._options.command,
            tree=tree,
            reason=result.reason if result else "",
            output=result.output if result else "",
        )
        before = self._predecessors(work, ahead)
        if before is None:
            return FailingTask(task=work.task, failure=msgspec.structs.replace(failure, whole=False))
        blame = self._blame(before, work.task)
        blamed = [before.known[number] for number in blame.others]
        failure = msgspec.structs.replace(
            failure,
            others=tuple(dict.fromkeys(one.task for one in blamed if one.task not in (None, work.task))),
            commits=tuple(one.after for one in blamed if one.task is None and one.after is not None),
            alone=not blame.others and blame.whole,
            whole=blame.whole,
        )
        return FailingTask(task=work.task, failure=failure)

    def _blame(self, before: Predecessors, task: TaskId) -> Blame:
        outcomes: dict[Others, CheckOutcome] = {}
        while True:
            blame = find_others(len(before.known), outcomes, self._slots)
            if not blame.wanted:
                return blame
            targets = []
            for others in blame.wanted:
                tree = before.tree(others)
                result = None if tree is None else self._result_of(tree)
                if tree is None:
                    outcomes[others] = "unclear"
                elif result is not None:
                    outcomes[others] = result.outcome
                else:
                    targets.append(CheckTarget(tree=tree, parent=self._place.base_commit))
            if targets and not any(others in outcomes for others in blame.wanted):
                self._check(targets, (task,))

    def _predecessors(self, work: TaskHead, ahead: Sequence[TaskHead]) -> Predecessors | None:
        store, git, head = self._place.store, self._place.git, work.head
        events = (entry.event for entry in store.journal())
        updated = {event.commit: event.head for event in events if isinstance(event, BranchUpdated)}
        while head in updated:  # what gitcoord merged in is none of the task's own
            head = updated[head]
        if self._place.stacks.heads(git, head):
            return None
        landed: dict[Oid, list[tuple[TaskId, Oid]]] = {}
        for task, told in store.progress().items():
            if told.landing is not None and task != work.task:
                landed.setdefault(told.landing.commit, []).append((task, told.landing.head))
        return find_predecessors(
            git, self._place.base_commit, head, landed, [(one.task, one.head) for one in ahead]
        )
