"""Decides from earlier attempts at a unit when to try again: now, after a pause, after others, or never."""

from datetime import datetime
from typing import Literal

import msgspec

from gitcoord.events import AttemptEnded
from gitcoord.state.task_history import Attempt, Progress

_MOST_LOST = 8
"""The run gives up after more lost attempts in a row than this: so many are no accident."""
_MOST_AGAIN = 10
"""The run gives up after more attempts in a row (and more than `retries`) that ask to be tried again."""
_MOST_OK = 4
_SLOWEST = 120.0
_SKEW = 5.0
"""Seconds by which the clocks of two machines may differ."""


class AttemptLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits on attempts: `retries` after failures, `rework` after conflicts.

    When `same_failures` units in a row have failed in the same way, the run starts no more (0: no limit).
    """

    retries: int = 1
    rework: int = 1
    same_failures: int = 0


class RetryDecision(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the unit may be tried again, and when (`not_before`, seconds since the epoch), or why not.

    `later`: only when no other unit of its level can continue. `number` is that of the next attempt.
    """

    state: Literal["open", "later", "failed", "cancelled"]
    number: int
    reason: str = ""
    not_before: float = 0.0
    pause: float = 0.0

    def pauses(self, now: float) -> bool:
        """Whether it is too early. Ignores a time far in the future, from a machine with a wrong clock."""
        return 0 < self.not_before - now <= self.pause + _SKEW


def retry_decision(progress: Progress, limits: AttemptLimits) -> RetryDecision:
    """Decides for a unit that is not done, from its events in the journal."""
    number = (progress.attempt.number if progress.attempt else 0) + 1
    if progress.cancelled:
        return RetryDecision(state="cancelled", number=number)
    newest_number = number - 1
    if progress.state == "rolled-back" and progress.retried_after < max(newest_number, 1):
        return RetryDecision(
            state="failed",
            number=number,
            reason="it was rolled back; `gitcoord retry` gives it to an agent, `gitcoord checkout` to you",
        )
    tried = [one for one in progress.attempts if one.number > progress.retried_after and _counts(one.ended)]
    since = [one.ended for one in tried if one.ended is not None]
    if not since:
        return RetryDecision(state="open", number=number)
    newest = since[-1]
    reworks = sum(one.started is not None and one.started.rework for one in tried)
    given_up = _given_up(progress, since, reworks, limits)
    if given_up:
        return RetryDecision(state="failed", number=number, reason=given_up)
    if newest.outcome == "conflict":
        return RetryDecision(state="later", number=number)
    pause = {"again": 2.0, "lost": 0.5}.get(newest.outcome, 0.0) * 2 ** (_in_a_row(since) - 1)
    pause = min(pause, _SLOWEST)
    return RetryDecision(state="open", number=number, not_before=seconds_of(newest.at) + pause, pause=pause)


def _counts(ended: AttemptEnded | None) -> bool:
    """Whether the attempt has ended and counts. One that the account's usage limit ended does not."""
    return ended is not None and not ended.again_at


def running_attempt(progress: Progress) -> Attempt | None:
    """The newest attempt if the journal has its claim, but not its end; else None."""
    return progress.attempt if progress.attempt is not None and progress.attempt.running else None


def seconds_of(at: str) -> float:
    """Converts an event's time to seconds since the epoch; 0 when it cannot be parsed."""
    try:
        return datetime.fromisoformat(at).timestamp()
    except ValueError:
        return 0.0


def _given_up(progress: Progress, ends: list[AttemptEnded], reworks: int, limits: AttemptLimits) -> str:
    newest = ends[-1]
    why = f": {newest.reason}" if newest.reason else ""
    if newest.outcome == "wrong":
        return f"its agent says that the task itself is wrong{why}"
    failures = sum(end.outcome in ("failed", "timeout") for end in ends)
    if failures > limits.retries and newest.outcome in ("failed", "timeout"):
        word = "ran out of time" if newest.outcome == "timeout" else "failed"
        return f"its attempt {newest.attempt} {word}{why}"
    row = _in_a_row(ends)
    if newest.outcome == "again" and row > max(limits.retries, _MOST_AGAIN):
        return f"{row} attempts in a row asked to be tried again{why}"
    if newest.outcome == "ok" and row > _MOST_OK:
        return f"it was submitted {row} times, but its work is missing"
    if newest.outcome == "lost" and row > _MOST_LOST:
        return f"the processes of {row} attempts in a row vanished without a result"
    # One more than the agent's own limit: the last attempt begins when the rest of the level is done.
    conflicts = sum(end.outcome == "conflict" for end in ends)
    left = _left_unresolved(progress)
    if left or conflicts > 1 or (progress.deferral is not None and reworks > limits.rework + 1):
        return _in_conflict(progress, left=left)
    return ""


def _left_unresolved(progress: Progress) -> bool:
    """Whether the newest attempt had to resolve a conflict, and submitted its work without doing so."""
    newest = progress.attempt
    if newest is None or newest.started is None or newest.ended is None:
        return False
    earlier = {
        newest.started.base,
        *(one.ended.head for one in progress.attempts[:-1] if one.ended is not None),
    }
    return (
        newest.started.rework and newest.ended.outcome == "conflict" and newest.ended.head in earlier - {""}
    )


def _in_conflict(progress: Progress, *, left: bool) -> str:
    clash = progress.deferral
    what = clash.reason if clash is not None and clash.reason else "it conflicts"
    how = "and its agent did not resolve it" if left else "again after it was reworked"
    if clash is None:
        return f"{what}, {how}"
    steps = f"`gitcoord checkout {clash.task}`, edit, `gitcoord submit`"
    return f"{what}, {how}; to resolve it yourself, in its checkout if that was kept: {steps}"


def _in_a_row(ends: list[AttemptEnded]) -> int:
    """Counts the newest ends that have the same outcome."""
    count = 0
    for end in reversed(ends):
        if end.outcome != ends[-1].outcome:
            break
        count += 1
    return count
