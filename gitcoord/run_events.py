"""Events of a run and of attempts: started, ended, cancelled, retried, clashes."""

from typing import Literal

import msgspec

from gitcoord.event import Event
from gitcoord.outside import OutsideChange
from gitcoord.text_lists import some

Outcome = Literal["ok", "failed", "again", "wrong", "timeout", "cancelled", "conflict", "lost"]
"""How an attempt ended: handed in; the agent or the check failed; try again (exit 75); the task itself is
wrong (65); out of time (124); cancelled (143); handed in, but in conflict; no process and no result."""


class AttemptStarted(Event, frozen=True, kw_only=True, tag="attempt-started"):
    """A worker claimed the task (or subtask) for its attempt `attempt`, on `branch` at the commit `base`.

    `waited` holds the seconds that the task was ready and had to wait, by the name of what held it. After
    `lease` seconds without a heartbeat others take the attempt over (0: never).
    """

    attempt: int
    branch: str
    base: str
    engine: str = "local"
    rework: bool = False
    waited: dict[str, float] = msgspec.field(default_factory=dict)
    lease: float = 0.0

    def sentence(self) -> str:
        return f"task {self.task}: attempt {self.attempt} started by {self.by} on {self.branch}"


class AttemptEnded(Event, frozen=True, kw_only=True, tag="attempt-ended"):
    """The attempt's result: `head` is what it left on its branch, `tokens` are None if unknown.

    `usd` is what it cost in US dollars, where its agent said so. `reworks` is how often a conflict went back
    to the agent within it, which took `rework_seconds` of it. `work_seconds` is what the agent and the check
    took before that: all of it that is not coordination.
    `kept` is a ref, in the clone where it ran, with commits that the branch does not have; `held_back` are
    files that were not committed for what they are, such as `.env`.
    `again_at` is when the account opens again whose limit ended it: that says nothing about the work.
    `outside` is what changed outside of its checkout meanwhile, of `outside_count` things in all.
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
        return f"task {self.task}: attempt {self.attempt} ended: {self.outcome}{why}{kept}{held}{changed}"


class TasksClash(Event, frozen=True, kw_only=True, tag="clash"):
    """While both were at work, the task began to conflict with `other` in `paths`."""

    other: str
    paths: tuple[str, ...]

    def sentence(self) -> str:
        return f"tasks {self.task} and {self.other} clash in {', '.join(self.paths[:5])}"


class CancelAsked(Event, frozen=True, kw_only=True, tag="cancel-asked"):
    """Somebody wants the task's work to end, and not to be begun again by itself."""

    def sentence(self) -> str:
        return f"task {self.task} will be cancelled (requested by {self.by})"


class RetryAsked(Event, frozen=True, kw_only=True, tag="retry-asked"):
    """Somebody wants a failed or cancelled task to be tried again; `fresh`: from a new checkout."""

    fresh: bool = False

    def sentence(self) -> str:
        return f"task {self.task} will be retried (requested by {self.by})"


class RunChanged(Event, frozen=True, kw_only=True, tag="run"):
    """A run began, was paused, went on, or ended; belongs to no task."""

    state: Literal["running", "paused", "ended"]
    engine: str = "local"
    max_parallel: int = 0
    reason: str = ""

    def sentence(self) -> str:
        why = f": {self.reason}" if self.reason else ""
        word = "started" if self.state == "running" else self.state
        return f"run {word} by {self.by}{why}"
