"""The turns of one attempt: agent, check, commit, hand in; and once more where that meets a conflict."""

import re
from pathlib import Path

import msgspec

from gitcoord.errors import GitcoordError
from gitcoord.events import TaskDeferred, TasksClash
from gitcoord.git.merges import merge_tree
from gitcoord.git.run import Oid
from gitcoord.git.shared import HEADS, Update
from gitcoord.git.working_copy import WorkingCopy
from gitcoord.merging.act import conflict_reason, record_deferral
from gitcoord.merging.blame import other_side
from gitcoord.merging.rounds import present_round
from gitcoord.running.engines.port import key_of
from gitcoord.running.model import Desk
from gitcoord.running.prompt import Clash
from gitcoord.running.submit import hand_in_commit, who_else
from gitcoord.running.subtasks import fold_subtask, hand_in_whole
from gitcoord.running.worker_agent import run_agent, run_check, write_prompt
from gitcoord.running.worker_checkout import prepare, ready, unready
from gitcoord.running.worker_claim import superseded
from gitcoord.running.worker_finish import disk_problem, settle
from gitcoord.running.worker_seat import Result, Seat, ended
from gitcoord.state.journal import now, worker_name
from gitcoord.state.progress import PENDING
from gitcoord.tasks.model import TaskId

_SHUT_OUT = Result(outcome="lost", reason="a newer attempt has begun")
_FOLDS = 60
_TURN = 20.0


def take_turns(seat: Seat) -> Result:
    """Does the unit: as often as a conflict may go back to the agent, and the first time."""
    copy = prepare(seat.desk, seat.unit, seat.how, seat.start, seat.directory)
    clash = _waiting(seat, copy)
    for left in range(seat.order.rework, -1, -1):
        result = _work(seat, copy, clash)
        if result is not None and result.outcome == "conflict" and clash is not None:
            if left:
                continue
            return _give_up(seat, copy)
        if result is not None:
            return result
        outcome = _hand_in(seat, copy, last=left == 0)
        if isinstance(outcome, Result):
            return outcome
        clash = outcome
    raise AssertionError("the last turn has a result")


def _work(seat: Seat, copy: WorkingCopy, clash: Clash | None) -> Result | None:
    """Agent, check and commit; None when the work is on the branch."""
    write_prompt(seat, clash)
    result = run_agent(seat, clash) or _unresolved(copy) or run_check(seat)
    if result is None:
        result = _settled(seat, copy)
    if result is None and seat.stop.asked is not None:
        result = Result(outcome="cancelled", reason=f"{seat.stop.asked.name} came")
    return result


def _unresolved(copy: WorkingCopy) -> Result | None:
    state = copy.merge_state()
    paths = copy.unresolved(state) if state.running else []
    if not paths:
        return None
    return Result(outcome="conflict", reason=f"the conflict is not resolved in {', '.join(paths)}")


def _settled(seat: Seat, copy: WorkingCopy) -> Result | None:
    try:
        left = settle(
            seat.desk.repository,
            copy,
            seat.unit,
            seat.settings.rules,
            commit=seat.order.commit_leftovers,
        )
    except GitcoordError as error:
        full = disk_problem(seat.directory)
        if not full:
            raise
        return Result(outcome="failed", reason=f"the disk of the checkout is full: {full}; {error.message}")
    if not left.problem:
        return None
    return Result(outcome="conflict" if left.unresolved else "failed", reason=left.problem, head=left.head)


def _waiting(seat: Seat, copy: WorkingCopy) -> Clash | None:
    """The conflict that an earlier attempt left, or that the unit was deferred for, now in the checkout."""
    state, desk = copy.merge_state(), seat.desk
    if not state.running and seat.unit.subtask is not None and seat.before.deferral is not None:
        return _merge_in(copy, Clash(commit=desk.tips[desk.task.branch], name=desk.task.branch), seat)
    if not state.running:
        return None
    commit, head = copy.git.text("rev-parse", "MERGE_HEAD"), copy.git.text("rev-parse", "HEAD")
    message = Path(copy.git.text("rev-parse", "--absolute-git-dir"), "MERGE_MSG").read_text(
        "utf-8", "replace"
    )
    merging = re.match(r"Merge (\S+) into ", message)
    return Clash(
        commit=commit,
        name=merging[1] if merging else f"The commit {commit[:12]}",
        paths=state.unmerged,
        others=who_else(desk, head, state.unmerged),
    )


def _give_up(seat: Seat, copy: WorkingCopy) -> Result:
    """The conflict stays unresolved: what the work was before is handed in, and deferred."""
    unready(copy)
    copy.git.run("merge", "--abort", ok=())
    ready(copy)
    outcome = _hand_in(seat, copy, last=True)
    return outcome if isinstance(outcome, Result) else Result(outcome="conflict", reason="it is not resolved")


def _merge_in(copy: WorkingCopy, clash: Clash, seat: Seat) -> Clash | None:
    """Merges the other side into the checkout; None when that made no conflict."""
    unready(copy)
    state = copy.merge(clash.commit, f"Merge {clash.name} into {seat.unit.branch}")
    ready(copy)
    if not state.running:
        return None
    return Clash(commit=clash.commit, name=clash.name, paths=state.unmerged, others=clash.others)


def _hand_in(seat: Seat, copy: WorkingCopy, *, last: bool) -> Result | Clash:
    """The result, or the conflict that is in the checkout now for the agent."""
    if seat.unit.subtask is not None:
        return _fold(seat, copy, last=last)
    desk = seat.look()
    head = copy.git.text("rev-parse", "--verify", "HEAD")
    clash = _ahead(desk, head)
    if clash is not None and not last:
        _tell(seat, clash)
        left = _merge_in(copy, clash, seat)
        # A merge driver of this repository may settle what git alone cannot.
        return left or run_check(seat, " with the other side") or _hand_in(seat, copy, last=True)
    return _handed_in(seat, desk, head, clash)


def _handed_in(seat: Seat, desk: Desk, head: Oid, clash: Clash | None) -> Result:
    try:
        done = hand_in_commit(desk, head, unless=superseded(seat.attempt), allow_empty=seat.order.allow_empty)
    except GitcoordError as error:
        if error.code != "conflict":
            raise
        return Result(outcome="conflict", reason=error.message, head=head)
    if done is None:
        return _SHUT_OUT
    if clash is not None and done.folded is None:
        return _defer(desk, head, clash)
    return Result(outcome="ok", head=head)


def _ahead(desk: Desk, head: Oid) -> Clash | None:
    """What `head` would conflict with on its way: the level branch under single-PR, else the base."""
    name, commit = desk.plan.base, desk.base_commit
    if desk.plan.strategy == "single-pr" and not desk.plan.waits_for(desk.task.id, desk.landed):
        level = present_round(desk.plan.level_of(desk.task.id), desk.progress)
        tip = desk.tips.get(level)
        if tip is not None and not desk.ancestry.contains(commit, tip):
            name, commit = level, tip
    if desk.ancestry.contains(head, commit) or desk.ancestry.contains(commit, head):
        return None
    merged = merge_tree(desk.repository.git, commit, head)
    if merged.clean is not False:
        return None
    return Clash(commit=commit, name=name, paths=merged.paths, others=who_else(desk, head, merged.paths))


def _defer(desk: Desk, head: Oid, clash: Clash) -> Result:
    task = desk.task.id
    reason = conflict_reason(task, clash.others, clash.paths, clash.name)
    event = TaskDeferred(
        at=now(),
        by=worker_name(),
        task=task,
        head=head,
        reason=reason,
        others=clash.others,
        paths=clash.paths,
        onto=clash.commit,
    )
    record_deferral(desk.store, event)
    return Result(outcome="conflict", reason=reason, head=head)


def _fold(seat: Seat, copy: WorkingCopy, *, last: bool) -> Result | Clash:
    """Brings the subtask into its parent's branch, after what its siblings have brought."""
    from filelock import FileLock, Timeout

    lock = FileLock(seat.place.parent / f"fold-{key_of(seat.unit.task.id, 0)}.lock")
    try:
        # One after the other costs one merge each; without it, on other machines, compare-and-swap decides.
        lock.acquire(timeout=_TURN)
    except Timeout:
        seat.log.say("a sibling takes long to hand in; going ahead of it")
    try:
        return _try_to_fold(seat, copy, seat.look(), last=last)
    finally:
        lock.release()


def _try_to_fold(seat: Seat, copy: WorkingCopy, desk: Desk, *, last: bool) -> Result | Clash:
    for _ in range(_FOLDS):
        head = copy.git.text("rev-parse", "--verify", "HEAD")
        if head == seat.start and not seat.order.allow_empty:
            return Result(outcome="failed", reason=f"{seat.unit.branch} has no commits of its own", head=head)
        result = Result(outcome="ok", head=head, recorded=True)
        folded = fold_subtask(desk, seat.unit, seat.attempt, head, ended(seat, result))
        if folded is True:
            _hand_in_parent(seat)
            return result
        if folded is False:
            return _SHUT_OUT
        others = Clash(commit=folded, name=desk.task.branch)
        clash = _merge_in(copy, others, seat)
        if clash is not None and not last:
            clash = msgspec.structs.replace(clash, others=_siblings(desk, head, clash))
            _tell(seat, clash)
            return clash
        if clash is not None:
            return _defer_subtask(seat, copy, desk, head, clash)
        if wrong := run_check(seat, " with what its siblings did"):
            return wrong
    raise GitcoordError("push-raced", f"{desk.task.branch} kept moving.", hint="Try again.")


def _siblings(desk: Desk, head: Oid, clash: Clash) -> tuple[TaskId, ...]:
    """The subtasks of the same parent that brought what `head` conflicts with."""
    folds = {part.id: desk.progress.get(part.id, PENDING).folded for part in desk.task.subtasks}
    heads = {id: fold.head for id, fold in folds.items() if fold is not None and fold.head != head}
    return other_side(desk.repository.git, head=head, paths=clash.paths, heads=heads)


def _tell(seat: Seat, clash: Clash) -> None:
    """Lets everybody know of a conflict that goes back to the agent."""
    seat.log.say(f"it conflicts with {clash.name} in {', '.join(clash.paths)}")
    for other in clash.others:
        event = TasksClash(at=now(), by=worker_name(), task=seat.unit.id, other=other, paths=clash.paths)
        seat.desk.store.record(event, unless=superseded(seat.attempt))


def _defer_subtask(seat: Seat, copy: WorkingCopy, desk: Desk, head: Oid, clash: Clash) -> Result:
    """Keeps the work safe on its own branch, for an attempt that comes later."""
    copy.git.run("merge", "--abort")
    reason = f"subtask {seat.unit.id} conflicts with {clash.name} in {', '.join(clash.paths)}"
    event = TaskDeferred(
        at=now(),
        by=worker_name(),
        task=seat.unit.id,
        head=head,
        reason=reason,
        paths=clash.paths,
        onto=clash.commit,
    )
    result = Result(outcome="conflict", reason=reason, head=head, recorded=True)
    ref = HEADS + seat.unit.branch
    for _ in range(_FOLDS):
        before = desk.shared.read(ref)
        moves = [] if before == head else [Update(ref, before, head)]
        written = desk.store.try_record([event, ended(seat, result)], moves, superseded(seat.attempt))
        if written is not None:
            return result if written else _SHUT_OUT
    raise GitcoordError("push-raced", f"{seat.unit.branch} kept moving.", hint="Try again.")


def _hand_in_parent(seat: Seat) -> None:
    """The last subtask hands its parent in; where that fails now, whoever looks next does it."""
    try:
        desk = seat.look()
        if hand_in_whole(desk) is not None:
            seat.log.say(f"task {desk.task.id} is whole, and handed in")
    except GitcoordError as error:
        seat.log.say(f"task {seat.unit.task.id} is whole, but not handed in: {error.message}")
