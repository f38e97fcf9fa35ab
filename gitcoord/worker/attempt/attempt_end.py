"""The end of an attempt, as the journal records it: the event, the end of the log, changes outside."""

import time

from gitcoord.event_stamp import now, worker_name
from gitcoord.events import AttemptEnded
from gitcoord.git.remote_refs import RefUpdate
from gitcoord.git.worktree import WorkingCopy
from gitcoord.outside import OutsideChange
from gitcoord.redact import redact
from gitcoord.state.log_ends import write_log_end
from gitcoord.text_lists import some
from gitcoord.worker.attempt.attempt_context import AttemptContext, AttemptResult
from gitcoord.worker.attempt.environment import tokens_used
from gitcoord.worker.attempt.held_back_store import held_back_files
from gitcoord.worker.attempt.kept_work import keep_commits_outside
from gitcoord.worker.attempt.outside import MOST_OUTSIDE

_LONGEST_REASON = 400
_MOST_HELD = 20


def end_event(context: AttemptContext, result: AttemptResult) -> AttemptEnded:
    """Makes the event for `result`; first keeps commits that the branch lacks, and logs outside changes."""
    tokens, spending = tokens_used(context.place), context.log.spending
    spending.close()
    outside = _outside(context)
    held_back = held_back_files(WorkingCopy(context.task_context.repository, context.directory))
    return AttemptEnded(
        at=now(),
        by=worker_name(),
        task=context.unit.id,
        attempt=context.attempt,
        outcome=result.outcome,
        reason=redact(result.reason)[:_LONGEST_REASON],
        code=result.code,
        head=result.head,
        seconds=round(time.monotonic() - context.began, 3),
        tokens=tokens if tokens is not None else spending.tokens,
        usd=None if spending.usd is None else round(spending.usd, 6),
        reworks=context.reworks.count,
        rework_seconds=round(context.reworks.seconds(), 3),
        work_seconds=round(context.reworks.work_seconds, 3),
        kept=", ".join(dict.fromkeys(filter(None, (keep_commits_outside(context, result), *context.kept)))),
        held_back=held_back[:_MOST_HELD],
        again_at=result.again_at,
        outside=outside[:MOST_OUTSIDE],
        outside_count=len(outside),
    )


def log_end(context: AttemptContext, event: AttemptEnded) -> RefUpdate | None:
    """Writes the end of the log for other clones; returns the ref to create together with the record `event`.

    Returns None if no clone needs it, or if it could not be written.
    """
    context.log.tail(0)  # also writes an unfinished line to the file
    most = context.settings.run.keep_log_ends
    return write_log_end(context.task_context.store, event, context.place / "log", most)


def _outside(context: AttemptContext) -> tuple[OutsideChange, ...]:
    """Finds changes outside the checkout, and writes them to the log."""
    found = context.outside.changes()
    own = [change.words() for change in found if change.by_agent]
    others = [change.words() for change in found if not change.by_agent]
    if own:
        context.log.say(f"the agent's git made changes outside of its checkout: {some(own)}")
    if others:
        context.log.say(
            f"changed outside of its checkout by an unknown process while the attempt ran: {some(others)}"
        )
    return found
