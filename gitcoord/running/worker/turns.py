"""The turns of one attempt: agent, check, commit, hand in; and once more where that meets a conflict."""

import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gitcoord.errors import GitcoordError
from gitcoord.git.working_copy import WorkingCopy
from gitcoord.running.engines.memory import said_why
from gitcoord.running.own_work import began_at
from gitcoord.running.submit import who_else
from gitcoord.running.task_list import list_note, put_back_in
from gitcoord.running.worker.checkout import prepare, ready, unlock, unready
from gitcoord.running.worker.commands import run_agent, run_check, run_setup, write_prompt
from gitcoord.running.worker.conflict import merge_in
from gitcoord.running.worker.finish import settle
from gitcoord.running.worker.finished import cut_off, note_finished, was_finished
from gitcoord.running.worker.fold import fold
from gitcoord.running.worker.given import ProvidedFiles
from gitcoord.running.worker.hand_in import hand_in_task
from gitcoord.running.worker.kept import keep_also, keep_commits, keep_unnamed, kept_ref
from gitcoord.running.worker.mending import mend, mend_branch
from gitcoord.running.worker.prompt import ConflictBrief
from gitcoord.running.worker.provision import provide
from gitcoord.running.worker.seat import AttemptResult, Seat, patiently, without_room
from gitcoord.sentences import some
from gitcoord.tasks.model import TaskId

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gitcoord.git.run import Oid


def take_turns(seat: Seat) -> AttemptResult:
    """Does the unit: the first time, and as often as a conflict may go back to the agent.

    A conflict that an agent leaves unresolved is given to it so often in all, wherever it came from.
    """
    _save_what_is_left(seat)
    copy = prepare(seat.desk, seat.unit, seat.how, seat.start, seat.directory, seat.log.say)
    if failed := provide(seat, copy, lambda: run_setup(seat)):
        return failed
    clash = _waiting(seat, copy)
    in_vain = 0
    finished = clash is None and was_finished(seat, copy)
    if clash is None and _moved(seat):
        clash = _with_what_landed(seat, copy)
        finished = clash is None
    for left in range(seat.order.rework, -1, -1):
        result = None if finished else _work(seat, copy, clash)
        finished = False
        if result is not None and result.outcome == "conflict" and clash is not None:
            in_vain += 1
            if left and in_vain < seat.order.rework:
                continue
            return _give_up(seat, copy, result.reason)
        if result is not None:
            return result
        outcome = _hand_in(seat, copy, last=left == 0)
        if isinstance(outcome, AttemptResult):
            return outcome
        clash, in_vain = outcome, 0
        seat.reworks.begin()
    raise AssertionError("the last turn has a result")


def _save_what_is_left(seat: Seat) -> None:
    """Nothing that an earlier attempt left, killed or not, goes with what is taken away now."""
    repository, earlier = seat.desk.repository, seat.before.attempts
    copy = WorkingCopy(repository, seat.directory)
    been = _save_what_nothing_names(seat)
    for mended in (
        mend_branch(repository, copy, seat.unit.branch, seat.start),
        mend(repository, seat.directory, seat.unit.branch, seat.start, been=been),
    ):
        if mended:
            seat.log.say(mended)
    if not earlier:
        return
    if shown := copy.show_hidden():
        seat.log.say(f"it told git to take files for unchanged; git looks at them again: {some(shown)}")
    ref = kept_ref(seat.desk.plan.generation, seat.unit.id, earlier[-1].number)
    since = seat.start if seat.how.fresh else None
    kept = keep_commits(repository, seat.unit.branch, seat.directory, ref, since=since)
    shared = seat.desk.shared_tip
    if since and shared and not seat.desk.ancestry.contains(since, shared):
        keep_also(repository, ref, shared)
        kept = ref
    if kept:
        seat.log.say(f"commits that attempt {earlier[-1].number} left on no branch are kept: git log {kept}")


def _save_what_nothing_names(seat: Seat) -> "Sequence[Oid]":
    """Keeps the commits of an earlier attempt of whose checkout git has no record any more; returns them."""
    earlier, directory, repository = seat.before.attempts, seat.directory, seat.desk.repository
    newest = earlier[-1] if earlier else None
    if newest is None or newest.started is None:
        return ()
    # Where nobody was killed, a checkout that is gone was taken away.
    if not directory.is_dir() and newest.ended is not None and newest.ended.outcome != "lost":
        return ()
    ref = kept_ref(seat.desk.plan.generation, seat.unit.id, newest.number)
    moment = datetime.fromisoformat(newest.started.at).timestamp()
    if kept := keep_unnamed(repository, directory, ref, start=newest.started.base, moment=moment):
        seat.log.say(f"commits that attempt {newest.number} left on no branch are kept: git log {kept}")
    return (repository.git.probe("rev-list", "--no-walk", ref, f"{ref}^@", "--") or "").split()


def _work(seat: Seat, copy: WorkingCopy, clash: ConflictBrief | None) -> AttemptResult | None:
    """Agent, check and commit; None when the work is on the branch."""
    write_prompt(seat, clash)
    steps: tuple[Callable[[], AttemptResult | None], ...] = (
        lambda: run_agent(seat, clash),
        lambda: _damaged(seat, copy),
        lambda: _unresolved(copy),
        lambda: run_check(seat),
        lambda: _damaged(seat, copy),
        lambda: _settled(seat, copy),
    )
    result = next((result for step in steps if (result := _stopped(seat) or step())), None)
    if result is None:
        note_finished(seat, copy)
    return result or _stopped(seat)


def _moved(seat: Seat) -> bool:
    """Whether the work was merged with what landed of the tasks that it stands on, and nothing conflicted."""
    deferral = seat.before.deferral
    return deferral is not None and bool(deferral.stands_on) and not seat.how.fresh


def _with_what_landed(seat: Seat, copy: WorkingCopy) -> ConflictBrief | None:
    """None when the work passes the check there, so that its agent has nothing to do; else what is for it."""
    base, deferral = seat.desk.plan.base, seat.before.deferral
    seat.log.say(f"{seat.unit.branch} was moved onto what has landed on {base}; its agent need not run")
    wrong = run_check(seat, f" on {base}") or _settled(seat, copy)
    if wrong is None:
        note_finished(seat, copy)
        return None
    return ConflictBrief(
        commit=seat.desk.base_commit,
        name=base,
        others=tuple(TaskId(task) for task in deferral.stands_on) if deferral is not None else (),
        failure=wrong.reason,
        output=seat.log.tail(),
    )


def _stopped(seat: Seat) -> AttemptResult | None:
    asked = seat.stop.asked
    if why := said_why(seat.place):
        return AttemptResult(outcome="failed", reason=f"the attempt was ended: {why}")
    return None if asked is None else cut_off(seat, f"{asked.name} came")


def _unresolved(copy: WorkingCopy) -> AttemptResult | None:
    state = copy.merge_state()
    paths = copy.unresolved(state) if state.running else []
    if not paths:
        return None
    return AttemptResult(outcome="conflict", reason=f"the conflict is not resolved in {some(paths)}")


def _damaged(seat: Seat, copy: WorkingCopy) -> AttemptResult | None:
    """The failure of an attempt that took its checkout away from git. Locks of a dead process are removed."""
    if mended := mend_branch(seat.desk.repository, copy, seat.unit.branch, seat.start):
        seat.log.say(mended)
    what = copy.damage()
    if not what:
        if left := unlock(seat.desk.repository, copy, seat.unit.branch):
            seat.log.say(f"it left locks in its checkout, removed now: {', '.join(left)}")
        return None
    reason = f"the agent damaged its checkout: {what}; everything it left stays in {seat.directory}"
    return AttemptResult(outcome="failed", reason=reason, keep=True)


def _settled(seat: Seat, copy: WorkingCopy) -> AttemptResult | None:
    try:
        left = settle(
            seat.desk.repository,
            copy,
            seat.unit,
            seat.settings.rules,
            start=seat.start,
            base=seat.desk.base_commit,
            commit=seat.order.commit_leftovers,
            take_nested=seat.settings.run.nested_repositories == "add",
            hooks=seat.settings.run.commit_hooks,
        )
    except GitcoordError as error:
        full = without_room(seat, error.message.rstrip("."))
        if full is None:
            raise
        return full
    for note in left.notes:
        seat.log.say(note)
    if not left.problem and (carried := ProvidedFiles(copy).committed(copy.git, seat.start, left.head)):
        reason = f"it committed what was carried into its checkout: {some(carried)}"
        return AttemptResult(outcome="failed", reason=f"{reason}; take it out of the commits", head=left.head)
    if not left.problem:
        since = began_at(seat.desk, left.head)
        dropped = (
            put_back_in(seat.desk.repository, copy, since, seat.settings, seat.desk.plan.source)
            if since
            else ()
        )
        for line in list_note(dropped):
            seat.log.say(line)
        return None
    if left.keep and (full := without_room(seat, left.problem)):
        return full
    return AttemptResult(
        outcome="conflict" if left.unresolved else "failed",
        reason=left.problem,
        head=left.head,
        keep=left.keep,
    )


def _waiting(seat: Seat, copy: WorkingCopy) -> ConflictBrief | None:
    """The conflict that an earlier attempt left, or that the unit was deferred for, now in the checkout."""
    state, desk = copy.merge_state(), seat.desk
    if not state.running and seat.unit.subtask is not None and seat.before.deferral is not None:
        return merge_in(copy, ConflictBrief(commit=desk.tips[desk.task.branch], name=desk.task.branch), seat)
    deferral = seat.before.deferral
    merges = deferral is not None and bool(deferral.exclusive or deferral.check)
    if not state.running and deferral is not None and merges and deferral.onto:
        return ConflictBrief(
            commit=deferral.onto,
            name=desk.plan.base,
            paths=deferral.paths,
            others=tuple(TaskId(other) for other in deferral.others),
            exclusive=deferral.exclusive,
            failure=deferral.reason if deferral.check else "",
            output=deferral.output,
        )
    if not state.running:
        return None
    commit, head = copy.git.text("rev-parse", "MERGE_HEAD"), copy.git.text("rev-parse", "HEAD")
    message = Path(copy.git.text("rev-parse", "--absolute-git-dir"), "MERGE_MSG").read_text(
        "utf-8", "replace"
    )
    merging = re.match(r"Merge (\S+) into ", message)
    return ConflictBrief(
        commit=commit,
        name=merging[1] if merging else f"The commit {commit[:12]}",
        paths=state.unmerged,
        others=who_else(desk, head, state.unmerged),
    )


def _give_up(seat: Seat, copy: WorkingCopy, left: str) -> AttemptResult:
    """The conflict stays unresolved: what the work was before is handed in, and deferred."""
    kept = "" if seat.settings.run.keep_checkout == "never" else f" in {seat.directory}"
    by_hand = f"by hand: `gitcoord checkout {seat.unit.id}`{kept}, edit, `gitcoord submit`"
    seat.log.say(f"{left}: conflict markers, or what lay there before; the merge is taken back")
    seat.log.say(by_hand)
    unready(copy)
    copy.git.run("merge", "--abort", ok=())
    ready(copy)
    outcome = _hand_in(seat, copy, last=True)
    if not isinstance(outcome, AttemptResult):
        return AttemptResult(outcome="conflict", reason="it is not resolved")
    if outcome.outcome != "conflict" or outcome.recorded:
        return outcome
    reason = f"{outcome.reason.removesuffix('.')}, and the agent left that unresolved"
    return msgspec.structs.replace(outcome, reason=reason)


def _hand_in(seat: Seat, copy: WorkingCopy, *, last: bool) -> AttemptResult | ConflictBrief:
    """The result, or the conflict that is in the checkout now."""
    give = hand_in_task if seat.unit.subtask is None else fold
    return patiently(seat, lambda: give(seat, copy, last=last))
