"""The report on a level: its landed, deferred and waiting tasks, with reasons."""

from collections.abc import Mapping

import msgspec

from gitcoord.evidence.landings import moved_on
from gitcoord.git.git_cli import Oid
from gitcoord.landing.context import LandingContext
from gitcoord.landing.decide import missing
from gitcoord.landing.loop_memory import LandingMemory
from gitcoord.landing.model import LandingSnapshot, Needs, Options, TaskState
from gitcoord.planning.model import Strategy
from gitcoord.state.task_history import PENDING, Progress
from gitcoord.tasks.model import TaskId
from gitcoord.text_lists import named_tasks

_MOST_NAMED = 8


class LandedTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task of the level that is in the base."""

    task: TaskId
    pull: int | None
    commit: Oid
    wave: int


class DeferredTask(msgspec.Struct, frozen=True, kw_only=True, rename={"others": "with"}):
    """A task that needs rework: it conflicts with `others` (in JSON: `with`) in `paths`, or fails the
    check with them.
    """

    task: TaskId
    pull: int | None
    reason: str
    others: tuple[TaskId, ...]
    paths: tuple[str, ...]


class WaitingTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task that waits, and the reason."""

    task: TaskId
    pull: int | None
    reason: str
    needs: Needs


class NewerCommits(msgspec.Struct, frozen=True, kw_only=True):
    """A landed task whose branch has newer commits: `tip` is the last of them."""

    task: TaskId
    branch: str
    tip: Oid


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the level after the run."""

    level: str
    strategy: Strategy
    base: str
    base_commit: Oid
    landed: tuple[LandedTask, ...]
    deferred: tuple[DeferredTask, ...]
    waiting: tuple[WaitingTask, ...]
    unlanded: tuple[NewerCommits, ...] = ()
    """Commits that were pushed to branches after their tasks had landed."""
    deleted: tuple[str, ...] = ()
    """The branches that were deleted because all their work has landed."""

    @property
    def complete(self) -> bool:
        """Whether the whole level is in the base."""
        return not self.deferred and not self.waiting


def make_report(context: LandingContext, snapshot: LandingSnapshot, memory: LandingMemory) -> Report:
    """Makes the report from the last snapshot."""
    progress = context.store.progress()
    told = {work.task: progress.get(work.task, PENDING) for work in snapshot.works}
    return Report(
        level=snapshot.level,
        strategy=context.options.strategy,
        base=snapshot.base,
        base_commit=snapshot.base_commit,
        landed=tuple(_landed(work, told[work.task]) for work in snapshot.works if work.standing == "landed"),
        deferred=tuple(
            _deferred(work, told[work.task]) for work in snapshot.works if work.standing == "deferred"
        ),
        waiting=waiting_tasks(context, snapshot, memory),
        unlanded=_unlanded(context, snapshot),
    )


def _unlanded(context: LandingContext, snapshot: LandingSnapshot) -> tuple[NewerCommits, ...]:
    landed = {work.task: work.landing for work in snapshot.works if work.landing is not None}
    tips = context.shared.branches()
    found = moved_on(
        context.ancestry, base_commit=snapshot.base_commit, plan=context.plan, landed=landed, tips=tips
    )
    return tuple(
        NewerCommits(task=task, branch=context.plan.tasks[task].branch, tip=tip)
        for task, tip in found.items()
    )


def waiting_tasks(
    context: LandingContext, snapshot: LandingSnapshot, memory: LandingMemory
) -> tuple[WaitingTask, ...]:
    """Returns every task that has neither landed nor been deferred, with the reason."""
    held = held_reasons(snapshot, memory, context.options)
    rest = _rest_of_level(context, snapshot)
    waiting = []
    for work in snapshot.works:
        if work.standing not in ("waiting", "ready"):
            continue
        pull = work.pull or (snapshot.level_branch.pull if snapshot.level_branch and work.folded else None)
        reason = work.reason or held.get(work.task) or rest
        needs = work.needs if work.standing == "waiting" else _what_held_needs(snapshot, memory, work, held)
        number = pull.number if pull else None
        waiting.append(WaitingTask(task=work.task, pull=number, reason=reason, needs=needs))
    return tuple(waiting)


def held_reasons(snapshot: LandingSnapshot, memory: LandingMemory, options: Options) -> Mapping[str, str]:
    """Returns, by task, the reasons why tasks are held, or why the run must stop."""
    branch = snapshot.level_branch
    if options.strategy == "single-pr" and branch is not None:
        reason = memory.held.get(branch.name, memory.stopped)
        reasons = {work.task: reason for work in snapshot.works if work.standing == "ready"}
        reasons |= {w.task: memory.held[w.branch] for w in snapshot.works if w.branch in memory.held}
        return {task: reason for task, reason in reasons.items() if reason}
    reasons = {work.task: memory.held.get(work.branch, memory.stopped) for work in snapshot.works}
    return {task: reason for task, reason in reasons.items() if reason}


def _what_held_needs(
    snapshot: LandingSnapshot, memory: LandingMemory, work: TaskState, held: Mapping[str, str]
) -> Needs:
    if work.task not in held:
        return "landing"
    branches = {snapshot.level_branch.name if snapshot.level_branch is not None else work.branch, work.branch}
    return "work" if memory.stopped or branches & (memory.stuck | memory.final.keys()) else "time"


def _rest_of_level(context: LandingContext, snapshot: LandingSnapshot) -> str:
    """Returns why ready work that is not held does not land yet."""
    deferred = [work.task for work in snapshot.works if work.standing == "deferred"]
    if context.options.all_or_nothing and deferred:
        verb = "is" if len(deferred) == 1 else "are"
        return f"nothing lands while {named_tasks(deferred, _MOST_NAMED)} {verb} deferred (--all-or-nothing)"
    missing_ones = [work.task for work in missing(snapshot)] if snapshot.level_branch else []
    if missing_ones:
        names = named_tasks(missing_ones, _MOST_NAMED)
        way = "" if context.options.partial else " (--partial lands what is ready)"
        return f"waits for {names}{way}"
    others = [work.task for work in snapshot.works if work.standing == "waiting"]
    return f"waits for {named_tasks(others, _MOST_NAMED)}" if others else "the earlier waves land first"


def _landed(work: TaskState, progress: Progress) -> LandedTask:
    landing = progress.landing
    commit = work.landing.commit if work.landing else ""
    if landing is not None:
        return LandedTask(
            task=work.task, pull=landing.pull or progress.pull, commit=landing.commit, wave=landing.wave
        )
    return LandedTask(task=work.task, pull=progress.pull, commit=commit, wave=work.wave)


def _deferred(work: TaskState, progress: Progress) -> DeferredTask:
    deferral = progress.deferral
    others = tuple(TaskId(other) for other in deferral.others) if deferral else ()
    paths = deferral.paths if deferral else ()
    pull = work.pull.number if work.pull else None
    return DeferredTask(task=work.task, pull=pull, reason=work.reason, others=others, paths=paths)
