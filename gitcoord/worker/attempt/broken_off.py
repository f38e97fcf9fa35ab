"""The results of attempts that an error, a signal or a removed directory ended."""

from gitcoord.engines.memory_limit import end_reason
from gitcoord.errors import GitcoordError
from gitcoord.events import Outcome
from gitcoord.worker.attempt.attempt_context import (
    AttemptContext,
    AttemptResult,
    without_room,
)
from gitcoord.worker.attempt.finished_work import cut_off
from gitcoord.worker.attempt.shared_state import put_back_of_other_attempts
from gitcoord.worker.transient_errors import passes


def outcome_of(error: GitcoordError) -> Outcome:
    """The outcome of an attempt that `error` ended. An error that passes says nothing about the work."""
    return "again" if passes(error) else "failed"


def broken_off(context: AttemptContext, error: GitcoordError) -> AttemptResult:
    """The result of an attempt that `error` ended.

    Its reason is a limit of the engine, a full disk or a signal, if there was one. If git failed and other
    running attempts had changed the configuration, reverts their changes; the outcome is then `again`.
    """
    if ended := end_reason(context.place):
        return AttemptResult(outcome="failed", reason=f"the attempt was ended: {ended}")
    why = f"{error.message} {error.hint}".strip()
    asked = context.stop.requested
    full = without_room(context, why)
    if full is None and asked is not None:
        return cut_off(context, f"the worker received {asked.name} while it waited: {why}")
    if full is None and error.code == "git-failed" and put_back_of_other_attempts(context):
        return AttemptResult(outcome="again", reason=why)
    return full or AttemptResult(outcome=outcome_of(error), reason=why)


def without_records(context: AttemptContext) -> AttemptResult | None:
    """The result of an attempt whose own directory somebody removed; else None."""
    if context.place.is_dir():
        return None
    reason = f"{context.place} was removed while the agent ran; the agent's files stay in {context.directory}"
    return AttemptResult(outcome="failed", reason=reason, keep=True)
