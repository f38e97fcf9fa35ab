"""Submits a task: pushes the branch, records it, and under single-PR folds it into the level branch."""

from collections.abc import Sequence

import msgspec

from gitcoord.conflicts.rules import rulebook
from gitcoord.errors import GitcoordError, answer_no, usage_error
from gitcoord.event_stamp import now, worker_name
from gitcoord.events import TaskDeferred, TaskFolded, TaskSubmitted
from gitcoord.evidence.foreign_commits import Carried
from gitcoord.git.git_cli import Oid
from gitcoord.git.remote_refs import HEADS, RefUpdate
from gitcoord.landing.conflicting_tasks import other_side
from gitcoord.landing.defer_task import conflict_reason, exclusive_reason, record_deferral
from gitcoord.landing.level_branch import FoldConflict, FoldResult, fold_in
from gitcoord.landing.level_branch_names import present_round
from gitcoord.state.store import Unless
from gitcoord.state.task_history import PENDING
from gitcoord.tasks.model import TaskId
from gitcoord.worker.deferred_work import check_reworked, way_out
from gitcoord.worker.own_work import carried_note, check_added, find_carried
from gitcoord.worker.pushed_work import is_pushed_work
from gitcoord.worker.ready_to_submit import check_ready, working_copy
from gitcoord.worker.restore_after_rollback import require_restored
from gitcoord.worker.rewritten_work import was_here
from gitcoord.worker.stacked_work import only_stacked, parent_unknown
from gitcoord.worker.task_context import Submission, TaskContext
from gitcoord.worker.task_list_changes import list_note, put_lists_back

_ATTEMPTS = 5


def hand_in(context: TaskContext, *, allow_empty: bool = False, amended: bool = False) -> Submission:
    """Pushes and records the task's work; under single-PR folds it into the level branch.

    Raises (exit 1) `conflict` if it does not fold: the branch is then on the remote and the task deferred;
    `no-commits-of-its-own` for a branch that the base contains, unless `allow_empty`; `rewritten` if pushed
    commits were rewritten, unless `amended` allows replacing them; `behind` if commits on the remote are
    missing here; and the errors of `check_ready`, `require_restored`, `check_added` and `check_reworked`.
    """
    check_ready(context)
    copy = working_copy(context)
    if copy is not None:
        state = copy.merge_state()
        if state.running:
            copy.conclude_merge(state.unmerged)
            if context.shared.remote is None:
                # The commit moved a shared branch.
                context.shared.refresh()
    put_back = put_lists_back(context)
    require_restored(context)
    tip = context.local_tip or context.shared_tip
    notes = [] if allow_empty else require_commits(context, tip)
    added = check_added(context, tip)
    head = _push(context, amended=amended)
    if context.task.id in context.landed and context.landed[context.task.id].head == head:
        return Submission(
            task=context.task.id,
            branch=context.task.branch,
            head=head,
            notes=("it has already landed",),
        )
    check_reworked(context, head)
    if not notes and context.ancestry.contains(context.base_commit, head):
        notes.append(f"{context.task.branch} has no changes of its own")
    carried = find_carried(context, head)
    event = _submitted(context, head, carried)
    known = ("submitted", "landed")
    context.store.record(event, unless=lambda before: before.head == head and before.state in known)
    done = Submission(task=context.task.id, branch=context.task.branch, head=head, notes=tuple(notes))
    done = _fold_if_due(context, done, carried)
    return msgspec.structs.replace(done, notes=(*done.notes, *list_note(put_back), *added))


def _submitted(context: TaskContext, head: Oid, carried: Carried) -> TaskSubmitted:
    told = {str(task): commit for task, commit in carried.items()}
    branch = context.task.branch
    return TaskSubmitted(
        at=now(), by=worker_name(), task=context.task.id, branch=branch, head=head, carries=told
    )


def _fold_if_due(context: TaskContext, done: Submission, carried: Carried) -> Submission:
    """Folds the submitted work if it is due, and notes which unsubmitted tasks it contains."""
    held = bool(carried) and context.settings.foreign_commits == "hold"
    if context.plan.strategy == "single-pr" and not done.notes and not held:
        done = _folded(context, done)
    return msgspec.structs.replace(done, notes=(*done.notes, *carried_note(context, carried)))


def hand_in_commit(
    context: TaskContext, head: Oid, *, unless: Unless | None = None, allow_empty: bool = False
) -> Submission | None:
    """Submits the commit `head` regardless of working copies; moves branch and record in one write.

    Returns None if the condition `unless` is true. Raises the errors of `hand_in`, except those of
    `check_ready`; and `behind` (exit 1) for rewritten commits, too.
    """
    require_restored(context)
    added = check_added(context, head)
    notes = [] if allow_empty else require_commits(context, head)
    branch = context.task.branch
    done = Submission(task=context.task.id, branch=branch, head=head, notes=tuple(notes))
    if context.task.id in context.landed and context.landed[context.task.id].head == head:
        return msgspec.structs.replace(done, notes=("it has already landed",))
    check_reworked(context, head)
    if not notes and context.ancestry.contains(context.base_commit, head):
        done = msgspec.structs.replace(done, notes=(f"{branch} has no changes of its own",))
    carried = find_carried(context, head)
    for _ in range(_ATTEMPTS):
        written = _try_hand_in(context, _submitted(context, head, carried), unless)
        if written is False:
            return None
        if written:
            done = _fold_if_due(context, done, carried)
            return msgspec.structs.replace(done, notes=(*done.notes, *added))
    raise GitcoordError("push-raced", f"{branch} kept moving while it was pushed.", hint="Submit again.")


def _try_hand_in(context: TaskContext, event: TaskSubmitted, unless: Unless | None) -> bool | None:
    branch, head = context.task.branch, event.head
    known = context.store.progress().get(context.task.id, PENDING)
    shared = context.shared.branch(branch)
    if shared == head and known.head == head and known.state in ("submitted", "landed"):
        return unless is None or not unless(known)
    if shared is not None and not context.ancestry.contains(head, shared):
        raise _behind(context)
    moves = [] if shared == head else [RefUpdate(HEADS + branch, shared, head)]
    return context.store.try_record([event], moves, unless, hooks=bool(moves))


def require_commits(context: TaskContext, head: Oid | None) -> list[str]:
    """Raises `no-commits-of-its-own` (exit 1) for a branch without commits of its own.

    Such a branch would count as landed at once and let its dependents start. Returns a note if the work was
    pushed to the base directly, and so has landed.
    """
    branch = context.task.branch
    if head is None or context.task.id in context.landed:
        return []
    on_base = context.ancestry.contains(context.base_commit, head)
    if not on_base and not only_stacked(context, head):
        return []
    if on_base and is_pushed_work(context, head, working_copy(context)):
        return [f"its work is already on {context.plan.base}: it was pushed there without a pull request"]
    raise answer_no(
        "no-commits-of-its-own",
        f"{branch} has no commits that {context.plan.base} lacks: there is nothing to submit.",
        "Commit the work first; or use `--allow-empty` if the task needs no change.",
    )


def _folded(context: TaskContext, done: Submission) -> Submission:
    later = not_folded_yet(context, done.head)
    if later:
        return msgspec.structs.replace(done, notes=(*done.notes, later))
    level = context.plan.level_of(context.task.id)
    into = present_round(level, context.progress)
    outcome = fold_in(
        context.repository,
        context.shared,
        branch=into,
        base=context.plan.base,
        head=done.head,
        task=context.task.id,
        title=context.task.title,
        book=rulebook(context.settings.rules),
    )
    if isinstance(outcome, FoldConflict):
        raise _deferred(context, done.head, into, outcome)
    _record_fold(context, done.head, into, outcome)
    return msgspec.structs.replace(done, folded_into=into, folded=outcome.commit)


def not_folded_yet(context: TaskContext, head: Oid) -> str:
    """Why submitted work is not folded at once; empty if it is."""
    unlanded = context.plan.waits_for(context.task.id, context.landed)
    if unlanded:
        return f"it will be folded into the level branch when task {', '.join(unlanded)} has landed"
    unknown = parent_unknown(context, head)
    if unknown is not None:
        return unknown.sentence(context.task.branch, context.plan.base)
    if context.stacks.heads(context.repository.git, head):
        return f"it will be updated from {context.plan.base} and folded into the level branch when it lands"
    return ""


def _record_fold(context: TaskContext, head: Oid, into: str, outcome: FoldResult) -> None:
    event = TaskFolded(
        at=now(), by=worker_name(), task=context.task.id, into=into, head=head, commit=outcome.commit
    )
    context.store.record(
        event, unless=lambda before: before.folded is not None and before.folded.head == head
    )


def other_side_of(context: TaskContext, head: Oid, paths: Sequence[str]) -> tuple[TaskId, ...]:
    """The folded or landed tasks that changed `paths` and that `head` does not contain."""
    progress = context.store.progress()
    level = context.plan.level_of(context.task.id)
    heads = {
        task: folded.head
        for task in level.tasks
        if task != context.task.id and task in progress and (folded := progress[task].folded) is not None
    }
    heads |= {task: landing.head for task, landing in context.landed.items() if task != context.task.id}
    return other_side(context.repository.git, head=head, paths=paths, heads=heads)


def _deferred(context: TaskContext, head: Oid, into: str, conflict: FoldConflict) -> GitcoordError:
    others = other_side_of(context, head, conflict.paths)
    reason = (
        exclusive_reason(context.task.id, others, conflict.paths, into)
        if conflict.exclusive
        else conflict_reason(context.task.id, others, conflict.paths, into, conflict.problem)
    )
    event = TaskDeferred(
        at=now(),
        by=worker_name(),
        task=context.task.id,
        head=head,
        reason=reason,
        others=others,
        paths=conflict.paths,
        onto=conflict.onto,
        exclusive=conflict.exclusive,
    )
    record_deferral(context.store, event)
    return answer_no(
        "conflict",
        f"{reason[0].upper()}{reason[1:]}; the work is safe on {context.task.branch}.",
        way_out(context.task.id, into, exclusive=conflict.exclusive),
    )


def _push(context: TaskContext, *, amended: bool) -> Oid:
    branch = context.task.branch
    for _ in range(_ATTEMPTS):
        local = context.local_tip
        shared = context.shared.branch(branch)
        if local is None or local == shared:
            if shared is None:
                raise usage_error(
                    "no-branch",
                    f"{branch} does not exist.",
                    f"Begin with `gitcoord checkout {context.task.id}`.",
                )
            return shared
        if shared is not None and not context.ancestry.contains(local, shared):
            if not was_here(context.repository, context.ancestry, branch, shared):
                raise _behind(context)
            if not amended:
                raise _rewritten(context, shared)
        if context.shared.publish([RefUpdate(HEADS + branch, shared, local)], hooks=True):
            return local
    raise GitcoordError("push-raced", f"{branch} kept moving while it was pushed.", hint="Submit again.")


def _rewritten(context: TaskContext, shared: Oid) -> GitcoordError:
    branch, remote = context.task.branch, context.shared.remote
    return answer_no(
        "rewritten",
        f"{branch} was rewritten here (amended or rebased) after {shared[:12]} was pushed to {remote}.",
        f"`gitcoord submit {context.task.id} --amended` replaces that commit, and no other; do not "
        "pull, which "
        "would merge the old version back.",
    )


def _behind(context: TaskContext) -> GitcoordError:
    branch, remote = context.task.branch, context.shared.remote
    return answer_no(
        "behind",
        f"{branch} has commits on {remote or 'the shared branch'} that are not here.",
        f"Run `git pull {remote} {branch}`, then submit again." if remote else "Submit again.",
    )
