"""Putting a worker on the right branch, without losing anything and however many do it at once."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from gitcoord.errors import answer_no
from gitcoord.events import TaskStarted
from gitcoord.git.checked_out import worktrees
from gitcoord.git.run import Oid
from gitcoord.git.shared import HEADS
from gitcoord.git.working_copy import WorkingCopy, add_worktree
from gitcoord.merging.fold import FoldConflict, fold_in_memory
from gitcoord.running.branch_names import require_free_names
from gitcoord.running.brought_back import bring_back, former_work, rolled_back
from gitcoord.running.deferred import check_notes, merged_like, other_side
from gitcoord.running.model import Checkout, TaskContext
from gitcoord.running.rewritten import was_here
from gitcoord.running.stacked import bring_up_to_date, say_conflict, told_of_update
from gitcoord.running.task_list import beside_lists, paths_at
from gitcoord.sentences import named_tasks, some
from gitcoord.state.journal import now, worker_name
from gitcoord.state.progress import PENDING
from gitcoord.tasks.model import TaskId


class CheckoutOptions(msgspec.Struct, frozen=True, kw_only=True):
    """`stack`: start from the dependencies' branches; `now`: ignore waves; `worktree`: where, if not here.

    `fresh`: as if the branch were not there yet. `rewritten`: go on with what is here, where it was pushed
    and rewritten since.
    """

    stack: bool = False
    now: bool = False
    fresh: bool = False
    rewritten: bool = False
    worktree: Path | None = None


def starting_point(desk: TaskContext, how: CheckoutOptions) -> tuple[Oid, bool]:
    """The commit that the branch is (or would be) at, and whether it has to be made.

    Raises (exit 1) `already-landed`, `not-ready` with what has to land first, or `diverged`.
    """
    task = desk.task
    if task.id in desk.landed:
        raise answer_no("already-landed", f"Task {task.id} has landed on {desk.plan.base} already.")
    local = desk.local_tip
    if local and desk.shared_tip and local != desk.shared_tip and not how.fresh:
        if desk.ancestry.contains(desk.shared_tip, local):
            return desk.shared_tip, False
        ours = how.rewritten and was_here(
            desk.repository, desk.ancestry, task.branch, desk.shared_tip, how.worktree
        )
        if not ours and not desk.ancestry.contains(local, desk.shared_tip):
            raise answer_no(
                "diverged",
                f"{task.branch} here and on {desk.shared.remote} have gone different ways.",
                f"Run `git pull --no-rebase {desk.shared.remote} {task.branch}` on it, or delete it here.",
            )
    existing = None if how.fresh else local or desk.shared_tip or former_work(desk)
    if existing and not how.stack and rolled_back(desk, existing):
        _require_dependencies(desk, how)
    if existing:
        return existing, not local
    _require_dependencies(desk, how)
    if not how.now:
        _require_earlier_waves(desk)
    return (_stacked(desk) if how.stack else desk.base_commit), True


def take(desk: TaskContext, how: CheckoutOptions) -> Checkout:
    """Checks the task's branch out, resuming what exists, and records who started it."""
    require_free_names(desk.shared, desk.plan, desk.progress, [desk.task.id])
    before = desk.local_tip
    commit, create = starting_point(desk, how)
    copy = put_on_branch(desk, how, commit, create=create)
    if desk.shared_tip and copy.git.text("rev-parse", "HEAD") != commit:
        copy.fast_forward(commit)
    conflicts, notes = _with_other_side(desk, copy)
    notes = (*told_of_update(desk, before, commit), *notes)
    _record_start(desk, commit, _stacked_on(desk, how) if create and how.stack else {})
    others = [who for who in [desk.mine.started_by] if who and who != worker_name() and not desk.mine.head]
    notes += tuple(f"task {desk.task.id} was started before by {who}; going on with it" for who in others)
    return Checkout(
        task=desk.task.id,
        branch=desk.task.branch,
        base=desk.plan.base,
        commit=copy.git.text("rev-parse", "HEAD"),
        directory=str(copy.directory),
        created=create and desk.shared_tip is None,
        conflicts=conflicts,
        notes=notes,
    )


def _require_dependencies(desk: TaskContext, how: CheckoutOptions) -> None:
    needed = desk.plan.waits_for(desk.task.id, desk.landed)
    if how.stack:
        needed = [dep for dep in needed if desk.plan.tasks[dep].branch not in desk.tips]
        if needed:
            raise _not_ready(desk, f"depends on {named_tasks(needed)}, with no branch yet to stack on", "")
    elif needed:
        hint = _before_landing(desk, needed)
        raise _not_ready(desk, f"depends on {named_tasks(needed)}, not landed yet", hint)


def _before_landing(desk: TaskContext, needed: Sequence[TaskId]) -> str:
    """What is to be done first: only what is submitted can land, only what has a branch can be stacked on."""
    absent = [task for task in needed if desk.plan.tasks[task].branch not in desk.tips]
    if absent:
        verb = "has" if len(absent) == 1 else "have"
        return (
            f"{named_tasks(absent).capitalize()} {verb} no branch yet; `gitcoord next` shows what can start."
        )
    open_still = [task for task in needed if desk.progress.get(task, PENDING).head is None]
    if open_still:
        verb = "has" if len(open_still) == 1 else "have"
        first = f"{named_tasks(open_still).capitalize()} {verb} to be submitted and landed first"
        return f"{first}, or use `--stack` to start from their branches."
    return "Land them first (`gitcoord merge-level`), or use `--stack` to start from their branches."


def _require_earlier_waves(desk: TaskContext) -> None:
    level = desk.plan.level_of(desk.task.id)
    earlier = [task for wave in level.waves[: desk.task.wave - 1] for task in wave if task not in desk.landed]
    if earlier:
        hint = f"Land the earlier waves of {level.name} first, or use `--now` to start all the same."
        raise _not_ready(desk, f"comes after {named_tasks(earlier)} in {level.name}, not landed yet", hint)


def _not_ready(desk: TaskContext, why: str, hint: str) -> Exception:
    return answer_no("not-ready", f"Task {desk.task.id} {why}.", hint)


def _stacked(desk: TaskContext) -> Oid:
    tip = desk.base_commit
    for dep in desk.plan.waits_for(desk.task.id, desk.landed):
        planned = desk.plan.tasks[dep]
        named = {"task": dep, "title": planned.title, "branch": desk.task.branch}
        head = desk.tips[planned.branch]
        below = desk.stacks.heads(desk.repository.git, head)
        outcome = fold_in_memory(desk.repository, tip, head, None, **named, below=below)
        if isinstance(outcome, FoldConflict):
            raise answer_no(
                "not-ready",
                f"Task {desk.task.id} cannot be stacked: task {dep} conflicts with the others in "
                f"{', '.join(outcome.paths)}.",
                "Land the dependencies first (`gitcoord merge-level`).",
            )
        tip = outcome.commit
    return tip


def put_on_branch(desk: TaskContext, how: CheckoutOptions, commit: Oid, *, create: bool) -> WorkingCopy:
    """The working copy on the task's branch, made at `commit` with `create`; nothing in it is lost."""
    branch, start = desk.task.branch, commit if create else None
    if how.worktree is not None:
        directory = how.worktree.absolute()
        if worktrees(desk.repository.git).get(HEADS + branch) != directory.resolve():
            add_worktree(desk.repository, directory, branch, start)
        return WorkingCopy(desk.repository, directory)
    copy = WorkingCopy(desk.repository, desk.repository.require_working_tree())
    here = copy.branch()
    if here != branch:
        _require_nothing_unfinished(desk, copy, here)
        copy.switch(branch, start)
    return copy


def _require_nothing_unfinished(desk: TaskContext, copy: WorkingCopy, here: str | None) -> None:
    where = here or "a detached HEAD"
    begun = "merge" if copy.merge_state().running else copy.operation()
    if begun:
        raise answer_no(
            "unfinished",
            f"{copy.directory} is in the middle of a {begun} on {where}.",
            f"Finish it or give it up (`git {begun} --abort`) first, or use `--worktree DIR`.",
        )
    unclean = beside_lists(copy, copy.changes(untracked=False), paths_at(desk))
    if unclean:
        raise answer_no(
            "unclean",
            f"{copy.directory} has uncommitted changes on {where}: {some(unclean)}.",
            "Commit or stash them first, or use `--worktree DIR`.",
        )


def _with_other_side(desk: TaskContext, copy: WorkingCopy) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """For deferred work: merges what it conflicts with, and leaves the conflict for the worker."""
    state = copy.merge_state()
    if state.running:
        return state.unmerged, (say_conflict(desk, state.unmerged),)
    brought = bring_back(desk, copy)
    if brought:
        state = copy.merge_state()
        return state.unmerged, (*brought, *([say_conflict(desk, state.unmerged)] if state.running else []))
    head = copy.git.text("rev-parse", "HEAD")
    if desk.mine.deferral is None:
        return bring_up_to_date(desk, copy, head)
    commit, name = other_side(desk)
    failed = check_notes(desk.mine.deferral)
    if desk.ancestry.contains(head, commit):
        return (), (f"{desk.task.branch} holds {name} already; `gitcoord submit` hands it in", *failed)
    message = f"Merge {name} into {desk.task.branch}"
    state = copy.merge(commit, message, like=merged_like(desk, commit, head))
    if not state.running:
        deferral = desk.mine.deferral
        after = f": look at {some(deferral.paths)}, then `gitcoord submit`" if deferral.exclusive else ""
        return (), (f"{name} was merged into {desk.task.branch} without a conflict{after}", *failed)
    return state.unmerged, (say_conflict(desk, state.unmerged),)


def _stacked_on(desk: TaskContext, how: CheckoutOptions) -> dict[str, Oid]:
    """The heads of the dependencies that the branch was made on."""
    unlanded = desk.plan.waits_for(desk.task.id, desk.landed)
    return {dep: desk.tips[desk.plan.tasks[dep].branch] for dep in unlanded}


def _record_start(desk: TaskContext, commit: Oid, parents: dict[str, Oid]) -> None:
    who = worker_name()
    event = TaskStarted(
        at=now(), by=who, task=desk.task.id, branch=desk.task.branch, base=commit, parents=parents
    )
    desk.store.record(event, unless=lambda before: before.started_by == who and before.stand != "rolled-back")
