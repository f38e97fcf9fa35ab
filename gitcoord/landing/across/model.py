"""The values of landing a level across repositories, and what landing does through others."""

from collections.abc import Mapping
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
"""What becomes of a level that has landed in a part of its repositories, and cannot land in the rest."""
AcrossState = Literal["landed", "waiting", "partial", "rolled-back", "rolling-back"]


class MemberLook(msgspec.Struct, frozen=True, kw_only=True):
    """How the level stands in one repository: `carriers` would merge now, if the others let them.

    `wave` are the tasks of its first wave that has not landed. `commit` is what its base would become by all
    carriers; None where they do not merge one after the other.
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
        """The tasks that are in."""
        return frozenset(one.task for one in self.report.landed)

    @property
    def ready(self) -> frozenset[TaskId]:
        """The tasks that would land now."""
        return frozenset(task for carrier in self.carriers for task in carrier.tasks)

    def why_not(self, task: TaskId) -> str:
        """Why a task is not ready."""
        reasons: dict[TaskId, str] = {one.task: one.reason for one in self.report.deferred}
        reasons |= {one.task: one.reason for one in self.report.waiting}
        return reasons.get(task, "it does not merge after what lands before it")


class MissingTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task that keeps the level from landing: in which repository, and why."""

    repository: str
    task: TaskId
    reason: str


class LevelReport(msgspec.Struct, frozen=True, kw_only=True):
    """How the level stands in all repositories after the run."""

    level: str
    state: AcrossState
    repositories: dict[str, Report]
    missing: tuple[MissingTask, ...] = ()
    reason: str = ""
    """Why it is not in everywhere, or was taken back."""

    @property
    def complete(self) -> bool:
        """Whether the whole level is in everywhere."""
        return self.state == "landed"


class LevelScene(msgspec.Struct, frozen=True, kw_only=True):
    """The level of the whole plan, and the repositories that it has tasks in, in the order of landing."""

    whole: Plan
    level: PlannedLevel
    names: tuple[str, ...]
    on_partial: OnPartial = "wait"
    wait: float = 0.0

    def tasks_in(self, name: str) -> frozenset[TaskId]:
        """The level's tasks in one repository."""
        return frozenset(task for task in self.level.tasks if name in self.whole.tasks[task].repositories)


class Hands(Protocol):
    """What landing across repositories does through others."""

    def context(self, name: str) -> LandingContext:
        """Where the level lands in one repository, as it is now, in its real order."""

    def forge(self, name: str) -> Forge:
        """Where the pull requests of one repository live."""

    def tell(self, name: str) -> Tell:
        """Takes the notices of one repository."""

    def newest(self, level: str) -> LevelAcross | None:
        """The last that was recorded of the level."""

    def record(self, event: LevelAcross) -> None:
        """Records and tells it."""

    def keep_parts(self) -> None:
        """Brings what each repository knows of the others up to date."""

    def check(self, commits: Mapping[str, Oid]) -> str:
        """Checks all repositories side by side at these commits; what failed, empty where all is well."""

    def rehearse_rollback(self, name: str) -> None:
        """Raises what keeps the level from being taken back in one repository."""

    def roll_back(self, name: str) -> str:
        """Takes the level back in one repository; why that is not done yet, empty where it is."""
