"""Judges work on top of unlanded work: whether it can begin, and whether its parents landed unchanged."""

from collections.abc import Collection, Mapping

from gitcoord.event_stamp import now, worker_name
from gitcoord.events import TaskDeferred
from gitcoord.evidence.snapshot import Snapshot
from gitcoord.evidence.stacks import Parents
from gitcoord.git.git_cli import Oid
from gitcoord.git.merge_tree import merge_tree
from gitcoord.git.repository import Repository
from gitcoord.git.stacks import Stacks
from gitcoord.landing.combinations import Combinations
from gitcoord.state.task_history import PENDING, Progress
from gitcoord.tasks.model import TaskId
from gitcoord.text_lists import some


class SpeculationFacts(Snapshot, frozen=True, kw_only=True):
    """The snapshot, the running units, and the submitted tasks.

    `updated` maps a head to the commit in which landing merged the base into it.
    """

    submitted: frozenset[TaskId]
    at_work: Collection[TaskId]
    updated: Mapping[Oid, Oid] = {}

    def updates_of(self, head: Oid) -> set[Oid]:
        """The head, and the commits in which landing merged the base into it."""
        found = {head}
        while (head := self.updated.get(head, "")) and head not in found:
            found.add(head)
        return found


class Speculation:
    """Judges speculative work. Its state is only a cache of merges."""

    def __init__(self, repository: Repository) -> None:
        self._git, self._ancestry = repository.git, repository.ancestry
        self._merging: dict[tuple[Oid, ...], bool] = {}
        self._judged: dict[tuple[Oid, ...], TaskDeferred | None] = {}

    def apart(self, facts: SpeculationFacts) -> frozenset[TaskId]:
        """The tasks whose dependencies are submitted, but do not merge with each other onto the base."""
        found, stacks = set(), None
        for task, planned in facts.plan.tasks.items():
            needs = facts.plan.waits_for(task, facts.landed)
            if not needs or task in facts.submitted or not facts.submitted.issuperset(needs):
                continue
            heads = [facts.tips.get(facts.plan.tasks[need].branch) for need in needs]
            present = [head for head in heads if head]
            key = (facts.base_commit, *present)
            if key not in self._merging:
                stacks = stacks or facts.make_stacks()
                with self._git.quarantine() as aside:
                    combined = Combinations(aside, stacks, present)
                    self._merging[key] = combined.commit(tuple(range(len(present)))) is not None
            if not self._merging[key]:
                found.add(planned.id)
        return frozenset(found)

    def overtaken(self, facts: SpeculationFacts) -> tuple[TaskDeferred, ...]:
        """Returns a deferral for each submitted task on top of work that landed as other commits.

        Leaves out tasks that are deferred for that already, for a check or for exclusive files, and those
        that landing can merge by itself.
        """
        found, looked = [], None
        for task in facts.plan.tasks:
            task_progress = facts.progress.get(task, PENDING)
            if not self._may_be_overtaken(facts, task, task_progress):
                continue
            key = (task, task_progress.head or "", facts.base_commit)
            if key not in self._judged:
                looked = looked or self._parents(facts)
                self._judged[key] = self._judge(*looked, facts, task, task_progress)
            if event := self._judged[key]:
                found.append(event)
        return tuple(found)

    def _may_be_overtaken(self, facts: SpeculationFacts, task: TaskId, progress: Progress) -> bool:
        planned, deferral = facts.plan.tasks[task], progress.deferral
        if task in facts.landed or progress.head is None or facts.tips.get(planned.branch) != progress.head:
            return False
        if progress.state not in ("submitted", "deferred") or facts.plan.waits_for(task, facts.landed):
            return False
        if any(one in facts.at_work for one in (task, *(part.id for part in planned.subtasks))):
            return False
        reworked = progress.attempt is not None and progress.attempt.running
        own = deferral is not None and bool(deferral.stands_on or deferral.check or deferral.exclusive)
        return bool(planned.depends_on) and not reworked and not own

    def _judge(
        self, stacks: Stacks, parents: Parents, facts: SpeculationFacts, task: TaskId, progress: Progress
    ) -> TaskDeferred | None:
        head = progress.head or ""
        unknown = list(parents.all_unknown(head, task))
        if not all(parent.here for parent in unknown):
            return None
        stands_on = {parent.task: parent.head for parent in unknown} | self._changed(facts, progress, head)
        if not stands_on:
            return None
        with self._git.quarantine() as aside:
            onto = stacks.base_for(aside, head, *(parent.head for parent in unknown))
            merged = merge_tree(aside, onto, head)
        handed_in = {attempt.ended.head for attempt in progress.attempts if attempt.ended is not None}
        # Work of people is never thrown away, and one agent cannot redo the work of several subtasks.
        anew = merged.clean is False and head in handed_in and not facts.plan.tasks[task].subtasks
        if not unknown and not anew:
            return None
        below = " and ".join(f"{commit[:12]} of task {one}" for one, commit in stands_on.items())
        reason = f"task {task} was built on {below}, which landed as other commits; its work "
        if merged.clean is False:
            reason += (
                f"conflicts with that in {some(merged.paths)}{', so the task starts again' if anew else ''}"
            )
        else:
            reason += f"is moved onto {facts.plan.base}"
        return TaskDeferred(
            at=now(),
            by=worker_name(),
            task=task,
            head=head,
            reason=reason,
            paths=merged.paths if merged.clean is False else (),
            onto=facts.base_commit,
            stands_on={str(one): commit for one, commit in stands_on.items()},
            anew=anew,
        )

    def _changed(self, facts: SpeculationFacts, progress: Progress, head: Oid) -> dict[TaskId, Oid]:
        """The heads below the branch, by task, that did not land: their tasks landed with another head."""
        return {
            TaskId(need): was
            for need, was in progress.parents.items()
            if (landing := facts.landed.get(TaskId(need))) is not None
            and landing.head not in facts.updates_of(was)
            and self._ancestry.contains(head, was)
            and not self._ancestry.contains(head, landing.commit)
        }

    def _parents(self, facts: SpeculationFacts) -> tuple[Stacks, Parents]:
        stacks = facts.make_stacks()
        return stacks, Parents(self._git, stacks, facts.plan, facts.progress, facts.landed)
