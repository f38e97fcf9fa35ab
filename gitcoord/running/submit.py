"""Handing a task in: push the branch, record it, and under single-PR fold it into the level branch."""

from collections.abc import Sequence

import msgspec

from gitcoord.conflicts.rules import rulebook
from gitcoord.errors import GitcoordError, answer_no, usage_error
from gitcoord.events import TaskDeferred, TaskFolded, TaskSubmitted
from gitcoord.git.checked_out import worktrees
from gitcoord.git.run import Oid
from gitcoord.git.shared import HEADS, Update
from gitcoord.git.working_copy import WorkingCopy
from gitcoord.merging.blame import other_side
from gitcoord.merging.deferring import conflict_reason, exclusive_reason, record_deferral
from gitcoord.merging.fold import FoldConflict, Folded, fold_in
from gitcoord.merging.rounds import present_round
from gitcoord.running.brought_back import check_brought_back
from gitcoord.running.deferred import check_reworked, way_out
from gitcoord.running.model import Desk, HandedIn
from gitcoord.running.own_work import check_links
from gitcoord.running.pushed import is_pushed_work
from gitcoord.running.stacked import only_stacked, parent_unknown
from gitcoord.sentences import some
from gitcoord.state.journal import now, worker_name
from gitcoord.state.progress import PENDING
from gitcoord.state.store import Unless
from gitcoord.tasks.model import TaskId

_ATTEMPTS = 5


def check_ready(desk: Desk) -> None:
    """Raises (exit 1) while the working copy on the branch is not finished.

    `unfinished`: git is in the middle of something; `unresolved`: conflict markers remain; `unclean`:
    changes that a commit would leave out; `detached`: commits that are on no branch.
    """
    copy = _working_copy(desk)
    if copy is None:
        _check_detached(desk)
        return
    begun = copy.operation()
    if begun:
        raise _unfinished(copy, begun)
    state = copy.merge_state()
    left = copy.unresolved(state)
    if left:
        raise answer_no(
            "unresolved",
            f"The conflict is not resolved in {', '.join(left)}.",
            "Edit the files and take the conflict markers out (`git add` what is right as it is, `git rm` "
            "what should go), then submit again.",
        )
    unclean = copy.unstaged() if state.running else copy.changes(untracked=True)
    unclean = [path for path in unclean if path not in state.unmerged]
    if unclean:
        raise answer_no(
            "unclean",
            f"{copy.directory} has uncommitted changes: {some(unclean)}.",
            "Commit them (or put them into .gitignore), then submit again."
            if not state.running
            else "Stage them with `git add` (or put them into .gitignore), then submit again.",
        )


def hand_in(desk: Desk, *, allow_empty: bool = False) -> HandedIn:
    """Pushes and records the task's work; under single-PR folds it into the level branch.

    Raises (exit 1) `conflict` when it does not fold: the branch is safe on the remote, the task deferred;
    and `no-commits-of-its-own` for a branch that the base contains, unless `allow_empty`.
    """
    check_ready(desk)
    copy = _working_copy(desk)
    if copy is not None:
        state = copy.merge_state()
        if state.running:
            copy.conclude_merge(state.unmerged)
            if desk.shared.remote is None:
                # The commit moved a branch that everybody sees.
                desk.shared.refresh()
    check_brought_back(desk)
    tip = desk.local_tip or desk.shared_tip
    notes = [] if allow_empty else _require_commits(desk, tip, copy)
    check_links(desk, tip)
    head = _push(desk)
    if desk.task.id in desk.landed and desk.landed[desk.task.id].head == head:
        return HandedIn(
            task=desk.task.id, branch=desk.task.branch, head=head, notes=("it has landed already",)
        )
    check_reworked(desk, head)
    if not notes and desk.ancestry.contains(desk.base_commit, head):
        notes.append(f"{desk.task.branch} has no changes of its own")
    event = TaskSubmitted(at=now(), by=worker_name(), task=desk.task.id, branch=desk.task.branch, head=head)
    known = ("submitted", "landed")
    desk.store.record(event, unless=lambda before: before.head == head and before.stand in known)
    done = HandedIn(task=desk.task.id, branch=desk.task.branch, head=head, notes=tuple(notes))
    if desk.plan.strategy == "single-pr" and not notes:
        return _folded(desk, done)
    return done


def hand_in_commit(
    desk: Desk, head: Oid, *, unless: Unless | None = None, allow_empty: bool = False
) -> HandedIn | None:
    """Hands in the commit `head`, whatever lies in working copies: branch and record move in one write.

    None when `unless` says that it is not to be (any more). Raises what `hand_in` raises.
    """
    check_brought_back(desk)
    check_links(desk, head)
    notes = [] if allow_empty else _require_commits(desk, head, _working_copy(desk))
    branch = desk.task.branch
    done = HandedIn(task=desk.task.id, branch=branch, head=head, notes=tuple(notes))
    if desk.task.id in desk.landed and desk.landed[desk.task.id].head == head:
        return msgspec.structs.replace(done, notes=("it has landed already",))
    check_reworked(desk, head)
    if not notes and desk.ancestry.contains(desk.base_commit, head):
        done = msgspec.structs.replace(done, notes=(f"{branch} has no changes of its own",))
    for _ in range(_ATTEMPTS):
        written = _try_hand_in(desk, head, unless)
        if written is False:
            return None
        if written:
            return _folded(desk, done) if desk.plan.strategy == "single-pr" and not done.notes else done
    raise GitcoordError("push-raced", f"{branch} kept moving while it was pushed.", hint="Submit again.")


def _try_hand_in(desk: Desk, head: Oid, unless: Unless | None) -> bool | None:
    branch = desk.task.branch
    known = desk.store.progress().get(desk.task.id, PENDING)
    shared = desk.shared.branch(branch)
    if shared == head and known.head == head and known.stand in ("submitted", "landed"):
        return unless is None or not unless(known)
    if shared is not None and not desk.ancestry.contains(head, shared):
        raise _behind(desk)
    event = TaskSubmitted(at=now(), by=worker_name(), task=desk.task.id, branch=branch, head=head)
    moves = [] if shared == head else [Update(HEADS + branch, shared, head)]
    return desk.store.try_record([event], moves, unless, hooks=bool(moves))


def _require_commits(desk: Desk, head: Oid | None, copy: WorkingCopy | None) -> list[str]:
    """An empty hand-in would count as landed at once, and let the tasks start that build on it.

    Returns a note when the work was pushed onto the base: then it has landed.
    """
    branch = desk.task.branch
    if head is None or desk.task.id in desk.landed:
        return []
    on_base = desk.ancestry.contains(desk.base_commit, head)
    if not on_base and not only_stacked(desk, head):
        return []
    if on_base and is_pushed_work(desk, head, copy):
        return [f"its work is on {desk.plan.base} already: it was pushed there, without a pull request"]
    raise answer_no(
        "no-commits-of-its-own",
        f"{branch} has no commits that {desk.plan.base} lacks: there is nothing to hand in.",
        "Commit the work first; or say `--allow-empty` if the task needs no change.",
    )


def _folded(desk: Desk, done: HandedIn) -> HandedIn:
    unlanded = desk.plan.waits_for(desk.task.id, desk.landed)
    if unlanded:
        note = f"it is folded in once task {', '.join(unlanded)} has landed"
        return msgspec.structs.replace(done, notes=(*done.notes, note))
    unknown = parent_unknown(desk, done.head)
    if unknown is not None:
        note = unknown.sentence(desk.task.branch, desk.plan.base)
        return msgspec.structs.replace(done, notes=(*done.notes, note))
    if desk.stacks.heads(desk.repository.git, done.head):
        note = f"it is brought up to date with {desk.plan.base} and folded in when it lands"
        return msgspec.structs.replace(done, notes=(*done.notes, note))
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


def _record_fold(desk: Desk, head: Oid, into: str, outcome: Folded) -> None:
    event = TaskFolded(
        at=now(), by=worker_name(), task=desk.task.id, into=into, head=head, commit=outcome.commit
    )
    desk.store.record(event, unless=lambda before: before.folded is not None and before.folded.head == head)


def who_else(desk: Desk, head: Oid, paths: Sequence[str]) -> tuple[TaskId, ...]:
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


def _deferred(desk: Desk, head: Oid, into: str, conflict: FoldConflict) -> GitcoordError:
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


def _push(desk: Desk) -> Oid:
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
            raise _behind(desk)
        if desk.shared.publish([Update(HEADS + branch, shared, local)], hooks=True):
            return local
    raise GitcoordError("push-raced", f"{branch} kept moving while it was pushed.", hint="Submit again.")


def _behind(desk: Desk) -> GitcoordError:
    branch, remote = desk.task.branch, desk.shared.remote
    return answer_no(
        "behind",
        f"{branch} has commits on {remote or 'the shared branch'} that are not here.",
        f"Run `git pull {remote} {branch}`, then submit again." if remote else "Submit again.",
    )


def _working_copy(desk: Desk) -> WorkingCopy | None:
    """The working copy that is on the task's branch: this one or another worktree."""
    place = worktrees(desk.repository.git).get(HEADS + desk.task.branch)
    return None if place is None else WorkingCopy(desk.repository, place)


def _check_detached(desk: Desk) -> None:
    """Work that was committed on a detached HEAD on top of the branch would be left behind."""
    if desk.repository.root is None:
        return
    copy = WorkingCopy(desk.repository, desk.repository.root)
    tip, head = desk.local_tip, desk.repository.resolve("HEAD")
    if copy.branch() is not None or tip is None or head is None:
        return
    begun = copy.operation()
    if begun:
        raise _unfinished(copy, begun)
    if head != tip and desk.ancestry.contains(head, tip):
        raise answer_no(
            "detached",
            f"HEAD is detached at {head[:12]}, with commits that {desk.task.branch} does not have.",
            f"Put them on the branch with `git switch -C {desk.task.branch}`, then submit again.",
        )


def _unfinished(copy: WorkingCopy, begun: str) -> GitcoordError:
    return answer_no(
        "unfinished",
        f"{copy.directory} is in the middle of a {begun}.",
        f"Finish it (`git {begun} --continue`) or give it up (`git {begun} --abort`), then submit again.",
    )
