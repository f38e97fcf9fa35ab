"""The types of documents that commands compose themselves; other documents are values of other packages.

At run time, only the modules of schemas import these. A test validates every document that the suite sees
against its schema.
"""

from typing import Literal, NotRequired, TypedDict

from gitcoord.adoption.model import ExcludedHead
from gitcoord.cli.logs.log_ends import LogEndShown
from gitcoord.cli.planning.plan_beginnings import AbandonedWork
from gitcoord.cli.planning.plan_making import PlanChange
from gitcoord.foresight.hotspots import HotspotReport
from gitcoord.git.git_cli import Oid
from gitcoord.landing.report import Report
from gitcoord.planning.model import Plan
from gitcoord.progress.make_metrics import Metrics
from gitcoord.reclaim.model import Holding
from gitcoord.tasks.model import TaskId


class PlanDocument(Plan, frozen=True, kw_only=True):
    """A plan, its differences from the plan that was saved before, and the work that it discards."""

    changes: tuple[PlanChange, ...]
    given_up: tuple[AbandonedWork, ...]
    saved: bool


class ReportDocument(Metrics, frozen=True, kw_only=True):
    """The metrics of a run, with the base, tag and strategy of its plan."""

    base: str
    tag: str
    strategy: str
    at: str
    percent: int
    run: Literal["running", "paused", "ended"] | None


class HotspotsDocument(HotspotReport, frozen=True, kw_only=True):
    """The hotspots, the rules that help, and whether they were written to the settings."""

    rules: dict[str, list[str]]  # type: ignore[assignment]
    applied: bool


class HeadsReport(Report, frozen=True, kw_only=True):
    """The result of a landing without a task list; `excluded` are the heads that were left out."""

    excluded: tuple[ExcludedHead, ...]


class NothingToLand(TypedDict):
    """The result of `gitcoord land` if no head can land."""

    level: None
    excluded: list[ExcludedHead]


class LandingPreview(TypedDict):
    """The steps of a landing in sentences."""

    level: str | None
    steps: list[str]
    excluded: NotRequired[list[ExcludedHead]]


class ReadyUnit(TypedDict):
    """A unit that can start now."""

    unit: TaskId
    task: TaskId
    title: str
    branch: str
    level: int
    wave: int
    warnings: list[str]


class WaitReason(TypedDict):
    """The reason why a unit cannot start."""

    name: str
    reason: str


class NextDocument(TypedDict):
    """The units that can start now, the most urgent first, and the reasons why the others wait."""

    state: Literal["ready", "working", "waiting", "finished"]
    starts: list[ReadyUnit]
    running: list[TaskId]
    waiting: dict[TaskId, WaitReason]


class CheckoutPreview(TypedDict):
    """The checkout that `gitcoord checkout --dry-run` announces."""

    task: TaskId
    branch: str
    commit: Oid
    dry_run: Literal[True]


class SubtaskPreview(TypedDict):
    """A subtask that `gitcoord submit --dry-run` would submit."""

    task: TaskId
    branch: str
    dry_run: Literal[True]


class TouchedBy(TypedDict):
    """A task that changes the file, with its branch and the lines of the base that it changes."""

    path: str
    task: TaskId
    branch: str
    title: str
    lines: list[tuple[int, int]]


class FileAnswer(TypedDict):
    """The other tasks that change a file."""

    path: str
    touched_by: list[TouchedBy]


class FilesDocument(TypedDict):
    """The other tasks that change the files; `clear`: there are none."""

    clear: bool
    paths: list[FileAnswer]


class LoggedEvent(TypedDict):
    """An event of the journal, and the commit that stores it."""

    at: str
    by: str
    event: str
    task: str | None
    sentence: str
    commit: Oid


class LogDocument(TypedDict):
    """The journal, the oldest event first."""

    events: list[LoggedEvent]


class AttemptLog(TypedDict):
    """The log of an attempt, or of a check."""

    attempt: int | None
    path: str
    bytes: int
    running: bool


class LogsDocument(TypedDict):
    """A task's logs on this machine; `output`: the end of a check's output; `end`: a log's end from git."""

    task: str
    attempt: int | None
    logs: list[AttemptLog]
    output: NotRequired[str]
    end: NotRequired[LogEndShown]


class CancelDocument(TypedDict):
    """The cancelled tasks, and the attempts that ended."""

    task: str
    tasks: list[str]
    units: list[TaskId]
    running: list[TaskId]
    ended: list[TaskId]
    elsewhere: list[TaskId]
    dry_run: bool


class RetryDocument(TypedDict):
    """The tasks that will be retried."""

    tasks: list[TaskId]
    fresh: bool
    dry_run: bool


class RunStateDocument(TypedDict):
    """The state of the run after `pause` or `resume`; `opened`: the command cleared a usage limit."""

    state: Literal["paused", "running"]
    changed: bool
    opened: bool
    dry_run: bool


class PromptSections(TypedDict):
    """The parts of a prompt; a part may be empty."""

    heading: str
    conflict: str
    work: str
    siblings: str
    whole: str
    earlier: str
    others: str
    rules: str


class PromptDocument(TypedDict):
    """The prompt for an agent."""

    task: TaskId
    branch: str
    text: str
    sections: PromptSections


class TidyHolding(Holding, frozen=True, kw_only=True):
    """A worktree or branch, and whether it can be removed."""

    removable: bool


class TidyDocument(TypedDict):
    """Every worktree and branch, and the removed ones; `freed` is in bytes."""

    base: str
    base_commit: Oid
    holdings: list[TidyHolding]
    removed: list[str]
    problems: dict[str, str]
    freed: int
