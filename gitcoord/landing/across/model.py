"""The values for landing a level across repositories, and the interface to the repositories."""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from gitcoord.forge.pull_requests import Forge
from gitcoord.git.git_cli import Oid
from gitcoord.landing.context import LandingContext
from gitcoord.landing.model import Carrier
from gitcoord.landing.report import Report
from gitcoord.level_events import LevelAcross
from gitcoord.notices import Tell
from gitcoord.planning.model import Plan, PlannedLevel
from gitcoord.tasks.model import TaskId

OnPartial = Literal["wait", "rollback"]
"""The action if a level has landed in some of its repositories and cannot land in the others."""
AcrossState = Literal["landed", "waiting", "partial", "rolled-back", "rolling-back"]


class RepositoryState(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the level in one repository: `carriers` would merge now if all repositories were ready.

    `wave`: the tasks of the first unfinished wave that have not landed. `commit`: the base with all carriers
    merged, and `tree` its tree; None if they do not merge one after the other.
    """

    name: str
    report: Report
    carriers: tuple[Carrier, ...] = ()
    wave: frozenset[TaskId] = frozenset()
    base_commit: Oid = ""
    commit: Oid | None = None
    tree: Oid | None = None

    @property
    def landed(self) -> frozenset[TaskId]:
        """The landed tasks."""
        return frozenset(one.task for one in self.report.landed)

    @property
    def ready(self) -> frozenset[TaskId]:
        """The tasks that would land now."""
        return frozenset(task for carrier in self.carriers for task in carrier.tasks)

    def why_not(self, task: TaskId) -> str:
        """Returns why a task cannot land now."""
        if task in self.ready:
            return "it conflicts with tasks that land before it"
        reasons: dict[TaskId, str] = {one.task: one.reason for one in self.report.deferred}
        reasons |= {one.task: one.reason for one in self.report.waiting}
        return reasons.get(task, "it waits for an earlier wave")


class MissingTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task that blocks the level, with its repository and the reason."""

    repository: str
    task: TaskId
    reason: str


def refused(report: Report, missing: Sequence[MissingTask]) -> Report:
    """Returns one repository's report with the reasons of `missing` for the waiting tasks in it."""
    why = {one.task: one.reason for one in missing}
    waiting = (msgspec.structs.replace(one, reason=why.get(one.task, one.reason)) for one in report.waiting)
    return msgspec.structs.replace(report, waiting=tuple(waiting))


class LevelReport(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the level in all repositories after the run."""

    level: str
    state: AcrossState
    repositories: dict[str, Report]
    missing: tuple[MissingTask, ...] = ()
    reason: str = ""
    """Why the level has not landed everywhere, or was rolled back."""

    @property
    def complete(self) -> bool:
        """Whether the whole level has landed in every repository."""
        return self.state == "landed"


class AcrossContext(msgspec.Struct, frozen=True, kw_only=True):
    """A level of the whole plan, and the repositories of its tasks in landing order. `wait` is in seconds."""

    plan: Plan
    level: PlannedLevel
    names: tuple[str, ...]
    on_partial: OnPartial = "wait"
    wait: float = 0.0

    def tasks_in(self, name: str) -> frozenset[TaskId]:
        """Returns the level's tasks in one repository."""
        return frozenset(task for task in self.level.tasks if name in self.plan.tasks[task].repositories)


class RepositoryAccess(Protocol):
    """The access to repositories, forges and the journal that landing across repositories needs."""

    def context(self, name: str) -> LandingContext:
        """Reads the level's landing context in one repository, in the order that its branches allow."""

    def forge(self, name: str) -> Forge:
        """Returns the forge of one repository."""

    def tell(self, name: str) -> Tell:
        """Returns a function that shows notices of one repository."""

    def last_event(self, level: str) -> LevelAcross | None:
        """Returns the last recorded event of the level."""

    def record(self, event: LevelAcross) -> None:
        """Records an event and prints it."""

    def update_parts(self) -> None:
        """Updates in each repository the list of tasks in other repositories for which its tasks wait."""

    def check(self, commits: Mapping[str, Oid]) -> str:
        """Checks all repositories side by side at these commits; returns the failure, else an empty text."""

    def rehearse_rollback(self, name: str) -> None:
        """Raises if the level cannot be rolled back in one repository."""

    def roll_back(self, name: str) -> str:
        """Rolls the level back in one repository; returns why that is not complete, else an empty text."""
