"""A task's work is handed in, unless it conflicts with what is there: then the agent gets to see that."""

from gitcoord.conflicts.exclusive import overtaken
from gitcoord.conflicts.rules import rulebook
from gitcoord.errors import GitcoordError, answer_no
from gitcoord.events import TaskDeferred
from gitcoord.git.merges import merge_tree
from gitcoord.git.run import Oid
from gitcoord.git.shared import HEADS, RefUpdate
from gitcoord.git.working_copy import WorkingCopy
from gitcoord.merging.deferring import conflict_reason, exclusive_reason, record_deferral
from gitcoord.merging.rounds import present_round
from gitcoord.running.deferred import merged_like
from gitcoord.running.leases import superseded
from gitcoord.running.model import TaskContext
from gitcoord.running.rewritten import was_here
from gitcoord.running.submit import hand_in_commit, who_else
from gitcoord.running.worker.commands import run_check
from gitcoord.running.worker.conflict import SHUT_OUT, merge_in, tell
from gitcoord.running.worker.held_back import why_nothing
from gitcoord.running.worker.kept import keep_also, kept_ref
from gitcoord.running.worker.prompt import ConflictBrief
from gitcoord.running.worker.seat import AttemptResult, Seat
from gitcoord.state.journal import now, worker_name
from gitcoord.state.progress import PENDING


def hand_in_task(seat: Seat, copy: WorkingCopy, *, last: bool) -> AttemptResult | ConflictBrief:
    """The result, or the conflict that is in the checkout now for the agent."""
    desk = seat.look()
    head = copy.git.text("rev-parse", "--verify", "HEAD")
    clash = _ahead(desk, head)
    if clash is not None and not last:
        tell(seat, clash)
        left = merge_in(copy, clash, seat)
        # A merge driver of this repository may settle what git alone cannot.
        return left or run_check(seat, " with the other side") or hand_in_task(seat, copy, last=True)
    return _handed_in(seat, desk, copy, head, clash)


def _handed_in(
    seat: Seat, desk: TaskContext, copy: WorkingCopy, head: Oid, clash: ConflictBrief | None
) -> AttemptResult:
    try:
        done = hand_in_commit(desk, head, unless=superseded(seat.attempt), allow_empty=seat.order.allow_empty)
    except GitcoordError as error:
        if error.code == "no-commits-of-its-own" and (why := why_nothing(copy)):
            raise answer_no(error.code, f"{error.message.removesuffix('.')}{why}.", error.hint) from error
        if error.code == "behind" and _take_back(seat, desk, head):
            return _handed_in(seat, seat.look(), copy, head, clash)
        if error.code != "conflict":
            raise
        return AttemptResult(outcome="conflict", reason=error.message, head=head)
    if done is None:
        return SHUT_OUT
    if clash is not None and done.folded is None:
        return _defer(desk, head, clash)
    for note in done.notes:
        seat.log.say(note)
    pushed = desk.ancestry.contains(desk.base_commit, head) and not seat.order.allow_empty
    return AttemptResult(outcome="ok", head=head, reason="; ".join(done.notes) if pushed else "")


def _take_back(seat: Seat, desk: TaskContext, head: Oid) -> bool:
    """Replaces what the agent pushed itself and rewrote since, and keeps it; False if that is not so."""
    branch = desk.task.branch
    pushed = desk.shared.branch(branch)
    if superseded(seat.attempt)(desk.progress.get(desk.task.id, PENDING)):
        return False
    if pushed is None or not was_here(desk.repository, desk.ancestry, branch, pushed, seat.directory):
        return False
    kept = kept_ref(desk.plan.generation, seat.unit.id, seat.attempt)
    keep_also(desk.repository, kept, pushed)
    seat.log.say(
        f"{branch} was pushed and rewritten since; {pushed[:12]} is replaced, and kept: git log {kept}"
    )
    return desk.shared.publish([RefUpdate(HEADS + branch, pushed, head)], hooks=True)


def _ahead(desk: TaskContext, head: Oid) -> ConflictBrief | None:
    """What `head` would conflict with on its way: the level branch under single-PR, else the base."""
    name, commit = desk.plan.base, desk.base_commit
    folds = desk.plan.strategy == "single-pr" and not desk.stacks.heads(desk.repository.git, head)
    if folds and not desk.plan.waits_for(desk.task.id, desk.landed):
        level = present_round(desk.plan.level_of(desk.task.id), desk.progress)
        tip = desk.tips.get(level)
        if tip is not None and not desk.ancestry.contains(commit, tip):
            name, commit = level, tip
    if desk.ancestry.contains(head, commit) or desk.ancestry.contains(commit, head):
        return None
    like = merged_like(desk, commit, head)
    merged = merge_tree(desk.repository.git, like, head)
    apart = overtaken(desk.repository.git, rulebook(desk.settings.rules), like, head)
    if merged.clean is None or (merged.clean and not apart):
        return None
    paths = merged.paths if not merged.clean else apart
    others = who_else(desk, head, paths)
    exclusive = merged.clean is True
    return ConflictBrief(commit=commit, name=name, like=like, paths=paths, others=others, exclusive=exclusive)


def _defer(desk: TaskContext, head: Oid, clash: ConflictBrief) -> AttemptResult:
    task = desk.task.id
    say = exclusive_reason if clash.exclusive else conflict_reason
    reason = say(task, clash.others, clash.paths, clash.name)
    event = TaskDeferred(
        at=now(),
        by=worker_name(),
        task=task,
        head=head,
        reason=reason,
        others=clash.others,
        paths=clash.paths,
        onto=clash.commit,
        exclusive=clash.exclusive,
    )
    record_deferral(desk.store, event)
    return AttemptResult(outcome="conflict", reason=reason, head=head)
