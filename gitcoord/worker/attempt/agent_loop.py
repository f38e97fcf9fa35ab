"""Runs the turns of one attempt: agent, check, commit, submit; again after each conflict."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gitcoord.engines.memory_limit import end_reason
from gitcoord.errors import GitcoordError
from gitcoord.git.worktree import WorkingCopy
from gitcoord.tasks.model import TaskId
from gitcoord.text_lists import some
from gitcoord.worker.attempt.agent_checkout import prepare, ready, unlock, unready
from gitcoord.worker.attempt.attempt_context import AttemptContext, AttemptResult, patiently, without_room
from gitcoord.worker.attempt.checkout_repair import repair_branch, show_hidden_files
from gitcoord.worker.attempt.commit_message import commit_message
from gitcoord.worker.attempt.commit_work import commit_all_work
from gitcoord.worker.attempt.conflict_handoff import merge_in
from gitcoord.worker.attempt.earlier_work import save_earlier_work, save_own_work
from gitcoord.worker.attempt.finished_work import cut_off, note_finished, was_finished
from gitcoord.worker.attempt.given_files import ProvidedFiles
from gitcoord.worker.attempt.hand_in import hand_in_task
from gitcoord.worker.attempt.merge_subtask import fold
from gitcoord.worker.attempt.prompt.markdown import ConflictBrief
from gitcoord.worker.attempt.provision import provide
from gitcoord.worker.attempt.run_commands import run_agent, run_check, run_setup
from gitcoord.worker.attempt.write_prompt import write_prompt
from gitcoord.worker.own_work import began_at
from gitcoord.worker.submit import other_side_of
from gitcoord.worker.task_list_changes import list_note, put_back_in

if TYPE_CHECKING:
    from collections.abc import Callable


def take_turns(context: AttemptContext) -> AttemptResult:
    """Runs the agent on the unit, and again for each conflict, at most `rework` times.

    A conflict that an earlier attempt left counts against the same limit.
    """
    save_earlier_work(context)
    copy = prepare(
        context.task_context, context.unit, context.how, context.start, context.directory, context.log.say
    )
    if failed := provide(context, copy, lambda: run_setup(context)):
        return failed
    clash = _waiting(context, copy)
    in_vain = 0
    finished = clash is None and was_finished(context, copy)
    if clash is None and _moved(context):
        clash = _with_what_landed(context, copy)
        finished = clash is None
    for left in range(context.order.rework, -1, -1):
        result = None if finished else _work(context, copy, clash)
        finished = False
        if result is not None and result.outcome == "conflict" and clash is not None:
            in_vain += 1
            save_own_work(context)
            if left and in_vain < context.order.rework:
                continue
            return _give_up(context, copy, result.reason)
        if result is not None:
            return result
        outcome = _hand_in(context, copy, last=left == 0)
        if isinstance(outcome, AttemptResult):
            return outcome
        clash, in_vain = outcome, 0
        context.reworks.begin()
    raise AssertionError("the last turn has a result")


def _work(context: AttemptContext, copy: WorkingCopy, clash: ConflictBrief | None) -> AttemptResult | None:
    """Runs agent and check, and commits; returns None when the work is on the branch."""
    write_prompt(context, clash)
    steps: tuple[Callable[[], AttemptResult | None], ...] = (
        lambda: run_agent(context, clash),
        lambda: _damaged(context, copy),
        lambda: _unresolved(copy),
        lambda: run_check(context),
        lambda: _damaged(context, copy),
        lambda: _settled(context, copy),
    )
    result = next((result for step in steps if (result := _stopped(context) or step())), None)
    if result is None:
        note_finished(context, copy)
    return result or _stopped(context)


def _moved(context: AttemptContext) -> bool:
    """Whether the task was deferred because its parents landed as other commits, which `prepare` merged."""
    deferral = context.before.deferral
    return deferral is not None and bool(deferral.stands_on) and not context.how.fresh


def _with_what_landed(context: AttemptContext, copy: WorkingCopy) -> ConflictBrief | None:
    """Runs the check on the merged work; returns None if it passes, else the failure for the agent."""
    base, deferral = context.task_context.plan.base, context.before.deferral
    context.log.say(f"merged {base} into {context.unit.branch}; the agent runs only if the check fails")
    wrong = run_check(context, f" on {base}") or _settled(context, copy)
    if wrong is None:
        note_finished(context, copy)
        return None
    return ConflictBrief(
        commit=context.task_context.base_commit,
        name=base,
        others=tuple(TaskId(task) for task in deferral.stands_on) if deferral is not None else (),
        failure=wrong.reason,
        output=context.log.tail(),
    )


def _stopped(context: AttemptContext) -> AttemptResult | None:
    asked = context.stop.requested
    if why := end_reason(context.place):
        return AttemptResult(outcome="failed", reason=f"the attempt was ended: {why}")
    return None if asked is None else cut_off(context, f"{asked.name} came")


def _unresolved(copy: WorkingCopy) -> AttemptResult | None:
    state = copy.merge_state()
    paths = copy.unresolved(state) if state.running else []
    if not paths:
        return None
    return AttemptResult(outcome="conflict", reason=f"the conflict is not resolved in {some(paths)}")


def _damaged(context: AttemptContext, copy: WorkingCopy) -> AttemptResult | None:
    """Repairs the branch and removes stale locks; returns a failure if the checkout is not usable."""
    if mended := repair_branch(context.task_context.repository, copy, context.unit.branch, context.start):
        context.log.say(mended)
    what = copy.damage()
    if not what:
        if left := unlock(context.task_context.repository, copy, context.unit.branch):
            context.log.say(f"removed git lock files that the agent left: {', '.join(left)}")
        if context.outside.hides:
            show_hidden_files(copy, context.log.say)
        return None
    reason = f"the agent damaged its checkout: {what}; everything it left stays in {context.directory}"
    return AttemptResult(outcome="failed", reason=reason, keep=True)


def _settled(context: AttemptContext, copy: WorkingCopy) -> AttemptResult | None:
    try:
        left = commit_all_work(
            context.task_context.repository,
            copy,
            context.unit,
            context.settings.rules,
            start=context.start,
            base=context.task_context.base_commit,
            message=commit_message(
                context.settings.run.commit_message, context.task_context.plan, context.unit
            ),
            commit=context.order.commit_leftovers,
            take_nested=context.settings.run.nested_repositories == "add",
            hooks=context.settings.run.commit_hooks,
        )
    except GitcoordError as error:
        full = without_room(context, error.message.rstrip("."))
        if full is None:
            raise
        return full
    for note in left.notes:
        context.log.say(note)
    if not left.problem and (carried := ProvidedFiles(copy).committed(copy.git, context.start, left.head)):
        reason = f"the agent committed files that `carry` copied in: {some(carried)}"
        return AttemptResult(outcome="failed", reason=f"{reason}; take it out of the commits", head=left.head)
    if not left.problem:
        since = began_at(context.task_context, left.head)
        dropped = (
            put_back_in(
                context.task_context.repository,
                copy,
                since,
                context.settings,
                context.task_context.plan.source,
            )
            if since
            else ()
        )
        for line in list_note(dropped):
            context.log.say(line)
        return None
    if left.keep and (full := without_room(context, left.problem)):
        return full
    return AttemptResult(
        outcome="conflict" if left.unresolved else "failed",
        reason=left.problem,
        head=left.head,
        keep=left.keep,
    )


def _waiting(context: AttemptContext, copy: WorkingCopy) -> ConflictBrief | None:
    """Returns the conflict to resolve, from an earlier attempt or a deferral; merges first if necessary."""
    state, task_context = copy.merge_state(), context.task_context
    if not state.running and context.unit.subtask is not None and context.before.deferral is not None:
        return merge_in(
            copy,
            ConflictBrief(commit=task_context.tips[task_context.task.branch], name=task_context.task.branch),
            context,
        )
    deferral = context.before.deferral
    merges = deferral is not None and bool(deferral.exclusive or deferral.check)
    if not state.running and deferral is not None and merges and deferral.onto:
        return ConflictBrief(
            commit=deferral.onto,
            name=task_context.plan.base,
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
        others=other_side_of(task_context, head, state.unmerged),
    )


def _give_up(context: AttemptContext, copy: WorkingCopy, left: str) -> AttemptResult:
    """Gives up on the conflict: aborts the merge and submits the work without it, which defers the task."""
    kept = "" if context.settings.run.keep_checkout == "never" else f" in {context.directory}"
    by_hand = f"by hand: `gitcoord checkout {context.unit.id}`{kept}, edit, `gitcoord submit`"
    context.log.say(f"{left}: conflict markers or uncommitted changes are left; the merge is aborted")
    context.log.say(by_hand)
    unready(copy)
    copy.git.run("merge", "--abort", ok=())
    ready(copy)
    outcome = _hand_in(context, copy, last=True)
    if not isinstance(outcome, AttemptResult):
        return AttemptResult(outcome="conflict", reason="it is not resolved")
    if outcome.outcome != "conflict" or outcome.recorded:
        return outcome
    reason = f"{outcome.reason.removesuffix('.')}, and the agent did not resolve it"
    return msgspec.structs.replace(outcome, reason=reason)


def _hand_in(context: AttemptContext, copy: WorkingCopy, *, last: bool) -> AttemptResult | ConflictBrief:
    """Submits the work; returns the result, or the conflict that now is in the checkout."""
    give = hand_in_task if context.unit.subtask is None else fold
    return patiently(context, lambda: give(context, copy, last=last))
