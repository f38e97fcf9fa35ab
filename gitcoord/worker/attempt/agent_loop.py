"""Runs the turns of one attempt: agent, check, commit, submit; again after each conflict."""

from typing import TYPE_CHECKING

import msgspec

from gitcoord.engines.memory_limit import end_reason
from gitcoord.git.worktree import WorkingCopy
from gitcoord.tasks.model import TaskId
from gitcoord.text_lists import some
from gitcoord.worker.attempt.agent_checkout import prepare, ready, unready
from gitcoord.worker.attempt.attempt_context import AttemptContext, AttemptResult, patiently
from gitcoord.worker.attempt.commit_turn import commit_turn, repair_checkout
from gitcoord.worker.attempt.earlier_work import save_earlier_work, save_own_work
from gitcoord.worker.attempt.find_conflict import pending_conflict
from gitcoord.worker.attempt.finished_work import cut_off, note_finished, was_finished
from gitcoord.worker.attempt.hand_in import hand_in_task
from gitcoord.worker.attempt.merge_subtask import fold
from gitcoord.worker.attempt.prompt.markdown import ConflictBrief
from gitcoord.worker.attempt.provision import provide
from gitcoord.worker.attempt.run_commands import run_agent, run_check, run_setup
from gitcoord.worker.attempt.write_prompt import write_prompt

if TYPE_CHECKING:
    from collections.abc import Callable


def take_turns(context: AttemptContext) -> AttemptResult:
    """Runs the agent on the unit, and again for each conflict, at most `rework` times more.

    Gives up on a conflict, also on one that an earlier attempt left, after `rework` runs without success.
    Skips the first run if an earlier attempt has completed the work.
    """
    save_earlier_work(context)
    copy = prepare(
        context.task_context, context.unit, context.how, context.start, context.directory, context.log.say
    )
    if failed := provide(context, copy, lambda: run_setup(context)):
        return failed
    clash = pending_conflict(context, copy)
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
        lambda: repair_checkout(context, copy),
        lambda: _unresolved(copy),
        lambda: run_check(context),
        lambda: repair_checkout(context, copy),
        lambda: commit_turn(context, copy),
    )
    result = next((result for step in steps if (result := _stopped(context) or step())), None)
    if result is None:
        note_finished(context, copy)
    return result or _stopped(context)


def _moved(context: AttemptContext) -> bool:
    """Whether the task was deferred because the tasks below it landed as other commits.

    `prepare` has then merged the base into its branch.
    """
    deferral = context.before.deferral
    return deferral is not None and bool(deferral.stands_on) and not context.how.fresh


def _with_what_landed(context: AttemptContext, copy: WorkingCopy) -> ConflictBrief | None:
    """Runs the check on the merged work; returns None if it passes, else the failure to show to the agent."""
    base, deferral = context.task_context.plan.base, context.before.deferral
    context.log.say(f"merged {base} into {context.unit.branch}; the agent runs only if the check fails")
    wrong = run_check(context, f" on {base}") or commit_turn(context, copy)
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
    return None if asked is None else cut_off(context, f"the worker received {asked.name}")


def _unresolved(copy: WorkingCopy) -> AttemptResult | None:
    state = copy.merge_state()
    paths = copy.unresolved(state) if state.running else []
    if not paths:
        return None
    return AttemptResult(outcome="conflict", reason=f"the conflict is not resolved in {some(paths)}")


def _give_up(context: AttemptContext, copy: WorkingCopy, left: str) -> AttemptResult:
    """Gives up on the conflict: aborts the merge and submits the work before it, which defers the task."""
    kept = "" if context.settings.run.keep_checkout == "never" else f" in {context.directory}"
    steps = f"to resolve it yourself: `gitcoord checkout {context.unit.id}`{kept}, edit, `gitcoord submit`"
    context.log.say(f"{left}: conflict markers or uncommitted changes are left; aborting the merge")
    context.log.say(steps)
    unready(copy)
    copy.git.run("merge", "--abort", ok=())
    ready(copy)
    outcome = _hand_in(context, copy, last=True)
    if not isinstance(outcome, AttemptResult):
        return AttemptResult(outcome="conflict", reason="the conflict is not resolved")
    if outcome.outcome != "conflict" or outcome.recorded:
        return outcome
    reason = f"{outcome.reason.removesuffix('.')}, and the agent did not resolve it"
    return msgspec.structs.replace(outcome, reason=reason)


def _hand_in(context: AttemptContext, copy: WorkingCopy, *, last: bool) -> AttemptResult | ConflictBrief:
    """Submits the work; returns the result, or the conflict that the agent has to resolve in the checkout."""
    give = hand_in_task if context.unit.subtask is None else fold
    return patiently(context, lambda: give(context, copy, last=last))
