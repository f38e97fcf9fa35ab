"""The plan's values: levels, waves, branches, times. Minutes everywhere; ids are strings."""

from collections.abc import Container
from typing import Literal

import msgspec

from gitcoord.planning.risks import Risks
from gitcoord.task_identity import TaskIdentity
from gitcoord.tasks.model import Finding, TaskId

Strategy = Literal["single-pr", "multi-pr"]


class PlannedSubtask(msgspec.Struct, frozen=True, kw_only=True):
    """A remaining subtask as planned; `wave` counts from 1 within its parent.

    `depends_on` are full ids of siblings in the plan, `foreign` ids of other parents' subtasks (or of other
    tasks) that it depends on.
    """

    id: TaskId
    title: str
    wave: int
    depends_on: tuple[TaskId, ...] = ()
    foreign: tuple[TaskId, ...] = ()
    estimate: float = 0.0
    earliest_start: float = 0.0
    slack: float = 0.0
    modifies: tuple[str, ...] = ()
    parallel_safe: bool = True
    marked_safe: bool = False
    conflicts_with: tuple[TaskId, ...] = ()
    digest: str = ""
    """The digest of its title and details, which shows whether the id still means the same subtask."""


class PlannedTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task as planned. `level` counts from 0, `wave` from 1; times are minutes from the start.

    `estimate` is its work, `duration` the time with a worker for each of its subtasks: the longest chain of
    them. `slack` is the time by which the task can start later without delaying the end.
    """

    id: TaskId
    title: str
    branch: str
    level: int
    wave: int
    depends_on: tuple[TaskId, ...] = ()
    lifted: tuple[TaskId, ...] = ()
    """Those of `depends_on` that only its subtasks need."""
    estimate: float = 0.0
    duration: float = 0.0
    earliest_start: float = 0.0
    latest_start: float = 0.0
    slack: float = 0.0
    critical: bool = False
    priority: str = "medium"
    subtask_waves: tuple[tuple[TaskId, ...], ...] = ()
    subtask_titles: dict[TaskId, str] = {}
    subtasks: tuple[PlannedSubtask, ...] = ()
    modifies: tuple[str, ...] = ()
    parallel_safe: bool = True
    marked_safe: bool = False
    conflicts_with: tuple[TaskId, ...] = ()
    repo: str | None = None
    repositories: tuple[str, ...] = ()
    """The names of the repositories that it changes, if the plan spans several."""
    tokens: int | None = None
    """This task's share of the token budget while it runs together with its wave."""
    digest: str = ""
    """The digest of its title and details, which shows whether the id still means the same task."""


class PlannedLevel(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks of equal dependency depth; `name` is `level-0`, `branch` the shared level branch."""

    number: int
    name: str
    branch: str
    waves: tuple[tuple[TaskId, ...], ...]
    tasks: tuple[TaskId, ...]


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """One way to run the plan: duration in minutes, speed-up over sequential work, efficiency from 0 to 1.

    `efficiency` is the speed-up divided by the number of workers, `parallel_efficiency` divided by `most`,
    the highest number of units that run at once. `starts` has the start of each task and subtask in minutes.
    """

    duration: float
    speedup: float
    efficiency: float
    parallel_efficiency: float = 0.0
    most: int = 0
    starts: dict[TaskId, float] = {}


class Schedules(msgspec.Struct, frozen=True, kw_only=True):
    """Several ways to run the plan, for one `max_parallel`.

    `level_barrier` is the time of `run --barrier`, `no_barrier` that of `run`, where work starts when its
    dependencies have landed, and `pipeline` that of `run --pipeline`, where a submitted dependency is enough.
    """

    sequential: Schedule
    level_barrier: Schedule
    no_barrier: Schedule
    pipeline: Schedule = Schedule(duration=0.0, speedup=1.0, efficiency=0.0)


class Opportunity(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks with the same dependencies, which become ready at the same moment.

    `saves` are the minutes saved by doing them in parallel instead of one after another.
    """

    depends_on: tuple[TaskId, ...]
    tasks: tuple[TaskId, ...]
    saves: float = 0.0


class PlanPart(msgspec.Struct, frozen=True, kw_only=True):
    """The whole plan of which this plan is one repository's part, and the repository's name.

    `plan` identifies the whole plan, and is the same in all of its parts. `awaits` are the dependencies of
    each task that had not landed in all of their other repositories when gitcoord last read them.
    """

    plan: str
    name: str
    awaits: dict[TaskId, tuple[TaskId, ...]] = {}


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The intended schedule: what runs when, on which branch. Says nothing about what has happened.

    `tasks` maps ids to tasks in landing order of the levels. `satisfied` are the ids that the task list marks
    as done (or cancelled): the plan leaves them out, or keeps their place in an earlier plan, so that the
    levels of the others do not change.
    """

    base: str
    strategy: Strategy
    tag: str
    max_parallel: int
    levels: tuple[PlannedLevel, ...]
    tasks: dict[TaskId, PlannedTask]
    critical_path: tuple[TaskId, ...]
    schedules: Schedules
    opportunities: tuple[Opportunity, ...] = ()
    critical_units: tuple[TaskId, ...] = ()
    """The critical path by tasks and subtasks."""
    critical_minutes: float = 0.0
    """The length of the critical path: more workers cannot be faster."""
    estimates_from: str = ""
    """A sentence on the origin of the estimates."""
    satisfied: tuple[TaskId, ...] = ()
    token_budget: int | None = None
    warnings: tuple[Finding, ...] = ()
    everything: bool = False
    """Whether tasks that the list marks as done or cancelled are planned, too."""
    cancelled_satisfies: bool = True
    texts: str = ""
    """A digest of the tasks' texts, which are saved beside the plan."""
    source: str = ""
    """The path of the task list, if it is in the repository."""
    predict: bool = True
    """Whether planning predicts conflicts."""
    risks: Risks = Risks()
    """The predicted conflicts; empty without a prediction."""
    rework_cost: float | None = None
    """The cost of a conflict, in waves; None: no wave is added to avoid one."""
    generation: int = 1
    """The number of this task list among those of the same repository; each has its own branches."""
    adopted: bool = False
    """Whether its branches existed before the plan: others made them, and their names and texts are kept."""
    part: PlanPart | None = None
    """Set in a plan over several repositories; in the whole plan its name is ""."""

    def level_of(self, task: TaskId) -> PlannedLevel:
        """Returns the planned level of `task`. Raises KeyError if the plan has no such task."""
        number = self.tasks[task].level
        return next(level for level in self.levels if level.number == number)

    def identities(self) -> dict[TaskId, TaskIdentity]:
        """Returns the identity of each task, and of each subtask by its full id."""
        parts = (part for task in self.tasks.values() for part in task.subtasks)
        entries: list[PlannedTask | PlannedSubtask] = [*self.tasks.values(), *parts]
        return {entry.id: TaskIdentity(title=entry.title, digest=entry.digest) for entry in entries}

    def waits_for(self, task: TaskId, landed: Container[TaskId]) -> list[TaskId]:
        """Returns those dependencies of `task` that have not landed, here or in another repository."""
        found = [need for need in self.tasks[task].depends_on if need in self.tasks and need not in landed]
        if self.part is None or task not in self.part.awaits:
            return found
        return list(dict.fromkeys((*found, *self.part.awaits[task])))
