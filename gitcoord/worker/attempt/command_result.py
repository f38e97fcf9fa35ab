"""Turns the end of a command into the result of the attempt: exit codes, signals, limits, the result file."""

import signal

from gitcoord.engines.memory_limit import end_reason
from gitcoord.events import Outcome
from gitcoord.worker.attempt.agent_result import AgentWords, agent_words
from gitcoord.worker.attempt.attempt_context import AttemptContext, AttemptResult, without_room
from gitcoord.worker.attempt.command_process import CommandEnd

_LONGEST_LINE = 200
LAST = 4000
"""Bytes at the end of a command's output in which to look for the reason of its end."""
_SPEAKING: dict[int, Outcome] = {75: "again", 65: "wrong"}


def command_result(context: AttemptContext, who: str, finish: CommandEnd, said: int) -> AttemptResult:
    """Returns the result of an attempt whose command `who` did not succeed; it printed `said` bytes."""
    ended = f"{who} was ended"
    if finish.killed:
        ended += f" with KILL ({processes(finish.killed)} ignored TERM)"
    if finish.why == "timeout":
        return AttemptResult(outcome="timeout", reason=f"{ended} after {context.order.seconds:g} s")
    if finish.why == "stopped" and not end_reason(context.place):
        asked = (
            f"the worker received {context.stop.requested.name}"
            if context.stop.requested
            else "the attempt was cancelled, or a newer one began"
        )
        return AttemptResult(outcome="cancelled", reason=f"{ended}: {asked}")
    if why := end_reason(context.place):
        return AttemptResult(outcome="failed", reason=f"{ended}: {why}", code=finish.code)
    if finish.why == "not started":
        return AttemptResult(outcome="failed", reason=finish.problem)
    outcome: Outcome = "failed" if who != "the agent" else _SPEAKING.get(finish.code, "failed")
    how = f"was killed by {_signal(-finish.code)}" if finish.code < 0 else f"ended with code {finish.code}"
    reason = f"{who} {how}{_last_line(context, said)}"
    full = without_room(context, reason, finish.code)
    return full or AttemptResult(outcome=outcome, reason=reason, code=finish.code)


def with_agent_words(context: AttemptContext, result: AttemptResult | None) -> AttemptResult | None:
    """The result of an agent's turn (None: exit code 0), corrected by its result file.

    The file counts only if the exit code says no more than success or failure. A `done` there does
    not turn a failing exit code into success.
    """
    said = agent_words(context.directory)
    if said is None:
        return result
    context.log.say(f"the agent says: {said}")
    if said.word == "done" or (result is not None and not _may_change(result, said)):
        return result
    code = None if result is None else result.code
    return AttemptResult(outcome=said.word, reason=f"the agent says: {said.sentence or said.word}", code=code)


def _may_change(result: AttemptResult, said: AgentWords) -> bool:
    by_itself = result.code is not None and result.code > 0 and not result.keep and not result.again_at
    return by_itself and result.outcome in ("failed", said.word)


def processes(count: int) -> str:
    """Returns `count` with its noun: `1 process`, `2 processes`."""
    return f"{count} process{'' if count == 1 else 'es'}"


def _signal(number: int) -> str:
    try:
        known = signal.Signals(number)
    except ValueError:
        return f"signal {number}"
    return f"{known.name} ({signal.strsignal(number)})"


def _last_line(context: AttemptContext, written: int) -> str:
    """The last line that the command itself printed, after a colon; empty if there is none."""
    lines = [line.strip() for line in context.log.tail(min(LAST, written)).splitlines()]
    said = [line for line in lines if line and not line.startswith("[gitcoord]")]
    return f": {said[-1][:_LONGEST_LINE]}" if said else ""
