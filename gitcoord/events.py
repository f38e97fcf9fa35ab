"""Events: the entries of the journal. Values only; `state` writes them, `cli` shows them."""

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
    """A plan was saved."""

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
    """The task is the same with other texts, which its `identity` has."""

    def sentence(self) -> str:
        return f"task {self.task} is now called {self.identity.title if self.identity else ''!r}"


class TaskStarted(Event, frozen=True, kw_only=True, tag="started"):
    """A worker started the task: `branch` starts at the commit `base`.

    `parents` are the heads of unlanded tasks on which the branch is stacked.
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
    """For each task that was not submitted at that time, its newest commit in `head`."""

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
        return f"{self.branch} updated from the base at {self.commit[:12]}"


class TaskLanded(Event, frozen=True, kw_only=True, tag="landed"):
    """The task's work is in the base: `head` landed with the base's commit `commit`.

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
    """The commit `commit`, on top of `base`, reverts the landing of `head`; it is not in the base yet.

    `start` is the base before that landing, `branch` the branch of the rollback's pull request.
    """

    head: str
    start: str
    base: str
    commit: str
    branch: str = ""
    landing: str = ""
    """The last commit of the base that belongs to the landing; the first one follows `start`."""

    def sentence(self) -> str:
        return f"rollback of task {self.task} proposed as {self.commit[:12]}"


class TaskRolledBack(Event, frozen=True, kw_only=True, tag="rolled-back"):
    """The base's commit `commit` reverted the landing of `head`; `start` was the base before it."""

    head: str
    start: str
    commit: str
    pull: int | None = None

    def sentence(self) -> str:
        through = f" through pull request {self.pull}" if self.pull is not None else ""
        return f"task {self.task} rolled back{through} as {self.commit[:12]}"


class TaskDeferred(Event, frozen=True, kw_only=True, tag="deferred"):
    """The task waits for a later wave: `head` conflicts with `onto` in `paths`, with the tasks `others`.

    `exclusive`: it merges, but another task changed exclusive paths first. `stands_on`: it was started on
    these heads of tasks, which landed as other commits; `anew`: it must therefore start again.
    """

    head: str
    reason: str
    others: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    onto: str = ""
    exclusive: bool = False
    check: str = ""
    """It merges, but this check (a digest) fails on the merged `tree`; `output` is the end of its output."""
    tree: str = ""
    output: str = ""
    stands_on: dict[str, str] = msgspec.field(default_factory=dict)
    anew: bool = False

    def sentence(self) -> str:
        return f"task {self.task} deferred: {self.why}"

    @property
    def why(self) -> str:
        """The reason, for a sentence about the task: begins with `it` instead of the task's name."""
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
