"""Events: what a user may ask about tomorrow. Values only; `state` writes them, `cli` shows them."""

from typing import Literal

import msgspec

from gitcoord.event import Event
from gitcoord.outside import OutsideChange
from gitcoord.pull_events import PullOpened as PullOpened
from gitcoord.pull_events import PullReady as PullReady
from gitcoord.pull_events import PullRejected as PullRejected
from gitcoord.pull_events import PullRetargeted as PullRetargeted
from gitcoord.pull_events import TaskHandedOver as TaskHandedOver
from gitcoord.text_lists import some


class PlanSaved(Event, frozen=True, kw_only=True, tag="plan-saved"):
    """A plan was made or remade."""

    levels: int
    tasks: int
    generation: int = 1

    def sentence(self) -> str:
        tasks = f"{self.tasks} task{'' if self.tasks == 1 else 's'}"
        return f"plan saved: {tasks} in {self.levels} level{'' if self.levels == 1 else 's'}"


class WavesSaved(Event, frozen=True, kw_only=True, tag="waves-saved"):
    """check-conflicts wrote a level's waves into the plan."""

    level: str
    waves: tuple[tuple[str, ...], ...]

    def sentence(self) -> str:
        waves = " then ".join(" + ".join(wave) for wave in self.waves)
        return f"{self.level} re-ordered by its real conflicts: {waves}"


class TaskRenamed(Event, frozen=True, kw_only=True, tag="renamed"):
    """The task is the same under other words, which are its `identity`."""

    def sentence(self) -> str:
        return f"task {self.task} is called {self.identity.title if self.identity else ''!r} now"


class TaskStarted(Event, frozen=True, kw_only=True, tag="started"):
    """A worker took the task: `branch` starts at the commit `base`.

    `parents` are the heads of tasks that had not landed and that the branch is stacked on.
    """

    branch: str
    base: str
    parents: dict[str, str] = msgspec.field(default_factory=dict)

    def sentence(self) -> str:
        return f"task {self.task} started by {self.by} on {self.branch}"


class TaskSubmitted(Event, frozen=True, kw_only=True, tag="submitted"):
    """The task's work is complete at commit `head`."""

    branch: str
    head: str
    carries: dict[str, str] = msgspec.field(default_factory=dict)
    """The newest commit that it has of each other task that was not submitted by then."""

    def sentence(self) -> str:
        return f"task {self.task} submitted by {self.by} at {self.head[:12]}"


class TaskFolded(Event, frozen=True, kw_only=True, tag="folded"):
    """The task's `head` was merged into the level branch `into` as `commit`."""

    into: str
    head: str
    commit: str

    def sentence(self) -> str:
        return f"task {self.task} folded into {self.into}"


class BranchUpdated(Event, frozen=True, kw_only=True, tag="updated"):
    """gitcoord merged the base into the task's branch: `head` became `commit`."""

    branch: str
    head: str
    commit: str

    def sentence(self) -> str:
        return f"{self.branch} brought up to date with the base at {self.commit[:12]}"


class TaskLanded(Event, frozen=True, kw_only=True, tag="landed"):
    """The task's work is in the base: `head` went in, `commit` is the base's commit that holds it.

    `branch` is the branch that the pull request merged (the level branch under single-PR).
    """

    branch: str
    head: str
    commit: str
    pull: int | None = None
    wave: int = 1

    def sentence(self) -> str:
        through = f" through pull request {self.pull}" if self.pull is not None else ""
        return f"task {self.task} landed{through} as {self.commit[:12]}"


class RollbackProposed(Event, frozen=True, kw_only=True, tag="rollback-proposed"):
    """The commit `commit`, on top of `base`, takes the landing of `head` back; it is not in the base yet.

    `start` is the base as it was before that landing, `branch` what a pull request carries the commit on.
    """

    head: str
    start: str
    base: str
    commit: str
    branch: str = ""
    landing: str = ""
    """The last commit of the base that brought the landing; it began after `start`."""

    def sentence(self) -> str:
        return f"rolling task {self.task} back proposed as {self.commit[:12]}"


class TaskRolledBack(Event, frozen=True, kw_only=True, tag="rolled-back"):
    """The base's commit `commit` took the landing of `head` back; `start` was the base before it."""

    head: str
    start: str
    commit: str
    pull: int | None = None

    def sentence(self) -> str:
        through = f" through pull request {self.pull}" if self.pull is not None else ""
        return f"task {self.task} rolled back{through} as {self.commit[:12]}"


class TaskDeferred(Event, frozen=True, kw_only=True, tag="deferred"):
    """The task has to wait for a later wave: merging `head` with `onto` failed in `paths`, against `others`.

    `exclusive`: it merges, and came second where only one task at a time may work. With `stands_on` it was
    begun on those heads of tasks that landed otherwise; `anew`: so it begins anew.
    """

    head: str
    reason: str
    others: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    onto: str = ""
    exclusive: bool = False
    check: str = ""
    """It merges, and this check (its digest) fails on what comes of that, `tree`; `output` is its end."""
    tree: str = ""
    output: str = ""
    stands_on: dict[str, str] = msgspec.field(default_factory=dict)
    anew: bool = False

    def sentence(self) -> str:
        return f"task {self.task} deferred: {self.why}"

    @property
    def why(self) -> str:
        """The reason after the task's name, which the reason itself most often opens with."""
        for name in (f"task {self.task} ", f"subtask {self.task} "):
            if self.reason.startswith(
                (f"{name}conflicts ", f"{name}cannot ", f"{name}fails ", f"{name}was ")
            ):
                return f"it {self.reason.removeprefix(name)}"
        return self.reason


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


AnyEvent = (
    PlanSaved
    | WavesSaved
    | TaskRenamed
    | TaskStarted
    | TaskSubmitted
    | TaskFolded
    | BranchUpdated
    | PullOpened
    | PullReady
    | PullRejected
    | PullRetargeted
    | TaskHandedOver
    | TaskLanded
    | TaskDeferred
    | RollbackProposed
    | TaskRolledBack
    | AttemptStarted
    | AttemptEnded
    | TasksClash
    | CancelAsked
    | RetryAsked
    | RunChanged
)
