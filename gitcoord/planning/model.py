"""The plan's values: levels, waves, branches, times. Minutes everywhere; ids are strings."""

from collections.abc import Container
from typing import Literal

import msgspec

from gitcoord.planning.risks import Risks
from gitcoord.task_identity import TaskIdentity
from gitcoord.tasks.model import Finding, TaskId

Strategy = Literal["single-pr", "multi-pr"]


class PlannedSubtask(msgspec.Struct, frozen=True, kw_only=True):
    """A subtask that is left to do, in its place: `wave` counts from 1 within its parent.

    `depends_on` holds full ids of siblings in the plan, `foreign` ids of other parents' subtasks (or of
    other tasks) that it needs.
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
    """Of title and details: which subtask the id is."""


class PlannedTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task in its place. `level` and `wave` count from 0 and 1; times are minutes from the start.

    `estimate` is the work in it, `duration` how long it takes with a worker for each of its subtasks: the
    longest chain of them. `slack` is how much later all of it may be without delaying the end.
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
    """The repositories that it works in, by name, where the plan spans several."""
    tokens: int | None = None
    """This task's share of the token budget while it runs beside its wave."""
    digest: str = ""
    """Of title and details: which task the id is."""


class PlannedLevel(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks of equal dependency depth; `name` is `level-0`, `branch` the shared level branch."""

    number: int
    name: str
    branch: str
    waves: tuple[tuple[TaskId, ...], ...]
    tasks: tuple[TaskId, ...]


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """One way to run the plan: duration in minutes, speed-up against sequential, efficiency 0 to 1.

    `efficiency` is the speed-up over the workers there are, `parallel_efficiency` over `most`, how many
    units run at once at the busiest moment. `starts` holds the start of each task and subtask in minutes.
    """

    duration: float
    speedup: float
    efficiency: float
    parallel_efficiency: float = 0.0
    most: int = 0
    starts: dict[TaskId, float] = {}


class Schedules(msgspec.Struct, frozen=True, kw_only=True):
    """Ways to run the plan side by side, for one `max_parallel`.

    `level_barrier` is what `run --barrier` would take, `no_barrier` what `run` would, where work starts when
    what it needs has landed, and `pipeline` what `run --pipeline` would, where a submitted dependency is
    enough.
    """

    sequential: Schedule
    level_barrier: Schedule
    no_barrier: Schedule
    pipeline: Schedule = Schedule(duration=0.0, speedup=1.0, efficiency=0.0)


class Opportunity(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks that share the same dependencies, so that all become ready at the same moment.

    `saves` are the minutes by which they are done sooner side by side than one after another.
    """

    depends_on: tuple[TaskId, ...]
    tasks: tuple[TaskId, ...]
    saves: float = 0.0


class PlanPart(msgspec.Struct, frozen=True, kw_only=True):
    """Of which plan this is one repository's part, and under which name.

    `plan` is the same in all parts of a plan. `awaits` are the tasks that each task needs and that are not in
    everywhere else where they work, as of the last look.
    """

    plan: str
    name: str
    awaits: dict[TaskId, tuple[TaskId, ...]] = {}


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Intent: what runs when, on which branch. Says nothing about what has happened.

    `tasks` is keyed by id in landing order of the levels; `satisfied` holds the ids that the task
    list calls done (or cancelled): the plan leaves them out, or keeps the place that they had in an
    earlier plan, so that the levels of the others stay.
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
    """How long the critical path is: no number of workers is faster."""
    estimates_from: str = ""
    """One sentence: where the estimates came from."""
    satisfied: tuple[TaskId, ...] = ()
    token_budget: int | None = None
    warnings: tuple[Finding, ...] = ()
    everything: bool = False
    """Whether what the list calls done or cancelled is planned, too."""
    cancelled_satisfies: bool = True
    texts: str = ""
    """A digest of the tasks' words, which lie beside the plan."""
    source: str = ""
    """The task list that it was made from, where that lies in the repository."""
    predict: bool = True
    """Whether planning foretells what will conflict."""
    risks: Risks = Risks()
    """Which tasks will probably conflict; empty where nothing was foretold."""
    rework_cost: float | None = None
    """What a conflict costs, in waves; None: no wave is added for one."""
    generation: int = 1
    """Counts the task lists that this repository has had under this state; each has branches of its own."""
    adopted: bool = False
    """Whether its branches were there before it: others made them, and keep their names and words."""
    part: PlanPart | None = None
    """Set in a plan over several repositories; the whole has the name "" in it."""

    def level_of(self, task: TaskId) -> PlannedLevel:
        """The level that `task` is planned in; KeyError when the plan has no such task."""
        number = self.tasks[task].level
        return next(level for level in self.levels if level.number == number)

    def identities(self) -> dict[TaskId, TaskIdentity]:
        """Which task each id is, subtasks by their full ids."""
        parts = (part for task in self.tasks.values() for part in task.subtasks)
        entries: list[PlannedTask | PlannedSubtask] = [*self.tasks.values(), *parts]
        return {entry.id: TaskIdentity(title=entry.title, digest=entry.digest) for entry in entries}

    def waits_for(self, task: TaskId, landed: Container[TaskId]) -> list[TaskId]:
        """The dependencies of `task` in this plan that are not `landed`, or not in other repositories."""
        found = [need for need in self.tasks[task].depends_on if need in self.tasks and need not in landed]
        if self.part is None or task not in self.part.awaits:
            return found
        return list(dict.fromkeys((*found, *self.part.awaits[task])))
