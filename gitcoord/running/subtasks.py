"""Subtasks: each begins from its parent's branch and ends in it; the last one hands the parent in."""

import msgspec

from gitcoord.errors import GitcoordError, answer_no
from gitcoord.events import AnyEvent, TaskFolded
from gitcoord.git.run import Oid
from gitcoord.git.shared import HEADS, RefUpdate
from gitcoord.merging.fold import FoldConflict, fold_in_memory
from gitcoord.running.checkout import CheckoutOptions, starting_point
from gitcoord.running.done_subtasks import done_subtasks
from gitcoord.running.leases import superseded
from gitcoord.running.model import Submission, TaskContext
from gitcoord.running.submit import hand_in_commit
from gitcoord.running.unit import WorkUnit
from gitcoord.sentences import named_tasks
from gitcoord.state.journal import now, worker_name
from gitcoord.state.progress import PENDING
from gitcoord.tasks.model import TaskId


def done_at(desk: TaskContext) -> set[TaskId]:
    """The same, of what the desk has read."""
    return done_subtasks(desk.plan, desk.progress, desk.tips, desk.ancestry, desk.landed)


def whole(desk: TaskContext) -> bool:
    """Whether every subtask of the desk's task is done."""
    done = done_at(desk)
    return all(part.id in done for part in desk.task.subtasks)


def subtask_start(desk: TaskContext, unit: WorkUnit, how: CheckoutOptions) -> Oid:
    """The commit that a subtask begins at: its parent's branch, with what it needs of other parents.

    Raises `already-landed` or `not-ready` (exit 1).
    """
    subtask = unit.subtask
    if subtask is None:
        raise ValueError("not a subtask")
    done = done_at(desk)
    missing = [need for need in subtask.depends_on if need not in done]
    if missing:
        raise _not_ready(unit, f"depends on {named_tasks(missing)}, not done yet")
    # What other parents' subtasks are needed for is asked of those subtasks themselves.
    own = tuple(need for need in desk.task.depends_on if need not in desk.task.lifted)
    parent = msgspec.structs.replace(desk.task, depends_on=own)
    plan = msgspec.structs.replace(desk.plan, tasks={**desk.plan.tasks, parent.id: parent})
    # Beginning afresh is the subtask's own affair: what its siblings did is there.
    there = msgspec.structs.replace(how, fresh=False)
    commit, _ = starting_point(msgspec.structs.replace(desk, plan=plan, task=parent), there)
    for need in subtask.foreign:
        commit = _with_foreign(desk, unit, how, done, commit, need)
    return commit


def _with_foreign(
    desk: TaskContext, unit: WorkUnit, how: CheckoutOptions, done: set[TaskId], commit: Oid, need: TaskId
) -> Oid:
    tasks = desk.plan.tasks.values()
    owners = (task for task in tasks if need in (task.id, *(part.id for part in task.subtasks)))
    owner = next(owners, None)
    if owner is None or owner.id == desk.task.id:
        return commit
    if owner.id in desk.landed:
        other = desk.base_commit
    elif need in done or (need == owner.id and how.stack and owner.branch in desk.tips):
        other = desk.tips[owner.branch]
    else:
        raise _not_ready(unit, f"needs {need}, not done yet")
    named = {"task": owner.id, "title": owner.title, "branch": unit.branch}
    outcome = fold_in_memory(desk.repository, commit, other, None, **named)
    if isinstance(outcome, FoldConflict):
        raise _not_ready(unit, f"needs {need}, which conflicts with its parent in {', '.join(outcome.paths)}")
    return outcome.commit


def _not_ready(unit: WorkUnit, why: str) -> GitcoordError:
    return answer_no("not-ready", f"Subtask {unit.id} {why}.")


def fold_subtask(desk: TaskContext, unit: WorkUnit, attempt: int, head: Oid, ended: AnyEvent) -> Oid | bool:
    """Moves the parent's branch ahead to `head` and records that, in one write that no newer attempt allows.

    True when it is done, False when a newer attempt shuts this one out; else the parent's tip, which has to
    be merged into `head` first.
    """
    before = desk.shared.branch(desk.task.branch)
    if before is not None and not desk.ancestry.contains(head, before):
        return before
    folded = TaskFolded(
        at=now(), by=worker_name(), task=unit.id, into=desk.task.branch, head=head, commit=head
    )
    moves = [] if before == head else [RefUpdate(HEADS + desk.task.branch, before, head)]
    written = desk.store.try_record([folded, ended], moves, unless=superseded(attempt))
    if written is None:
        return fold_subtask(desk, unit, attempt, head, ended)
    return written


def hand_in_whole(desk: TaskContext) -> Submission | None:
    """Hands in a parent all of whose subtasks are done; None when they are not, or it has been.

    Raises `conflict` (exit 1) when it does not fold into the level branch: the parent is deferred.
    """
    tip = desk.shared_tip
    if not desk.task.subtasks or desk.task.id in desk.landed or tip is None or not whole(desk):
        return None
    mine = desk.progress.get(desk.task.id, PENDING)
    if mine.head == tip and mine.stand in ("submitted", "deferred", "landed"):
        return None
    return hand_in_commit(desk, tip, allow_empty=True)
