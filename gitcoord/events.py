"""Events: what a user may ask about tomorrow. Values only; `state` writes them, `cli` shows them."""

import msgspec

from gitcoord.event import Event
from gitcoord.level_events import LevelAcross as LevelAcross
from gitcoord.pull_events import PullOpened as PullOpened
from gitcoord.pull_events import PullReady as PullReady
from gitcoord.pull_events import PullRejected as PullRejected
from gitcoord.pull_events import PullRetargeted as PullRetargeted
from gitcoord.pull_events import TaskHandedOver as TaskHandedOver
from gitcoord.run_events import AttemptEnded as AttemptEnded
from gitcoord.run_events import AttemptStarted as AttemptStarted
from gitcoord.run_events import CancelAsked as CancelAsked
from gitcoord.run_events import Outcome as Outcome
from gitcoord.run_events import RetryAsked as RetryAsked
from gitcoord.run_events import RunChanged as RunChanged
from gitcoord.run_events import TasksClash as TasksClash


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
    | LevelAcross
)
