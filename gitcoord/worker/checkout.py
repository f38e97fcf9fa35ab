"""Checks out the right branch for a worker; loses nothing, and is safe when many workers do it at once."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from gitcoord.errors import answer_no
from gitcoord.event_stamp import now, worker_name
from gitcoord.events import TaskStarted
from gitcoord.git.git_cli import Oid
from gitcoord.git.remote_refs import HEADS
from gitcoord.git.worktree import WorkingCopy, add_worktree
from gitcoord.git.worktree_list import worktrees
from gitcoord.landing.level_branch import FoldConflict, fold_in_memory
from gitcoord.state.task_history import PENDING
from gitcoord.tasks.model import TaskId
from gitcoord.text_lists import named_tasks, some
from gitcoord.worker.deferred_work import check_notes, merged_like, other_side
from gitcoord.worker.free_branch_names import require_free_names
from gitcoord.worker.own_work import unrelated
from gitcoord.worker.restore_after_rollback import former_work, restore_work, rolled_back
from gitcoord.worker.rewritten_work import was_here
from gitcoord.worker.stacked_work import bring_up_to_date, say_conflict, told_of_update
from gitcoord.worker.task_context import Checkout, TaskContext
from gitcoord.worker.task_list_changes import beside_lists, paths_at

_NOT_IN = "not landed in another repository"
_LAND_THERE = "Land it there first: `gitcoord status` in the home repository lists the landed tasks."


class CheckoutOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a checkout. `stack`: start from the dependencies' branches; `now`: ignore waves.

    `fresh`: ignore an existing branch. `rewritten`: use the local branch if it was rewritten after a push.
    `worktree`: the directory of the checkout; None: the repository's own one.
    """

    stack: bool = False
    now: bool = False
    fresh: bool = False
    rewritten: bool = False
    worktree: Path | None = None


def starting_point(context: TaskContext, options: CheckoutOptions) -> tuple[Oid, bool]:
    """Returns the commit at which the branch is, or would start, and whether to create it in this repository.

    Raises (exit 1) `already-landed`, `not-ready` with the tasks that have to land first, or `diverged`.
    """
    task = context.task
    if task.id in context.landed:
        raise answer_no("already-landed", f"Task {task.id} has already landed on {context.plan.base}.")
    local = context.local_tip
    if local and context.shared_tip and local != context.shared_tip and not options.fresh:
        if context.ancestry.contains(context.shared_tip, local):
            return context.shared_tip, False
        ours = options.rewritten and was_here(
            context.repository, context.ancestry, task.branch, context.shared_tip, options.worktree
        )
        if not ours and not context.ancestry.contains(local, context.shared_tip):
            raise answer_no(
                "diverged",
                f"{task.branch} here and on {context.shared.remote} have diverged.",
                f"Run `git pull --no-rebase {context.shared.remote} {task.branch}` on it, or delete it here.",
            )
    existing = None if options.fresh else local or context.shared_tip or former_work(context)
    if existing and not options.stack and rolled_back(context, existing):
        _require_dependencies(context, options)
    if existing:
        return existing, not local
    _require_dependencies(context, options)
    if not options.now:
        _require_earlier_waves(context)
    return (_stacked(context) if options.stack else context.base_commit), True


def check_out(context: TaskContext, options: CheckoutOptions) -> Checkout:
    """Checks out the task's branch, which it creates if necessary, and records who started the task.

    Merges the other side of deferred work, and restores work that was rolled back. Raises the errors of
    `starting_point`, `name-taken` (exit 2), and `unrelated-histories`, `unclean` or `unfinished` (exit 1).
    """
    require_free_names(context.shared, context.plan, context.progress, [context.task.id])
    before = context.local_tip
    commit, create = starting_point(context, options)
    _require_common_history(context, before or commit)
    copy = put_on_branch(context, options, commit, create=create)
    if context.shared_tip and copy.git.text("rev-parse", "HEAD") != commit:
        copy.fast_forward(commit)
    conflicts, notes = _with_other_side(context, copy)
    notes = (*told_of_update(context, before, commit), *notes)
    _record_start(context, commit, _stacked_on(context, options) if create and options.stack else {})
    others = [
        who for who in [context.mine.started_by] if who and who != worker_name() and not context.mine.head
    ]
    notes += tuple(f"task {context.task.id} was started before by {who}; continuing it" for who in others)
    return Checkout(
        task=context.task.id,
        branch=context.task.branch,
        base=context.plan.base,
        commit=copy.git.text("rev-parse", "HEAD"),
        directory=str(copy.directory),
        created=create and context.shared_tip is None,
        conflicts=conflicts,
        notes=notes,
    )


def _require_common_history(context: TaskContext, head: Oid) -> None:
    """Raises `unrelated-histories` (exit 1) for deferred work that cannot be merged with the other side."""
    if context.mine.deferral is None:
        return
    commit, name = other_side(context)
    if context.repository.git.probe("merge-base", head, merged_like(context, commit, head)) is None:
        raise unrelated(context.task.branch, name, context.task.id)


def _require_dependencies(context: TaskContext, options: CheckoutOptions) -> None:
    needed = context.plan.waits_for(context.task.id, context.landed)
    if options.stack:
        branches = {dep: context.plan.tasks[dep].branch for dep in needed if dep in context.plan.tasks}
        elsewhere = [dep for dep in needed if dep not in branches or dep in context.landed]
        if elsewhere:
            raise _not_ready(context, f"depends on {named_tasks(elsewhere)}, {_NOT_IN}", _LAND_THERE)
        needed = [dep for dep in needed if branches[dep] not in context.tips]
        if needed:
            verb = "has" if len(needed) == 1 else "have"
            raise _not_ready(context, f"cannot be stacked yet: {named_tasks(needed)} {verb} no branch", "")
    elif needed:
        hint = _before_landing(context, needed)
        raise _not_ready(context, f"depends on {named_tasks(needed)}, not landed yet", hint)


def _before_landing(context: TaskContext, needed: Sequence[TaskId]) -> str:
    """The hint for `not-ready`: only submitted work can land, and a stack needs a branch."""
    if any(task not in context.plan.tasks or task in context.landed for task in needed):
        return _LAND_THERE
    absent = [task for task in needed if context.plan.tasks[task].branch not in context.tips]
    if absent:
        verb = "has" if len(absent) == 1 else "have"
        return (
            f"{named_tasks(absent).capitalize()} {verb} no branch yet; `gitcoord next` shows what can start."
        )
    unsubmitted = [task for task in needed if not context.progress.get(task, PENDING).has_submitted_work]
    if unsubmitted:
        verb = "has" if len(unsubmitted) == 1 else "have"
        first = f"{named_tasks(unsubmitted).capitalize()} {verb} to be submitted and landed first"
        return f"{first}, or use `--stack` to start from their branches."
    return "Land them first (`gitcoord merge-level`), or use `--stack` to start from their branches."


def _require_earlier_waves(context: TaskContext) -> None:
    level = context.plan.level_of(context.task.id)
    earlier = [
        task for wave in level.waves[: context.task.wave - 1] for task in wave if task not in context.landed
    ]
    if earlier:
        hint = f"Land the earlier waves of {level.name} first, or use `--now` to start anyway."
        why = f"waits for {named_tasks(earlier)} in earlier waves of {level.name}, not landed yet"
        raise _not_ready(context, why, hint)


def _not_ready(context: TaskContext, why: str, hint: str) -> Exception:
    return answer_no("not-ready", f"Task {context.task.id} {why}.", hint)


def _stacked(context: TaskContext) -> Oid:
    tip = context.base_commit
    for dep in context.plan.waits_for(context.task.id, context.landed):
        planned = context.plan.tasks[dep]
        named = {"task": dep, "title": planned.title, "branch": context.task.branch}
        head = context.tips[planned.branch]
        below = context.stacks.heads(context.repository.git, head)
        outcome = fold_in_memory(context.repository, tip, head, None, **named, below=below)
        if isinstance(outcome, FoldConflict):
            raise answer_no(
                "not-ready",
                f"Task {context.task.id} cannot be stacked: task {dep} conflicts with the others in "
                f"{', '.join(outcome.paths)}.",
                "Land the dependencies first (`gitcoord merge-level`).",
            )
        tip = outcome.commit
    return tip


def put_on_branch(
    context: TaskContext, options: CheckoutOptions, commit: Oid, *, create: bool
) -> WorkingCopy:
    """Switches a working copy to the task's branch; `create`: creates the branch at `commit`.

    Loses no uncommitted work: without `options.worktree`, raises `unclean` or `unfinished` (exit 1) instead.
    """
    branch, start = context.task.branch, commit if create else None
    if options.worktree is not None:
        directory = options.worktree.absolute()
        if worktrees(context.repository.git).get(HEADS + branch) != directory.resolve():
            add_worktree(context.repository, directory, branch, start)
        return WorkingCopy(context.repository, directory)
    copy = WorkingCopy(context.repository, context.repository.require_working_tree())
    here = copy.branch()
    if here != branch:
        _require_nothing_unfinished(context, copy, here)
        copy.switch(branch, start)
    return copy


def _require_nothing_unfinished(context: TaskContext, copy: WorkingCopy, here: str | None) -> None:
    where = here or "a detached HEAD"
    begun = "merge" if copy.merge_state().running else copy.operation()
    if begun:
        raise answer_no(
            "unfinished",
            f"{copy.directory} is in the middle of a {begun} on {where}.",
            f"Finish or abort it (`git {begun} --abort`) first, or use `--worktree DIR`.",
        )
    unclean = beside_lists(copy, copy.changes(untracked=False), paths_at(context))
    if unclean:
        raise answer_no(
            "unclean",
            f"{copy.directory} has uncommitted changes on {where}: {some(unclean)}.",
            "Commit or stash them first, or use `--worktree DIR`.",
        )


def _with_other_side(context: TaskContext, copy: WorkingCopy) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Merges the other side of deferred work, and leaves a conflict for the worker.

    Restores work that was rolled back; brings other work up to date if necessary. Returns the conflicting
    paths, and notes.
    """
    state = copy.merge_state()
    if state.running:
        return state.unmerged, (say_conflict(context, state.unmerged),)
    brought = restore_work(context, copy)
    if brought:
        state = copy.merge_state()
        return state.unmerged, (*brought, *([say_conflict(context, state.unmerged)] if state.running else []))
    head = copy.git.text("rev-parse", "HEAD")
    if context.mine.deferral is None:
        return bring_up_to_date(context, copy, head)
    commit, name = other_side(context)
    failed = check_notes(context.mine.deferral)
    if context.ancestry.contains(head, commit):
        return (), (f"{context.task.branch} already contains {name}; `gitcoord submit` submits it", *failed)
    message = f"Merge {name} into {context.task.branch}"
    state = copy.merge(commit, message, like=merged_like(context, commit, head))
    if not state.running:
        deferral = context.mine.deferral
        after = f": look at {some(deferral.paths)}, then `gitcoord submit`" if deferral.exclusive else ""
        return (), (f"{name} was merged into {context.task.branch} without a conflict{after}", *failed)
    return state.unmerged, (say_conflict(context, state.unmerged),)


def _stacked_on(context: TaskContext, options: CheckoutOptions) -> dict[str, Oid]:
    """The heads of the dependencies on which the branch was made."""
    unlanded = context.plan.waits_for(context.task.id, context.landed)
    return {dep: context.tips[context.plan.tasks[dep].branch] for dep in unlanded}


def _record_start(context: TaskContext, commit: Oid, parents: dict[str, Oid]) -> None:
    who = worker_name()
    event = TaskStarted(
        at=now(), by=who, task=context.task.id, branch=context.task.branch, base=commit, parents=parents
    )
    context.store.record(
        event, unless=lambda before: before.started_by == who and before.state != "rolled-back"
    )
