"""Events: what a user may ask about tomorrow. Values only; `state` writes them, `cli` shows them."""

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    """What every event knows. `at` is UTC in ISO 8601, `by` the worker or person, `task` a task's id."""

    at: str
    by: str
    task: str | None = None

    def sentence(self) -> str:
        """The event in words, for commit subjects and the log."""
        raise NotImplementedError


class PlanSaved(Event, frozen=True, kw_only=True, tag="plan-saved"):
    """A plan was made or remade."""

    levels: int
    tasks: int

    def sentence(self) -> str:
        return f"plan saved: {self.tasks} tasks in {self.levels} levels"


class WavesSaved(Event, frozen=True, kw_only=True, tag="waves-saved"):
    """check-conflicts wrote a level's waves into the plan."""

    level: str
    waves: tuple[tuple[str, ...], ...]

    def sentence(self) -> str:
        waves = " then ".join(" + ".join(wave) for wave in self.waves)
        return f"{self.level} re-ordered by its real conflicts: {waves}"


class TaskStarted(Event, frozen=True, kw_only=True, tag="started"):
    """A worker took the task: `branch` starts at the commit `base`."""

    branch: str
    base: str

    def sentence(self) -> str:
        return f"task {self.task} started by {self.by} on {self.branch}"


class TaskSubmitted(Event, frozen=True, kw_only=True, tag="submitted"):
    """The task's work is complete at commit `head`."""

    branch: str
    head: str

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


class PullOpened(Event, frozen=True, kw_only=True, tag="pull-opened"):
    """A pull request carries the task now."""

    pull: int
    branch: str

    def sentence(self) -> str:
        return f"pull request {self.pull} opened for task {self.task} from {self.branch}"


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


class TaskDeferred(Event, frozen=True, kw_only=True, tag="deferred"):
    """The task has to wait for a later wave: merging `head` failed in `paths`, against tasks `others`."""

    head: str
    reason: str
    others: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    onto: str = ""
    """The commit that `head` does not merge with."""

    def sentence(self) -> str:
        return f"task {self.task} deferred: {self.reason}"


AnyEvent = (
    PlanSaved
    | WavesSaved
    | TaskStarted
    | TaskSubmitted
    | TaskFolded
    | BranchUpdated
    | PullOpened
    | TaskLanded
    | TaskDeferred
)
