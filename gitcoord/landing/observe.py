"""Observes the state for a landing: tips from git, pull requests from the forge, records from the journal."""

from collections.abc import Collection, Mapping

import msgspec

from gitcoord.evidence.foreign_commits import Tracks
from gitcoord.evidence.landings import in_parts, just_stacked
from gitcoord.evidence.model import Landing
from gitcoord.evidence.rollbacks import stands, unrecorded
from gitcoord.evidence.snapshot import Snapshot, read_snapshot
from gitcoord.evidence.stacks import Parents, pull_heads
from gitcoord.forge.pull_requests import Pull
from gitcoord.git.base_branch import base_missing
from gitcoord.git.git_cli import Oid
from gitcoord.git.stacks import Stacks
from gitcoord.landing.adopted_words import rewritten_words
from gitcoord.landing.context import WAITS_FOR_REPOSITORIES, LandingContext
from gitcoord.landing.excess_work import with_excess
from gitcoord.landing.foreign_work import with_carried
from gitcoord.landing.level_branch_names import present_round
from gitcoord.landing.model import KnownPulls, LandingSnapshot, LevelBranch, Needs, Standing, TaskState
from gitcoord.landing.pull_requests import ask_branches, ask_pulls, stranded_pulls, unless_rejected
from gitcoord.landing.retry_deferred import revived, still_failing
from gitcoord.landing.stacked_tasks import with_stacks
from gitcoord.planning.model import PlannedTask
from gitcoord.state.task_history import PENDING, Progress
from gitcoord.tasks.model import TaskId
from gitcoord.text_lists import named_tasks

NOTHING: KnownPulls = {}


class _RawFacts(Snapshot, frozen=True, kw_only=True):
    """The raw facts of one observation, before they become works."""

    pulls_of_level: KnownPulls
    proposed: KnownPulls
    """Pull requests of rollbacks that the base does not show yet."""
    pulls: Mapping[str, Pull]
    stacked: Collection[TaskId]
    stacks: Stacks
    parents: Parents
    unusable: Mapping[TaskId, str]


def observe(context: LandingContext, *, known: KnownPulls = NOTHING, fetch: bool = True) -> LandingSnapshot:
    """Takes a snapshot. Raises GitcoordError if git or the forge cannot be asked.

    Does not ask the forge for branches whose pull requests are `known`. Without `fetch`, uses the shared refs
    of the last fetch or push, unless the forge shows merges that these lack.
    """
    if fetch:
        context.store.refresh()
    facts = _read_facts(context, known)
    if _ahead_of_git(context, facts):
        context.store.refresh()
        facts = _read_facts(context, {**facts.pulls_of_level, **facts.proposed})
    branch = _level_branch(context, facts) if context.options.strategy == "single-pr" else None
    works = [_work(context, facts, branch, task) for wave in context.level.waves for task in wave]
    works = with_stacks(context.repository.git, context.ancestry, facts.stacks, works)
    targets = [facts.base_commit, *([branch.tip] if branch and branch.tip else [])]
    git, failing = context.repository.git, still_failing(works, facts.progress, context.options.check)
    works = revived(git, context.ancestry, facts.stacks, works, targets, context.options.book, failing)
    tracks = Tracks(plan=context.plan, progress=facts.progress, landed=facts.landed)
    hold = context.options.foreign_commits == "hold"
    works = with_carried(git, context.ancestry, facts.base_commit, tracks, facts.tips, works, hold=hold)
    works = unless_rejected(
        context.ancestry,
        works,
        facts.progress,
        base=context.plan.base,
        base_commit=facts.base_commit,
        single=branch is not None,
        adopted=context.plan.adopted,
        tips=facts.tips,
        pulls=facts.pulls_of_level,
        inside=frozenset(() if context.plan.adopted else (one.branch for one in context.plan.tasks.values())),
    )
    works = [_unless_held(context, work) for work in works]
    return LandingSnapshot(
        level=context.level.name,
        base=context.plan.base,
        base_commit=facts.base_commit,
        works=tuple(works),
        level_branch=with_excess(context.repository.git, context.ancestry, facts.base_commit, branch, works),
        pulls={**facts.pulls_of_level, **facts.proposed},
        stranded=tuple(stranded_pulls(context, works, facts.pulls_of_level)),
        landed_heads=facts.stacks.landed,
        undone=unrecorded(facts.undone),
    )


def _unless_held(context: LandingContext, work: TaskState) -> TaskState:
    """Returns the work; makes ready work wait if its task is not in `context.only`."""
    if work.standing != "ready" or context.only is None or work.task in context.only:
        return work
    return msgspec.structs.replace(work, standing="waiting", reason=WAITS_FOR_REPOSITORIES, held=True)


def _read_facts(context: LandingContext, known: KnownPulls) -> _RawFacts:
    plan, store, git = context.plan, context.store, context.repository.git
    if context.shared.branch(plan.base) is None:
        raise base_missing(plan.base)
    tips, progress = context.shared.branches(), store.progress()
    pulls_of_level = ask_pulls(context.forge, plan, context.level, context.options, tips, progress, known)
    pulls = {head: known.current for head, known in pulls_of_level.items() if known.current is not None}
    proposed: KnownPulls = {}

    def rollback_pulls(branches: Collection[str]) -> list[Pull]:
        nonlocal proposed
        proposed = ask_branches(context.forge, plan.base, list(branches), known)
        return [found.current for found in proposed.values() if found.current is not None]

    snapshot = read_snapshot(
        store, plan, progress=progress, pulls=pulls.values(), rollback_pulls=rollback_pulls
    )
    stacks = snapshot.make_stacks(pull_heads(snapshot.ancestry, snapshot.base_commit, pulls.values()))
    tasks = (plan.tasks[task] for task in context.level.tasks if task not in snapshot.landed)
    stacks.find(git, {tips[task.branch] for task in tasks if task.branch in tips})
    return _RawFacts(
        **msgspec.structs.asdict(snapshot),
        pulls_of_level=pulls_of_level,
        proposed=proposed,
        pulls=pulls,
        stacked=just_stacked(snapshot.ancestry, plan, snapshot.progress, tips),
        stacks=stacks,
        parents=Parents(git, stacks, plan, snapshot.progress, snapshot.landed),
        unusable=store.unusable(),
    )


def _ahead_of_git(context: LandingContext, facts: _RawFacts) -> bool:
    """Whether the forge shows merges that are newer than the fetched refs."""
    merges = {pull.merge_commit for pull in facts.pulls.values() if pull.state == "merged"} - {None}
    return len(context.ancestry.existing({merge or "" for merge in merges})) < len(merges)


def _heads(context: LandingContext, facts: _RawFacts, task: TaskId) -> set[Oid]:
    """Returns the commits that may be a task's work: the submitted head and the branch's tip."""
    submitted = facts.progress.get(task, PENDING).head
    return {head for head in (submitted, facts.tips.get(context.plan.tasks[task].branch)) if head}


def _work(context: LandingContext, facts: _RawFacts, branch: LevelBranch | None, task: TaskId) -> TaskState:
    planned = context.plan.tasks[task]
    before = facts.progress.get(task, PENDING)
    landing = facts.landed.get(task)
    standing, reason, head = _standing(context, facts, branch, planned)
    open_here = head is not None and standing != "landed"
    return TaskState(
        task=task,
        title=planned.title,
        branch=planned.branch,
        wave=planned.wave,
        standing=standing,
        reason=reason,
        needs=_needs(context, facts, planned),
        lacks=tuple(context.plan.waits_for(planned.id, facts.landed)),
        head=head,
        recorded=before.head,
        # After a rejection, record a reopened pull request again.
        recorded_pull=None if before.rejection else before.pull,
        landing=landing,
        # Never write to a record that is not gitcoord's own.
        journaled=task in facts.unusable or _journaled(context, facts, before),
        pull=_pull_for(context, facts, planned.branch, landing),
        folded=open_here and _folded(context, branch, head),
    )


def _journaled(context: LandingContext, facts: _RawFacts, before: Progress) -> bool:
    """Whether the base contains the recorded landing: a reset of the base may have removed it."""
    return before.landing is not None and context.ancestry.contains(facts.base_commit, before.landing.commit)


def _pull_for(context: LandingContext, facts: _RawFacts, branch: str, landing: Landing | None) -> Pull | None:
    """Returns the pull request that landed the task, or the open one with its work; None if there is none."""
    if landing is None and context.options.strategy == "single-pr" and not context.plan.adopted:
        return None  # the level branch's pull request has its work, whatever else is open
    if landing is None:
        pull = facts.pulls.get(branch)
        # A merged pull request had an earlier head: new work needs a new one.
        return pull if pull is not None and pull.state == "open" else None
    for name, pull in facts.pulls.items():
        own = name == branch or context.options.strategy == "single-pr"
        if own and pull.state == "merged" and context.ancestry.contains(pull.head_commit, landing.head):
            return pull
    return None


def _standing(
    context: LandingContext, facts: _RawFacts, branch: LevelBranch | None, planned: PlannedTask
) -> tuple[Standing, str, Oid | None]:
    before = facts.progress.get(planned.id, PENDING)
    tip = facts.tips.get(planned.branch)
    if planned.id in facts.landed:
        return "landed", "", facts.landed[planned.id].head
    missing = context.plan.waits_for(planned.id, facts.landed)
    blocked = f"depends on {named_tasks(missing)}, not landed yet" if missing else ""
    if planned.id in facts.unusable or blocked:
        return "waiting", facts.unusable.get(planned.id, blocked), tip
    if before.state == "started":
        return "waiting", _at_work(planned.id, before), None
    work, undone = tip or before.head, facts.undone.get(planned.id)
    if undone and not (work and stands(context.ancestry, undone, work)):
        # Merging it again would restore nothing: the base contains the commits and their reverts.
        return "waiting", f"rolled back; `gitcoord checkout {planned.id}` restores its work", None
    if tip is None and _folded(context, branch, before.head):
        # The branch was deleted after it was folded in: the level branch has the work.
        return "ready", "", before.head
    if tip is None:
        gone = f"the branch {planned.branch} is gone (submitted at {before.head})"
        return "waiting", gone if before.head else _cancelled(planned.id, before) or "not started", None
    if before.deferral is not None and tip == before.deferral.head:
        return "deferred", before.deferral.reason, tip
    if _is_rewritten(context, planned, before.head, tip):
        return "waiting", rewritten_words(context.plan, planned.branch), None
    if planned.id in facts.stacked or context.ancestry.contains(facts.base_commit, tip):
        return "waiting", f"{planned.branch} has no commits yet", None
    if before.head is None and in_parts(planned, facts.progress):
        return "waiting", "its subtasks are in progress, and it is not submitted yet", None
    parent = facts.parents.unknown(tip, planned.id)
    if parent is not None:
        return "waiting", parent.sentence(planned.branch, context.plan.base), None
    return "ready", "", tip


def _is_rewritten(context: LandingContext, planned: PlannedTask, recorded: Oid | None, tip: Oid) -> bool:
    """Whether a branch no longer contains its submitted head, and the user has not seen its new tip."""
    if recorded is None or context.shown.get(planned.id) == tip:
        return False
    return recorded not in context.ancestry.contained(tip, [recorded])


def _at_work(task: TaskId, before: Progress) -> str:
    """Returns why a started task still waits."""
    since = f"{before.started_at[:16].replace('T', ' ')} UTC"
    return _cancelled(task, before) or f"started by {before.started_by} at {since}, not submitted yet"


def _cancelled(task: TaskId, before: Progress) -> str:
    return f"cancelled; `gitcoord retry {task}` undoes that" if before.cancelled else ""


def _needs(context: LandingContext, facts: _RawFacts, planned: PlannedTask) -> Needs:
    before = facts.progress.get(planned.id, PENDING)
    if context.plan.waits_for(planned.id, facts.landed):
        return "landing"
    begun = before.state == "started" or (before.head is None and in_parts(planned, facts.progress))
    return "time" if begun and not before.cancelled else "work"


def _level_branch(context: LandingContext, facts: _RawFacts) -> LevelBranch:
    name = present_round(context.level, facts.progress, facts.pulls_of_level)
    tip = facts.tips.get(name)
    if tip is not None and tip in context.ancestry.contained(facts.base_commit, [tip]):
        tip = None  # the base contains all of it
    if tip is not None:
        # Ask for all heads at once; later questions are answered from the cache.
        context.ancestry.contained(
            tip, {head for task in context.level.tasks for head in _heads(context, facts, task)}
        )
    return LevelBranch(name=name, tip=tip, pull=facts.pulls.get(name))


def _folded(context: LandingContext, branch: LevelBranch | None, head: Oid | None) -> bool:
    """Whether the current level branch contains `head`."""
    if branch is None or branch.tip is None or head is None:
        return False
    return context.ancestry.contains(branch.tip, head)
