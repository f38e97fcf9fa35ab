"""Events of a run and of attempts: started, ended, cancelled, retried, clashes."""

from typing import Literal

import msgspec

from gitcoord.event import Event
from gitcoord.outside import OutsideChange
from gitcoord.text_lists import some

Outcome = Literal["ok", "failed", "again", "wrong", "timeout", "cancelled", "conflict", "lost"]
"""The result of an attempt: submitted; the agent or the check failed; try again (exit 75); the task itself is
wrong (65); timed out (124); cancelled (143); submitted, but in conflict; no process and no result."""


class AttemptStarted(Event, frozen=True, kw_only=True, tag="attempt-started"):
    """A worker claimed the task (or subtask) for its attempt `attempt`, on `branch` at the commit `base`.

    `waited`: the seconds that the ready task waited, by reason. After `lease` seconds without a heartbeat
    other workers can take over the attempt (0: never).
    """

    attempt: int
    branch: str
    base: str
    engine: str = "local"
    rework: bool = False
    waited: dict[str, float] = msgspec.field(default_factory=dict)
    lease: float = 0.0

    def sentence(self) -> str:
        again = " (rework)" if self.rework else ""
        return f"task {self.task}: attempt {self.attempt}{again} started by {self.by} on {self.branch}"


class AttemptEnded(Event, frozen=True, kw_only=True, tag="attempt-ended"):
    """The attempt's result: `head` is the tip of its branch, `tokens` are None if unknown.

    `usd` is its cost in US dollars, if the agent reported it. `reworks` is the number of conflicts that the
    agent got back during the attempt; resolving them took `rework_seconds`. `work_seconds` is the time of the
    agent and the check before that: everything except coordination. `kept` names refs in the clone where it
    ran, separated by commas: they have commits that the branch does not have, or uncommitted changes of an
    earlier attempt. `held_back` are files that were not committed because of their kind, such as `.env`.
    `again_at`: the account's usage limit ended the attempt, and lasts until this time; the work is not to
    blame. `outside` lists the first of the `outside_count` changes outside its checkout during the attempt.
    """

    attempt: int
    outcome: Outcome
    reason: str = ""
    code: int | None = None
    head: str = ""
    seconds: float = 0.0
    tokens: int | None = None
    usd: float | None = None
    reworks: int = 0
    rework_seconds: float = 0.0
    work_seconds: float | None = None
    kept: str = ""
    held_back: tuple[str, ...] = ()
    again_at: str = ""
    outside: tuple[OutsideChange, ...] = ()
    outside_count: int = 0

    def sentence(self) -> str:
        why = f": {self.reason}" if self.reason else ""
        kept = f" (commits that are on no branch: {self.kept})" if self.kept else ""
        held = f" (not committed: {some(self.held_back)})" if self.held_back else ""
        own = [change.words() for change in self.outside if change.by_agent]
        changed = f" (its git changed outside of its checkout: {some(own)})" if own else ""
        again = "a conflict" if self.reworks == 1 else f"{self.reworks} conflicts"
        reworked = f", after its agent resolved {again}" if self.reworks and self.outcome == "ok" else ""
        result = f"{self.outcome}{why}{reworked}"
        return f"task {self.task}: attempt {self.attempt} ended: {result}{kept}{held}{changed}"


class TasksClash(Event, frozen=True, kw_only=True, tag="clash"):
    """The task began to conflict with `other` in `paths`, while both were running."""

    other: str
    paths: tuple[str, ...]

    def sentence(self) -> str:
        return f"tasks {self.task} and {self.other} clash in {', '.join(self.paths[:5])}"


class CancelAsked(Event, frozen=True, kw_only=True, tag="cancel-asked"):
    """Somebody asked to end the task's work; no run restarts it without a request."""

    def sentence(self) -> str:
        return f"task {self.task} will be cancelled (requested by {self.by})"


class RetryAsked(Event, frozen=True, kw_only=True, tag="retry-asked"):
    """Somebody asked to retry a failed or cancelled task; `fresh`: in a new checkout."""

    fresh: bool = False

    def sentence(self) -> str:
        return f"task {self.task} will be retried (requested by {self.by})"


class RunChanged(Event, frozen=True, kw_only=True, tag="run"):
    """A run started, was paused, was resumed, or ended; the event belongs to no task."""

    state: Literal["running", "paused", "ended"]
    engine: str = "local"
    max_parallel: int = 0
    reason: str = ""

    def sentence(self) -> str:
        why = f": {self.reason}" if self.reason else ""
        word = "started" if self.state == "running" else self.state
        return f"run {word} by {self.by}{why}"
