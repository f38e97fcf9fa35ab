"""Subtasks that people do: checks out a subtask's branch, and merges its work into the parent's branch."""

import msgspec

from gitcoord.errors import GitcoordError, answer_no
from gitcoord.event_stamp import now, worker_name
from gitcoord.events import TaskFolded, TaskStarted
from gitcoord.git.git_cli import Oid
from gitcoord.git.remote_refs import HEADS, RefUpdate
from gitcoord.git.worktree import MergeState, WorkingCopy
from gitcoord.git.worktree_list import worktrees
from gitcoord.planning.model import Plan
from gitcoord.state.task_history import PENDING, Progress
from gitcoord.tasks.model import TaskId
from gitcoord.worker.checkout import CheckoutOptions, put_on_branch
from gitcoord.worker.free_branch_names import require_free_names
from gitcoord.worker.own_work import check_added
from gitcoord.worker.ready_to_submit import check_ready
from gitcoord.worker.subtasks import done_at, hand_in_whole, subtask_start
from gitcoord.worker.task_context import Checkout, Submission, TaskContext
from gitcoord.worker.task_list_changes import list_note, put_lists_back
from gitcoord.worker.unit import WorkUnit, find_unit

_FOLDS = 20


def subtask_of(plan: Plan, id: str) -> WorkUnit | None:
    """The subtask with this id; None if there is none."""
    parts = {part.id for task in plan.tasks.values() for part in task.subtasks}
    return find_unit(plan, id) if TaskId(id.strip()) in parts else None


def subtask_of_branch(plan: Plan, branch: str | None) -> TaskId | None:
    """The subtask that the branch belongs to; None if there is none."""
    parts = (part.id for task in plan.tasks.values() for part in task.subtasks)
    return next((id for id in parts if find_unit(plan, id).branch == branch), None)


def check_out_subtask(context: TaskContext, unit: WorkUnit, options: CheckoutOptions) -> Checkout:
    """Checks out the subtask's branch; if the subtask was deferred, merges the parent's branch into it.

    Raises `name-taken` (exit 2), and the errors of `where_to_begin` and `put_on_branch`.
    """
    require_free_names(context.shared, context.plan, context.progress, [context.task.id])
    start, create = where_to_begin(context, unit, options)
    copy = put_on_branch(_own(context, unit), options, start, create=create)
    if not create and copy.git.text("rev-parse", "HEAD") != start:
        copy.fast_forward(start)
    mine = _mine(context, unit)
    conflicts: tuple[str, ...] = ()
    parent = context.tips.get(context.task.branch)
    if mine.deferral is not None and parent is not None and not copy.merge_state().running:
        copy.merge(parent, f"Merge {context.task.branch} into {unit.branch}")
    if (state := copy.merge_state()).running:
        conflicts = state.unmerged
    if not mine.attempts:
        who = worker_name()
        event = TaskStarted(at=now(), by=who, task=unit.id, branch=unit.branch, base=start)
        context.store.record(event, unless=lambda before: before.started_by == who)
    said = f"resolve {', '.join(conflicts)} in the working copy, then `gitcoord submit {unit.id}`"
    return Checkout(
        task=unit.id,
        branch=unit.branch,
        base=context.task.branch,
        commit=copy.git.text("rev-parse", "HEAD"),
        directory=str(copy.directory),
        created=create,
        conflicts=conflicts,
        notes=(f"{unit.branch} conflicts with {context.task.branch}: {said}",) if conflicts else (),
    )


def where_to_begin(context: TaskContext, unit: WorkUnit, options: CheckoutOptions) -> tuple[Oid, bool]:
    """Returns the commit at which the subtask's branch is, or would start, and whether to create the branch.

    Raises (exit 1) `already-done`, `busy` while an attempt is running, `diverged`, and the errors of
    `subtask_start`.
    """
    if unit.id in done_at(context):
        raise answer_no("already-done", f"Subtask {unit.id} is already in {context.task.branch}.")
    _require_nobody(_mine(context, unit), unit)
    local, shared = context.repository.resolve(HEADS + unit.branch), context.tips.get(unit.branch)
    if local and shared and not context.ancestry.contains(local, shared):
        if not context.ancestry.contains(shared, local):
            raise answer_no(
                "diverged",
                f"{unit.branch} here and on {context.shared.remote} have diverged.",
                f"Run `git pull --no-rebase {context.shared.remote} {unit.branch}` on it, or delete it here.",
            )
        return shared, False
    return (local or shared or subtask_start(context, unit, options)), not local


def hand_in_subtask(context: TaskContext, unit: WorkUnit, *, allow_empty: bool = False) -> Submission:
    """Merges the subtask's work into the parent's branch, and submits the parent after its last subtask.

    Raises (exit 1) `conflict`, which leaves the conflict in the working copy; `busy`,
    `no-commits-of-its-own`, and the errors of `check_ready` and `check_added`.
    """
    own = _own(context, unit)
    check_ready(own)
    _require_nobody(_mine(context, unit), unit)
    place = worktrees(context.repository.git).get(HEADS + unit.branch)
    copy = None if place is None else WorkingCopy(context.repository, place)
    if copy is not None and (state := copy.merge_state()).running:
        copy.conclude_merge(state.unmerged)
        if context.shared.remote is None:
            context.shared.refresh()
    put_back = put_lists_back(own)
    for _ in range(_FOLDS):
        head = own.local_tip or context.shared.branch(unit.branch)
        before = context.shared.branch(context.task.branch)
        if head is None or (
            not allow_empty and context.ancestry.contains(before or context.base_commit, head)
        ):
            raise answer_no(
                "no-commits-of-its-own",
                f"{unit.branch} has no commits that {context.task.branch} lacks: there is nothing to submit.",
                f"Begin with `gitcoord checkout {unit.id}`, and commit the work.",
            )
        added = check_added(context, head, unit)
        if before is not None and not context.ancestry.contains(head, before):
            _merge_in(context, unit, copy, before)
            continue
        if _fold(context, unit, before, head):
            done = _handed_in(context, unit, head)
            return msgspec.structs.replace(done, notes=(*done.notes, *list_note(put_back), *added))
    raise GitcoordError("push-raced", f"{context.task.branch} kept moving.", hint="Submit again.")


def _fold(context: TaskContext, unit: WorkUnit, before: Oid | None, head: Oid) -> bool:
    branch, here = context.task.branch, HEADS + unit.branch
    event = TaskFolded(at=now(), by=worker_name(), task=unit.id, into=branch, head=head, commit=head)
    moves = [] if before == head else [RefUpdate(HEADS + branch, before, head)]
    there = context.shared.read(here)
    if there is not None and context.shared.remote is not None:
        moves.append(RefUpdate(here, there, None))  # the parent's branch contains all of it
    written = context.store.try_record(
        [event], moves, lambda before: _at_work(before) is not None, hooks=True
    )
    if written is False:
        _require_nobody(context.store.progress().get(unit.id, PENDING), unit)
    return bool(written)


def _handed_in(context: TaskContext, unit: WorkUnit, head: Oid) -> Submission:
    from gitcoord.worker.task_context import load_task_context

    anew = load_task_context(
        context.repository, context.shared, context.store, unit.task.id, context.settings
    )
    whole = hand_in_whole(anew) is not None
    notes = (f"task {unit.task.id} is complete, and submitted",) if whole else ()
    return Submission(
        task=unit.id, branch=unit.branch, head=head, folded_into=unit.task.branch, folded=head, notes=notes
    )


def _merge_in(context: TaskContext, unit: WorkUnit, copy: WorkingCopy | None, before: Oid) -> None:
    name = context.task.branch
    state = MergeState(running=True)
    if copy is not None:
        state = copy.merge(before, f"Merge {name} into {unit.branch}")
    if state.running:
        where = f" in {', '.join(state.unmerged)}" if state.unmerged else ""
        raise answer_no(
            "conflict",
            f"{unit.branch} is not checked out anywhere, so {name} cannot be merged into it."
            if copy is None
            else f"Subtask {unit.id} conflicts with {name}{where}.",
            f"Run `gitcoord checkout {unit.id}`, then submit again."
            if copy is None
            else f"Resolve it in {copy.directory}, then submit again.",
        )


def _own(context: TaskContext, unit: WorkUnit) -> TaskContext:
    """The context with the subtask's branch in place of the task's."""
    return msgspec.structs.replace(context, task=msgspec.structs.replace(context.task, branch=unit.branch))


def _mine(context: TaskContext, unit: WorkUnit) -> Progress:
    return context.progress.get(unit.id, PENDING)


def _at_work(progress: Progress) -> str | None:
    newest = progress.attempt
    running = newest is not None and newest.running and newest.started is not None
    return f"attempt {newest.number} by {newest.started.by}" if running else None  # type: ignore[union-attr]


def _require_nobody(progress: Progress, unit: WorkUnit) -> None:
    who = _at_work(progress)
    if who is not None:
        raise answer_no(
            "busy",
            f"Somebody is working on subtask {unit.id}: {who}.",
            f"`gitcoord cancel {unit.id}` ends that attempt.",
        )
