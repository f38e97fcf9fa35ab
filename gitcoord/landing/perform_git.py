"""Performs one step on git and the journal.

Writes are compare-and-swap; after a lost race the loop observes again.
"""

from collections.abc import Collection, Sequence
from functools import partial

from gitcoord.conflicts.exclusive_paths import overtaken
from gitcoord.errors import GitcoordError
from gitcoord.event_stamp import now, worker_name
from gitcoord.events import (
    BranchUpdated,
    PullRejected,
    TaskFolded,
    TaskLanded,
    TaskRolledBack,
    TaskSubmitted,
)
from gitcoord.evidence.rollbacks import is_recorded
from gitcoord.git.git_cli import Oid
from gitcoord.git.remote_refs import HEADS, RefUpdate
from gitcoord.git.write_commits import commit_tree
from gitcoord.landing.adopted import fork_is_behind
from gitcoord.landing.commit_generated import generated_message
from gitcoord.landing.context import LandingContext, stacks_on
from gitcoord.landing.generated_files import with_generated_files
from gitcoord.landing.landing_commit import landing_commit
from gitcoord.landing.level_branch import FoldConflict, fold_in, fold_in_memory
from gitcoord.landing.model import LandingSnapshot, LevelBranch
from gitcoord.landing.steps import Defer, Fold, Rebuild, Update
from gitcoord.state.store import Store
from gitcoord.state.task_history import Progress
from gitcoord.tasks.model import TaskId


def landings(
    context: LandingContext, snapshot: LandingSnapshot, tasks: Sequence[TaskId]
) -> dict[TaskId, TaskLanded]:
    """Returns an event for each task's landing that git shows, with the base's commit that landed it."""
    return {task: _landed(context, snapshot, task) for task in tasks}


def record_landings(context: LandingContext, events: Collection[TaskLanded]) -> None:
    """Records landings in the journal."""
    context.store.record_all([(event, partial(_same_landing, event)) for event in events])


def record_rollbacks(store: Store, events: Collection[TaskRolledBack]) -> None:
    """Records in the journal the rollbacks that somebody else merged."""
    store.record_all([(event, partial(is_recorded, event)) for event in events])


def _landed(context: LandingContext, snapshot: LandingSnapshot, task: TaskId) -> TaskLanded:
    work = snapshot.work(task)
    landing = work.landing
    assert landing is not None  # noqa: S101 - called only for landed tasks
    merged = work.pull if work.pull is not None and work.pull.state == "merged" else None
    branch, pull = (merged.head, merged.number) if merged else (work.branch, None)
    level = snapshot.level_branch
    if merged is None and level is not None and _spent(context, snapshot, level, landing.head):
        # An interrupted merge leaves its pull request open; the next round has a new branch.
        branch, pull = level.name, level.pull.number if level.pull else None
    return TaskLanded(
        at=now(),
        by=worker_name(),
        task=work.task,
        branch=branch,
        head=landing.head,
        commit=landing_commit(context.repository, snapshot.base_commit, landing.commit),
        pull=pull,
        wave=work.wave,
    )


def _spent(context: LandingContext, snapshot: LandingSnapshot, branch: LevelBranch, head: Oid) -> bool:
    """Whether all work of the level branch, including `head`, has landed. Its pull request may be open."""
    if branch.tip is None:
        pull = branch.pull
        inside = pull is not None and context.ancestry.contains(snapshot.base_commit, pull.head_commit)
        return pull is not None and inside and context.ancestry.contains(pull.head_commit, head)
    # After a squash or rebase the base does not contain the tip.
    landed = {work.task for work in snapshot.works if work.standing == "landed"}
    complete = not branch.by_hand and landed.issuperset(branch.folds)
    return complete and context.ancestry.contains(branch.tip, head)


def _same_landing(event: TaskLanded, before: Progress) -> bool:
    claim = before.landing
    return claim is not None and (claim.head, claim.commit) == (event.head, event.commit)


def record_rejections(
    context: LandingContext, snapshot: LandingSnapshot, tasks: Sequence[TaskId]
) -> list[PullRejected]:
    """Records the pull requests that people rejected; returns the events."""
    events = [
        PullRejected(
            at=now(),
            by=worker_name(),
            task=work.task,
            pull=work.rejection.pull.number,
            branch=work.rejection.pull.head,
            head=work.head or "",
            reason=work.rejection.reason,
        )
        for work in map(snapshot.work, tasks)
        if work.rejection is not None
    ]
    context.store.record_all([(event, partial(_same_rejection, event)) for event in events])
    return events


def _same_rejection(event: PullRejected, before: Progress) -> bool:
    known = before.rejection
    return known is not None and (known.head, known.reason) == (event.head, event.reason)


def record_unsubmitted_tips(
    context: LandingContext, snapshot: LandingSnapshot, tasks: Sequence[TaskId]
) -> list[TaskSubmitted]:
    """Records unsubmitted branch tips as the work of their tasks; returns the events."""
    works = [snapshot.work(task) for task in tasks]
    events = [
        TaskSubmitted(at=now(), by=worker_name(), task=work.task, branch=work.branch, head=work.head or "")
        for work in works
    ]
    context.store.record_all([(event, partial(_same_head, event)) for event in events])
    return events


def _same_head(event: TaskSubmitted, before: Progress) -> bool:
    return before.head == event.head


def update(
    context: LandingContext, snapshot: LandingSnapshot, step: Update
) -> BranchUpdated | Defer | str | None:
    """Merges the base into the task's branch in memory and pushes the branch.

    If the task is stacked on squashed work, merges only the task's own changes. If the branch contains the
    base, commits the generated files that it lacks.

    Returns BranchUpdated; Defer if the merge conflicts, or if exclusive paths changed first; None if somebody
    else moved the branch. Returns a reason if the branch belongs to a fork, its files cannot be generated,
    the push is refused, or a worktree here has the branch checked out and is locked or would lose changes.
    """
    work = snapshot.work(step.task)
    if context.shared.is_pulled(work.branch):
        return fork_is_behind(context, snapshot, work)
    head = work.head or ""
    git = context.repository.git
    stacks = stacks_on(context, snapshot)
    merged = stacks.merge(git, head)
    if not merged.clean:
        return Defer(task=work.task, paths=merged.paths, onto=snapshot.base_commit, problem=merged.problem)
    # Do not merge the base now: the worker must see the change that landed first.
    overtaken_paths = overtaken(git, context.options.book, stacks.base_for(git, head), head)
    if overtaken_paths:
        return Defer(task=work.task, paths=overtaken_paths, onto=snapshot.base_commit, exclusive=True)
    made = with_generated_files(git, context.maker, context.options.book, snapshot.base_commit, merged.tree)
    if made.problem:
        return made.problem
    message, parents = f"Merge {snapshot.base} into {work.branch}\n", [head, snapshot.base_commit]
    if made.paths and context.ancestry.contains(head, snapshot.base_commit):
        message, parents = generated_message(work.branch, made.paths), [head]
    repository = context.repository
    commit = commit_tree(
        git, made.tree, parents, message, environment=repository.identity, sign=repository.signs
    )
    try:
        moved = context.shared.publish([RefUpdate(HEADS + work.branch, head, commit)])
    except GitcoordError as error:
        if error.code not in ("worktree-in-the-way", "worktree-locked", "push-refused"):
            raise
        return f"it cannot be updated: {error.message}"
    if not moved:
        return None
    event = BranchUpdated(
        at=now(), by=worker_name(), task=work.task, branch=work.branch, head=head, commit=commit
    )
    context.store.record(event, unless=lambda before: before.head == commit)
    return event


def fold(context: LandingContext, snapshot: LandingSnapshot, step: Fold) -> TaskFolded | Defer | None:
    """Folds a task into the level branch.

    Returns Defer if it conflicts or if exclusive paths changed first; None if there is nothing to fold.
    """
    work, branch = snapshot.work(step.task), snapshot.level_branch
    if work.head is None or branch is None:
        return None
    outcome = fold_in(
        context.repository,
        context.shared,
        branch=branch.name,
        base=snapshot.base,
        head=work.head,
        task=work.task,
        title=work.title,
        book=context.options.book,
    )
    if isinstance(outcome, FoldConflict):
        return Defer(
            task=work.task,
            paths=outcome.paths,
            onto=outcome.onto,
            problem=outcome.problem,
            exclusive=outcome.exclusive,
        )
    event = TaskFolded(
        at=now(), by=worker_name(), task=work.task, into=branch.name, head=work.head, commit=outcome.commit
    )
    context.store.record(
        event, unless=lambda before: before.folded is not None and before.folded.commit == outcome.commit
    )
    return event


def rebuild(context: LandingContext, snapshot: LandingSnapshot, step: Rebuild) -> str | None:
    """Rebuilds the level branch from the base and the tasks that merge cleanly.

    Restores deleted task branches whose commits only the level branch has. Returns "" if the branch was
    rebuilt; the reason if the push is refused; None if there is no branch, or somebody else moved it.
    """
    branch = snapshot.level_branch
    if branch is None or branch.tip is None:
        return None
    tip = snapshot.base_commit
    for task in step.tasks:
        work = snapshot.work(task)
        if work.head is None or work.stacked:
            continue
        named = {"task": task, "title": work.title, "branch": branch.name}
        outcome = fold_in_memory(context.repository, tip, work.head, context.options.book, **named)
        if not isinstance(outcome, FoldConflict):
            tip = outcome.commit
    restored = _restored(context, snapshot, branch.tip, branch.folds)
    try:
        moved = context.shared.publish([RefUpdate(HEADS + branch.name, branch.tip, tip), *restored])
    except GitcoordError as error:
        if error.code != "push-refused":
            raise
        return f"{branch.name} cannot be rebuilt ({error.message}): delete it, and gitcoord creates it again"
    return "" if moved else None


def _restored(
    context: LandingContext, snapshot: LandingSnapshot, tip: Oid, folded: Collection[TaskId]
) -> list[RefUpdate]:
    """Returns the ref updates that restore deleted branches; the level branch at `tip` has their commits."""
    known = {work.branch: work.head or work.recorded for work in snapshot.works if work.standing != "landed"}
    here = {work.task for work in snapshot.works}
    gone = (
        task_progress
        for task, task_progress in context.store.progress().items()
        if task not in here and task in folded
    )
    known |= {task_progress.branch: task_progress.head for task_progress in gone if task_progress.branch}
    own = {branch: head for branch, head in known.items() if head and not context.shared.is_pulled(branch)}
    heads = {branch: head for branch, head in own.items() if context.shared.branch(branch) is None}
    inside = context.ancestry.contained(tip, set(heads.values()))
    inside -= context.ancestry.contained(snapshot.base_commit, inside)
    return [RefUpdate(HEADS + branch, None, head) for branch, head in heads.items() if head in inside]
