"""The shapes of documents that commands put together themselves; the others are the types of their rooms.

Nothing imports these but the schemas: a test holds every document that the suite sees to them.
"""

from typing import Literal, NotRequired, TypedDict

from gitcoord.adoption.model import ExcludedHead
from gitcoord.cli.plan_beginnings import AbandonedWork
from gitcoord.cli.plan_making import PlanChange
from gitcoord.foresight.hotspots import HotspotReport
from gitcoord.git.git_cli import Oid
from gitcoord.landing.report import Report
from gitcoord.planning.model import Plan
from gitcoord.progress.measure import Metrics
from gitcoord.reclaim.model import Holding
from gitcoord.tasks.model import TaskId


class PlanDocument(Plan, frozen=True, kw_only=True):
    """A plan, and what saving it changed."""

    changes: tuple[PlanChange, ...]
    given_up: tuple[AbandonedWork, ...]
    saved: bool


class ReportDocument(Metrics, frozen=True, kw_only=True):
    """What a run brought, and the plan that it ran."""

    base: str
    tag: str
    strategy: str
    at: str
    percent: int
    run: Literal["running", "paused", "ended"] | None


class HotspotsDocument(HotspotReport, frozen=True, kw_only=True):
    """The hotspots, the rules that help, and whether the settings have them now."""

    rules: dict[str, list[str]]  # type: ignore[assignment]
    applied: bool


class HeadsReport(Report, frozen=True, kw_only=True):
    """How a landing without a task list ended; `excluded` are the heads that were left out."""

    excluded: tuple[ExcludedHead, ...]


class NothingToLand(TypedDict):
    """What `gitcoord land` says where no head can land."""

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
    """Why a unit cannot start."""

    name: str
    reason: str


class NextDocument(TypedDict):
    """What can start now, the most urgent first."""

    state: Literal["ready", "working", "waiting", "finished"]
    starts: list[ReadyUnit]
    running: list[TaskId]
    waiting: dict[TaskId, WaitReason]


class CheckoutPreview(TypedDict):
    """What `gitcoord checkout --dry-run` would check out."""

    task: TaskId
    branch: str
    commit: Oid
    dry_run: Literal[True]


class SubtaskPreview(TypedDict):
    """What `gitcoord submit --dry-run` would do with a subtask."""

    task: TaskId
    branch: str
    dry_run: Literal[True]


class TouchedBy(TypedDict):
    """A task whose branch or worktree changes the file, and the lines."""

    path: str
    task: TaskId
    branch: str
    title: str
    lines: list[tuple[int, int]]


class FileAnswer(TypedDict):
    """Who else is at a file."""

    path: str
    touched_by: list[TouchedBy]


class FilesDocument(TypedDict):
    """Who else is at the files; `clear`: nobody is at any."""

    clear: bool
    paths: list[FileAnswer]


class LoggedEvent(TypedDict):
    """An event of the journal, and the commit that keeps it."""

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
    """The logs that there are of a task; `output`: the end of a check's."""

    task: str
    attempt: int | None
    logs: list[AttemptLog]
    output: NotRequired[str]


class CancelDocument(TypedDict):
    """What was cancelled, and which attempts ended."""

    task: str
    tasks: list[str]
    units: list[TaskId]
    running: list[TaskId]
    ended: list[TaskId]
    elsewhere: list[TaskId]
    dry_run: bool


class RetryDocument(TypedDict):
    """What will be retried."""

    tasks: list[TaskId]
    fresh: bool
    dry_run: bool


class RunStateDocument(TypedDict):
    """The state of the run after `pause` or `resume`; `opened`: its account was closed before."""

    state: Literal["paused", "running"]
    changed: bool
    opened: bool
    dry_run: bool


class PromptSections(TypedDict):
    """The parts of a prompt; one that has nothing to say is empty."""

    heading: str
    conflict: str
    work: str
    siblings: str
    whole: str
    earlier: str
    others: str
    rules: str


class PromptDocument(TypedDict):
    """What an agent is told."""

    task: TaskId
    branch: str
    text: str
    sections: PromptSections


class TidyHolding(Holding, frozen=True, kw_only=True):
    """A worktree or branch, and whether it may go."""

    removable: bool


class TidyDocument(TypedDict):
    """Every worktree and branch, and what was removed; `freed` are bytes."""

    base: str
    base_commit: Oid
    holdings: list[TidyHolding]
    removed: list[str]
    problems: dict[str, str]
    freed: int
