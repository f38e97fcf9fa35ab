"""Simulates a landing step by step, and changes nothing.

Makes the same decisions as a real run, on a snapshot that it changes in memory. New commits go to a
quarantine, and the forge is only read.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from gitcoord.checks.memo import CheckMemo
from gitcoord.conflicts.exclusive_paths import overtaken
from gitcoord.evidence.model import Landing
from gitcoord.forge.pull_requests import BranchPulls, Pull
from gitcoord.git.git_cli import Oid
from gitcoord.git.merge_tree import TreeMerge, merge_tree
from gitcoord.git.repository import Repository
from gitcoord.git.write_commits import commit_tree
from gitcoord.landing.context import LandingContext, stacks_on
from gitcoord.landing.decide import next_step
from gitcoord.landing.defer_task import retry_hint
from gitcoord.landing.level_branch_names import round_names
from gitcoord.landing.loop_memory import LandingMemory, details_key
from gitcoord.landing.mergeability import examine_in_git, with_forge_state
from gitcoord.landing.model import Carrier, LandingSnapshot, LevelBranch, MergeReadiness, TaskState
from gitcoord.landing.observe import observe
from gitcoord.landing.proof import CombinationProof
from gitcoord.landing.pull_requests import stranded_pulls
from gitcoord.landing.report import waiting_tasks
from gitcoord.landing.stacked_tasks import with_stacks
from gitcoord.landing.steps import (
    Adopt,
    Defer,
    Examine,
    Finish,
    Fold,
    HandOver,
    Hold,
    Merge,
    OpenPull,
    Prove,
    Rebuild,
    RecordLanding,
    RecordRejections,
    RecordRollback,
    Retarget,
    Step,
    Update,
    Wait,
)
from gitcoord.tasks.model import TaskId
from gitcoord.text_lists import named_tasks


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """The steps that a run would take, as sentences; after them, the tasks that it would leave deferred or
    wait for. Warnings about commits of unsubmitted tasks come first.

    `deferred` are the tasks that the run would defer, or that stay deferred.
    """

    steps: tuple[str, ...]
    deferred: frozenset[TaskId]


def preview(context: LandingContext, *, fetch: bool = True) -> Preview:
    """Simulates a landing. Without `fetch`, uses the shared refs of the last fetch."""
    snapshot = observe(context, fetch=fetch)
    with context.repository.git.quarantine() as git:
        real = context.repository
        repository = Repository(git, real.root, real.common_dir, real.remote, address=real.address)
        aside = msgspec.structs.replace(context, repository=repository)
        rehearsal = _Rehearsal(aside, snapshot)
        return Preview(steps=tuple(rehearsal.steps()), deferred=rehearsal.deferred())


class _Rehearsal:
    def __init__(self, context: LandingContext, snapshot: LandingSnapshot) -> None:
        self._context = context
        self._git = context.repository.git
        self._snapshot = snapshot
        self._memory = LandingMemory.empty()
        self._memory.impatient = True
        self._deferred: set[TaskId] = set()
        self._rounds = {snapshot.level_branch.name} if snapshot.level_branch else set()

    def steps(self) -> Iterator[str]:
        for work in self._snapshot.works:
            if work.standing == "ready" and work.carries:
                yield f"{work.carries}: they would land with it"
        while not isinstance(
            step := next_step(self._snapshot, self._memory, self._context.options), Finish | Wait
        ):
            yield from self._play(step)
        for work in self._snapshot.works:
            if work.standing == "deferred" and work.task not in self._deferred:
                name = f"task {work.task} "
                why = f"it {work.reason.removeprefix(name)}" if work.reason.startswith(name) else work.reason
                yield f"leave task {work.task} deferred: {why}"
        for waiting in waiting_tasks(self._context, self._snapshot, self._memory):
            yield f"wait for task {waiting.task}: {waiting.reason}"

    def deferred(self) -> frozenset[TaskId]:
        """Returns the tasks that are deferred after the steps."""
        return frozenset(work.task for work in self._snapshot.works if work.standing == "deferred")

    def _play(self, step: Step) -> Iterator[str]:
        match step:
            case RecordRollback():
                self._snapshot = msgspec.structs.replace(self._snapshot, undone=())
                yield from (f"record that task {task} was rolled back" for task in step.tasks)
            case RecordLanding() | RecordRejections() | Adopt():
                yield from self._play_records(step)
            case Retarget():
                yield from self._retarget(step)
            case OpenPull():
                yield from self._open(step.carrier)
            case Examine():
                key = details_key(self._snapshot, step.carrier)
                self._memory.details[key] = self._examine(step.carrier)
            case Prove():
                yield from self._prove(step.carrier)
            case Hold():
                yield f"hold {step.carrier.branch} back: {step.reason}"
                self._memory.held[step.carrier.branch] = step.reason
            case HandOver():
                way = "merge queue" if step.way == "queue" else "auto-merge"
                yield f"hand {step.carrier.branch} over to the forge's {way}"
                self._memory.held[step.carrier.branch] = f"it would wait for the forge's {way}"
                self._memory.handed_over.add(step.carrier.branch)
            case Defer():
                how = "another task changed exclusive paths first:"
                how = how if step.exclusive else "it conflicts in"
                again = "" if self._context.plan.adopted else f"; {retry_hint(step.task)}"
                where = f"{how} {', '.join(step.paths)}" if step.paths else f"{step.problem}{again}"
                yield f"defer task {step.task}: {where}"
                self._change(step.task, standing="deferred", reason=where, folded=False)
                self._deferred.add(step.task)
            case Update() | Fold() | Rebuild():
                yield from self._play_branch(step)
            case Merge():
                carrier = step.carrier
                yield f"merge {carrier.branch} ({named_tasks(carrier.tasks)}) into {self._snapshot.base}"
                self._merge(carrier)

    def _retarget(self, step: Retarget) -> Iterator[str]:
        known = dict(self._snapshot.pulls)
        for task, pull in step.pulls:
            yield f"move pull request {pull.number} of task {task} from {pull.base} to {self._snapshot.base}"
            moved = msgspec.structs.replace(pull, base=self._snapshot.base)
            known[pull.head] = BranchPulls(current=moved)
            self._change(task, pull=moved)
        self._snapshot = msgspec.structs.replace(self._snapshot, pulls=known, stranded=())

    def _play_records(self, step: RecordLanding | RecordRejections | Adopt) -> Iterator[str]:
        for task in step.tasks:
            work = self._snapshot.work(task)
            match step:
                case RecordLanding():
                    yield f"record that task {task} has landed"
                    self._change(task, journaled=True)
                case RecordRejections() if work.rejection is not None:
                    known = msgspec.structs.replace(work.rejection, journaled=True)
                    self._change(task, rejection=known)  # the reason is shown with the waiting tasks
                case Adopt():
                    if not self._context.plan.adopted:
                        yield f"record {work.branch} as the submitted work of task {task}"
                    self._change(task, recorded=work.head)

    def _play_branch(self, step: Update | Fold | Rebuild) -> Iterator[str]:
        branch = self._snapshot.level_branch or LevelBranch(name="", tip=None)
        start = branch.tip or self._snapshot.base_commit
        match step:
            case Update():
                work = self._snapshot.work(step.task)
                yield f"bring {work.branch} up to date with {self._snapshot.base}"
                merged = stacks_on(self._context, self._snapshot).merge(self._git, work.head or "")
                base = stacks_on(self._context, self._snapshot).base_for(self._git, work.head or "")
                apart = self._overtaken(base, work.head)
                if merged.clean and not apart:
                    head = self._commit(merged.tree, work.head or "", self._snapshot.base_commit)
                    self._change(step.task, head=head, recorded=head, stacked=False, folded=False)
                else:
                    yield from self._play(self._deferral(step.task, merged, apart))
            case Fold():
                work = self._snapshot.work(step.task)
                merged = merge_tree(self._git, start, work.head or "")
                apart = self._overtaken(start, work.head)
                if merged.clean and not apart:
                    yield f"fold task {work.task} ({work.branch}) into {branch.name}"
                    self._level(branch, self._commit(merged.tree, start, work.head or ""))
                    self._change(work.task, folded=True)
                else:
                    yield from self._play(self._deferral(step.task, merged, apart))
            case Rebuild():
                yield f"rebuild {branch.name} on {self._snapshot.base}"
                for work in self._snapshot.works:
                    self._change(work.task, folded=False)
                clean = msgspec.structs.replace(branch, tip=None, excess=())
                self._snapshot = msgspec.structs.replace(self._snapshot, level_branch=clean)
                for task in step.tasks:
                    yield from self._play_branch(Fold(task=task))

    def _prove(self, carrier: Carrier) -> Iterator[str]:
        """Assumes that the check passes; yields a sentence if the check has not run yet or has failed."""
        check, tree = self._context.options.check, examine_in_git(self._context, self._snapshot, carrier).tree
        proof = CombinationProof(state="passed", tree=tree)
        self._memory.learn(self._snapshot, carrier, proof, in_one_move=False)
        if check is None or not tree:
            return
        known = CheckMemo(self._context.repository.common_dir, check.command).read(tree)
        what = f"{self._snapshot.base} with {named_tasks(carrier.tasks)}"
        if known is None:
            yield f"check {what}: `{check.command.text}`"
        elif known.outcome == "failed":
            yield f"check {what} again, which failed before: {known.reason}"

    def _examine(self, carrier: Carrier) -> MergeReadiness:
        found = examine_in_git(self._context, self._snapshot, carrier)
        pull = carrier.pull
        if not found.clean or found.behind or found.gates or pull is None or not pull.number:
            return found
        pull = self._context.forge.read_pull(pull.number)
        if pull.head_commit != carrier.head:
            return found
        return with_forge_state(self._context, self._snapshot, carrier, found, pull)

    def _open(self, carrier: Carrier) -> Iterator[str]:
        new = Pull(
            number=0, head=carrier.branch, head_commit=carrier.head, base=self._snapshot.base, state="open"
        )
        pull, branch = carrier.pull or new, self._snapshot.level_branch
        for task in carrier.tasks:
            self._change(task, recorded_pull=pull.number)
        if branch is None:
            self._change(carrier.tasks[0], pull=pull)
        else:
            opened = msgspec.structs.replace(branch, pull=pull)
            self._snapshot = msgspec.structs.replace(self._snapshot, level_branch=opened)
        if carrier.pull is None:
            yield f"open a pull request for {carrier.branch} onto {self._snapshot.base}"
        elif not self._context.plan.adopted:
            yield f"use pull request {pull.number} for {carrier.branch}"

    def _merge(self, carrier: Carrier) -> None:
        merged = merge_tree(self._git, self._snapshot.base_commit, carrier.head)
        parents = [carrier.head] if self._context.options.method == "merge" else []
        base = self._commit(merged.tree, self._snapshot.base_commit, *parents)
        heads = {carrier.head: base}
        for task in carrier.tasks:
            landing = Landing(commit=base, head=self._snapshot.work(task).head or carrier.head)
            heads[landing.head] = base
            self._change(task, standing="landed", landing=landing, journaled=True, folded=False)
        branch = self._snapshot.level_branch
        if branch is not None:
            self._rounds.add(branch.name)
            name = next(name for name in round_names(self._context.level) if name not in self._rounds)
            branch = LevelBranch(name=name, tip=None)
        heads = {**self._snapshot.landed_heads, **heads}
        self._snapshot = msgspec.structs.replace(
            self._snapshot, base_commit=base, level_branch=branch, landed_heads=heads
        )
        stacks = stacks_on(self._context, self._snapshot)
        released = [*map(self._unblocked, self._snapshot.works)]
        works = with_stacks(self._git, self._context.ancestry, stacks, released)
        stranded = stranded_pulls(self._context, works, self._snapshot.pulls)
        self._snapshot = msgspec.structs.replace(self._snapshot, works=tuple(works), stranded=tuple(stranded))

    def _unblocked(self, work: TaskState) -> TaskState:
        """Returns the work, as ready if it waited only for tasks that have landed by now."""
        landed = {one.task for one in self._snapshot.works if one.standing == "landed"}
        if work.standing != "waiting" or not work.lacks or not landed.issuperset(work.lacks):
            return work
        return msgspec.structs.replace(work, standing="ready", reason="", lacks=())

    def _overtaken(self, onto: Oid, head: Oid | None) -> tuple[str, ...]:
        return overtaken(self._git, self._context.options.book, onto, head or "")

    def _deferral(self, task: TaskId, merged: TreeMerge, apart: tuple[str, ...]) -> Defer:
        onto = self._snapshot.base_commit
        if merged.clean:
            return Defer(task=task, paths=apart, onto=onto, exclusive=True)
        return Defer(task=task, paths=merged.paths, onto=onto, problem=merged.problem)

    def _level(self, branch: LevelBranch, tip: Oid) -> None:
        moved = msgspec.structs.replace(branch, tip=tip)
        self._snapshot = msgspec.structs.replace(self._snapshot, level_branch=moved)

    def _change(self, task: TaskId, **changes: Any) -> None:
        works = tuple(
            msgspec.structs.replace(work, **changes) if work.task == task else work
            for work in self._snapshot.works
        )
        self._snapshot = msgspec.structs.replace(self._snapshot, works=works)

    def _commit(self, tree: Oid, *parents: Oid) -> Oid:
        who = self._context.repository.identity
        return commit_tree(self._git, tree, parents, "rehearsal", environment=who)
