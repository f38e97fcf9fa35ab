"""Subtasks: each begins at its parent's branch and is merged into it; the last one submits the parent."""

import msgspec

from gitcoord.errors import GitcoordError, answer_no
from gitcoord.event_stamp import now, worker_name
from gitcoord.events import AnyEvent, TaskFolded
from gitcoord.git.git_cli import Oid
from gitcoord.git.remote_refs import HEADS, RefUpdate
from gitcoord.landing.level_branch import FoldConflict, fold_in_memory
from gitcoord.state.task_history import PENDING
from gitcoord.tasks.model import TaskId
from gitcoord.text_lists import named_tasks
from gitcoord.worker.checkout import CheckoutOptions, starting_point
from gitcoord.worker.done_subtasks import done_subtasks
from gitcoord.worker.leases import superseded
from gitcoord.worker.submit import hand_in_commit
from gitcoord.worker.task_context import Submission, TaskContext
from gitcoord.worker.unit import WorkUnit


def done_at(context: TaskContext) -> set[TaskId]:
    """The subtasks that are done according to the context's snapshot."""
    return done_subtasks(
        context.plan,
        context.progress,
        context.tips,
        context.ancestry,
        context.landed,
    )


def whole(context: TaskContext) -> bool:
    """Whether every subtask of the context's task is done."""
    done = done_at(context)
    return all(part.id in done for part in context.task.subtasks)


def subtask_start(context: TaskContext, unit: WorkUnit, options: CheckoutOptions) -> Oid:
    """The commit at which a subtask begins: where its parent's branch is, or would start.

    Dependencies on other parents and their subtasks are merged into it. Raises `already-landed`, `diverged`
    or `not-ready` (exit 1).
    """
    subtask = unit.subtask
    if subtask is None:
        raise ValueError("not a subtask")
    done = done_at(context)
    missing = [need for need in subtask.depends_on if need not in done]
    if missing:
        raise _not_ready(unit, f"depends on {named_tasks(missing)}, not done yet")
    # `_with_foreign` checks each dependency on another parent or its subtask.
    own = tuple(need for need in context.task.depends_on if need not in context.task.lifted)
    parent = msgspec.structs.replace(context.task, depends_on=own)
    plan = msgspec.structs.replace(context.plan, tasks={**context.plan.tasks, parent.id: parent})
    # Only the subtask itself begins again: the work of its siblings stays.
    there = msgspec.structs.replace(options, fresh=False)
    commit, _ = starting_point(msgspec.structs.replace(context, plan=plan, task=parent), there)
    for need in subtask.foreign:
        commit = _with_foreign(context, unit, options, done, commit, need)
    return commit


def _with_foreign(
    context: TaskContext,
    unit: WorkUnit,
    options: CheckoutOptions,
    done: set[TaskId],
    commit: Oid,
    need: TaskId,
) -> Oid:
    tasks = context.plan.tasks.values()
    owners = (task for task in tasks if need in (task.id, *(part.id for part in task.subtasks)))
    owner = next(owners, None)
    if owner is None or owner.id == context.task.id:
        return commit
    if owner.id in context.landed:
        other = context.base_commit
    elif need in done or (need == owner.id and options.stack and owner.branch in context.tips):
        other = context.tips[owner.branch]
    else:
        raise _not_ready(unit, f"needs {need}, not done yet")
    named = {"task": owner.id, "title": owner.title, "branch": unit.branch}
    outcome = fold_in_memory(context.repository, commit, other, None, **named)
    if isinstance(outcome, FoldConflict):
        raise _not_ready(unit, f"needs {need}, which conflicts with its parent in {', '.join(outcome.paths)}")
    return outcome.commit


def _not_ready(unit: WorkUnit, why: str) -> GitcoordError:
    return answer_no("not-ready", f"Subtask {unit.id} {why}.")


def fold_subtask(
    context: TaskContext,
    unit: WorkUnit,
    attempt: int,
    head: Oid,
    ended: AnyEvent,
    extra: RefUpdate | None = None,
) -> Oid | bool:
    """Moves the parent's branch to `head` and records that, in one write that a newer attempt prevents.

    Returns True if it did, and False if the attempt has ended or a newer one exists. Otherwise returns the
    parent's tip, which has to be merged into `head` first. `extra` is a ref to create in the same push, if
    the server accepts it.
    """
    before = context.shared.branch(context.task.branch)
    if before is not None and not context.ancestry.contains(head, before):
        return before
    folded = TaskFolded(
        at=now(), by=worker_name(), task=unit.id, into=context.task.branch, head=head, commit=head
    )
    moves = [] if before == head else [RefUpdate(HEADS + context.task.branch, before, head)]
    written = context.store.try_record([folded, ended], moves, superseded(attempt), extra=extra)
    if written is None:
        return fold_subtask(context, unit, attempt, head, ended, extra)
    return written


def hand_in_whole(context: TaskContext) -> Submission | None:
    """Submits a parent if all its subtasks are done; returns None otherwise, or if it was submitted before.

    Raises `conflict` (exit 1) if it does not fold into the level branch; the parent is then deferred.
    """
    tip = context.shared_tip
    if not context.task.subtasks or context.task.id in context.landed or tip is None or not whole(context):
        return None
    mine = context.progress.get(context.task.id, PENDING)
    if mine.head == tip and mine.state in ("submitted", "deferred", "landed"):
        return None
    return hand_in_commit(context, tip, allow_empty=True)
