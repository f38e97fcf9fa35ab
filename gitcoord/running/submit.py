"""Handing a task in: push the branch, record it, and under single-PR fold it into the level branch."""

from collections.abc import Sequence

import msgspec

from gitcoord.conflicts.rules import rulebook
from gitcoord.errors import GitcoordError, answer_no, usage_error
from gitcoord.events import TaskDeferred, TaskFolded, TaskSubmitted
from gitcoord.evidence.foreign import Carried
from gitcoord.git.run import Oid
from gitcoord.git.shared import HEADS, RefUpdate
from gitcoord.merging.blame import other_side
from gitcoord.merging.deferring import conflict_reason, exclusive_reason, record_deferral
from gitcoord.merging.fold import FoldConflict, FoldResult, fold_in
from gitcoord.merging.rounds import present_round
from gitcoord.running.brought_back import check_brought_back
from gitcoord.running.complete import check_ready, working_copy
from gitcoord.running.deferred import check_reworked, way_out
from gitcoord.running.model import Submission, TaskContext
from gitcoord.running.own_work import carried_note, check_brought, find_carried
from gitcoord.running.pushed import is_pushed_work
from gitcoord.running.rewritten import was_here
from gitcoord.running.stacked import only_stacked, parent_unknown
from gitcoord.running.task_list import list_note, put_lists_back
from gitcoord.state.journal import now, worker_name
from gitcoord.state.progress import PENDING
from gitcoord.state.store import Unless
from gitcoord.tasks.model import TaskId

_ATTEMPTS = 5


def hand_in(desk: TaskContext, *, allow_empty: bool = False, amended: bool = False) -> Submission:
    """Pushes and records the task's work; under single-PR folds it into the level branch.

    Raises (exit 1) `conflict` when it does not fold: the branch is safe on the remote, the task deferred;
    and `no-commits-of-its-own` for a branch that the base contains, unless `allow_empty`. What was pushed
    and rewritten here since is replaced where `amended` says so, else `rewritten` (exit 1).
    """
    check_ready(desk)
    copy = working_copy(desk)
    if copy is not None:
        state = copy.merge_state()
        if state.running:
            copy.conclude_merge(state.unmerged)
            if desk.shared.remote is None:
                # The commit moved a branch that everybody sees.
                desk.shared.refresh()
    put_back = put_lists_back(desk)
    check_brought_back(desk)
    tip = desk.local_tip or desk.shared_tip
    notes = [] if allow_empty else require_commits(desk, tip)
    brought = check_brought(desk, tip)
    head = _push(desk, amended=amended)
    if desk.task.id in desk.landed and desk.landed[desk.task.id].head == head:
        return Submission(
            task=desk.task.id, branch=desk.task.branch, head=head, notes=("it has landed already",)
        )
    check_reworked(desk, head)
    if not notes and desk.ancestry.contains(desk.base_commit, head):
        notes.append(f"{desk.task.branch} has no changes of its own")
    carried = find_carried(desk, head)
    event = _submitted(desk, head, carried)
    known = ("submitted", "landed")
    desk.store.record(event, unless=lambda before: before.head == head and before.stand in known)
    done = Submission(task=desk.task.id, branch=desk.task.branch, head=head, notes=tuple(notes))
    done = _brought_on(desk, done, carried)
    return msgspec.structs.replace(done, notes=(*done.notes, *list_note(put_back), *brought))


def _submitted(desk: TaskContext, head: Oid, carried: Carried) -> TaskSubmitted:
    told = {str(task): commit for task, commit in carried.items()}
    branch = desk.task.branch
    return TaskSubmitted(
        at=now(), by=worker_name(), task=desk.task.id, branch=branch, head=head, carries=told
    )


def _brought_on(desk: TaskContext, done: Submission, carried: Carried) -> Submission:
    """Folds what was handed in where that is due; says what it carries of others."""
    held = bool(carried) and desk.settings.foreign_commits == "hold"
    if desk.plan.strategy == "single-pr" and not done.notes and not held:
        done = _folded(desk, done)
    return msgspec.structs.replace(done, notes=(*done.notes, *carried_note(desk, carried)))


def hand_in_commit(
    desk: TaskContext, head: Oid, *, unless: Unless | None = None, allow_empty: bool = False
) -> Submission | None:
    """Hands in the commit `head`, whatever lies in working copies: branch and record move in one write.

    None when `unless` says that it is not to be (any more). Raises what `hand_in` raises.
    """
    check_brought_back(desk)
    brought = check_brought(desk, head)
    notes = [] if allow_empty else require_commits(desk, head)
    branch = desk.task.branch
    done = Submission(task=desk.task.id, branch=branch, head=head, notes=tuple(notes))
    if desk.task.id in desk.landed and desk.landed[desk.task.id].head == head:
        return msgspec.structs.replace(done, notes=("it has landed already",))
    check_reworked(desk, head)
    if not notes and desk.ancestry.contains(desk.base_commit, head):
        done = msgspec.structs.replace(done, notes=(f"{branch} has no changes of its own",))
    carried = find_carried(desk, head)
    for _ in range(_ATTEMPTS):
        written = _try_hand_in(desk, _submitted(desk, head, carried), unless)
        if written is False:
            return None
        if written:
            done = _brought_on(desk, done, carried)
            return msgspec.structs.replace(done, notes=(*done.notes, *brought))
    raise GitcoordError("push-raced", f"{branch} kept moving while it was pushed.", hint="Submit again.")


def _try_hand_in(desk: TaskContext, event: TaskSubmitted, unless: Unless | None) -> bool | None:
    branch, head = desk.task.branch, event.head
    known = desk.store.progress().get(desk.task.id, PENDING)
    shared = desk.shared.branch(branch)
    if shared == head and known.head == head and known.stand in ("submitted", "landed"):
        return unless is None or not unless(known)
    if shared is not None and not desk.ancestry.contains(head, shared):
        raise _behind(desk)
    moves = [] if shared == head else [RefUpdate(HEADS + branch, shared, head)]
    return desk.store.try_record([event], moves, unless, hooks=bool(moves))


def require_commits(desk: TaskContext, head: Oid | None) -> list[str]:
    """An empty hand-in would count as landed at once, and let the tasks start that build on it.

    Returns a note when the work was pushed onto the base: then it has landed.
    """
    branch = desk.task.branch
    if head is None or desk.task.id in desk.landed:
        return []
    on_base = desk.ancestry.contains(desk.base_commit, head)
    if not on_base and not only_stacked(desk, head):
        return []
    if on_base and is_pushed_work(desk, head, working_copy(desk)):
        return [f"its work is on {desk.plan.base} already: it was pushed there, without a pull request"]
    raise answer_no(
        "no-commits-of-its-own",
        f"{branch} has no commits that {desk.plan.base} lacks: there is nothing to hand in.",
        "Commit the work first; or say `--allow-empty` if the task needs no change.",
    )


def _folded(desk: TaskContext, done: Submission) -> Submission:
    later = not_folded_yet(desk, done.head)
    if later:
        return msgspec.structs.replace(done, notes=(*done.notes, later))
    level = desk.plan.level_of(desk.task.id)
    into = present_round(level, desk.progress)
    outcome = fold_in(
        desk.repository,
        desk.shared,
        branch=into,
        base=desk.plan.base,
        head=done.head,
        task=desk.task.id,
        title=desk.task.title,
        book=rulebook(desk.settings.rules),
    )
    if isinstance(outcome, FoldConflict):
        raise _deferred(desk, done.head, into, outcome)
    _record_fold(desk, done.head, into, outcome)
    return msgspec.structs.replace(done, folded_into=into, folded=outcome.commit)


def not_folded_yet(desk: TaskContext, head: Oid) -> str:
    """Why work that is handed in is not folded in at once; nothing where it is."""
    unlanded = desk.plan.waits_for(desk.task.id, desk.landed)
    if unlanded:
        return f"it is folded in once task {', '.join(unlanded)} has landed"
    unknown = parent_unknown(desk, head)
    if unknown is not None:
        return unknown.sentence(desk.task.branch, desk.plan.base)
    if desk.stacks.heads(desk.repository.git, head):
        return f"it is brought up to date with {desk.plan.base} and folded in when it lands"
    return ""


def _record_fold(desk: TaskContext, head: Oid, into: str, outcome: FoldResult) -> None:
    event = TaskFolded(
        at=now(), by=worker_name(), task=desk.task.id, into=into, head=head, commit=outcome.commit
    )
    desk.store.record(event, unless=lambda before: before.folded is not None and before.folded.head == head)


def who_else(desk: TaskContext, head: Oid, paths: Sequence[str]) -> tuple[TaskId, ...]:
    """The tasks, folded or landed, that changed `paths` and that `head` does not have yet."""
    progress = desk.store.progress()
    level = desk.plan.level_of(desk.task.id)
    heads = {
        task: folded.head
        for task in level.tasks
        if task != desk.task.id and task in progress and (folded := progress[task].folded) is not None
    }
    heads |= {task: landing.head for task, landing in desk.landed.items() if task != desk.task.id}
    return other_side(desk.repository.git, head=head, paths=paths, heads=heads)


def _deferred(desk: TaskContext, head: Oid, into: str, conflict: FoldConflict) -> GitcoordError:
    others = who_else(desk, head, conflict.paths)
    say = exclusive_reason if conflict.exclusive else conflict_reason
    reason = say(desk.task.id, others, conflict.paths, into)
    event = TaskDeferred(
        at=now(),
        by=worker_name(),
        task=desk.task.id,
        head=head,
        reason=reason,
        others=others,
        paths=conflict.paths,
        onto=conflict.onto,
        exclusive=conflict.exclusive,
    )
    record_deferral(desk.store, event)
    return answer_no(
        "conflict",
        f"{reason[0].upper()}{reason[1:]}; the work is safe on {desk.task.branch}.",
        way_out(desk.task.id, into, exclusive=conflict.exclusive),
    )


def _push(desk: TaskContext, *, amended: bool) -> Oid:
    branch = desk.task.branch
    for _ in range(_ATTEMPTS):
        local = desk.local_tip
        shared = desk.shared.branch(branch)
        if local is None or local == shared:
            if shared is None:
                raise usage_error(
                    "no-branch",
                    f"{branch} does not exist.",
                    f"Begin with `gitcoord checkout {desk.task.id}`.",
                )
            return shared
        if shared is not None and not desk.ancestry.contains(local, shared):
            if not was_here(desk.repository, desk.ancestry, branch, shared):
                raise _behind(desk)
            if not amended:
                raise _rewritten(desk, shared)
        if desk.shared.publish([RefUpdate(HEADS + branch, shared, local)], hooks=True):
            return local
    raise GitcoordError("push-raced", f"{branch} kept moving while it was pushed.", hint="Submit again.")


def _rewritten(desk: TaskContext, shared: Oid) -> GitcoordError:
    branch, remote = desk.task.branch, desk.shared.remote
    return answer_no(
        "rewritten",
        f"{branch} was rewritten here (amended or rebased) after {shared[:12]} was pushed to {remote}.",
        f"`gitcoord submit {desk.task.id} --amended` replaces that commit, and no other; do not pull, which "
        "would merge the old version back.",
    )


def _behind(desk: TaskContext) -> GitcoordError:
    branch, remote = desk.task.branch, desk.shared.remote
    return answer_no(
        "behind",
        f"{branch} has commits on {remote or 'the shared branch'} that are not here.",
        f"Run `git pull {remote} {branch}`, then submit again." if remote else "Submit again.",
    )
