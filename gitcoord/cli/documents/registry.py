"""The documents of `--json` by name: the description and the types of each."""

from typing import Any, NamedTuple

from gitcoord.cli.documents import across_types, conflict_types, setup_types, types
from gitcoord.cli.foresight.calibrate import Calibration
from gitcoord.cli.planning.list_sync import SyncReport
from gitcoord.cli.status.status_document import StatusDocument
from gitcoord.cli.views.predict import ConflictPrediction
from gitcoord.events import AnyEvent
from gitcoord.landing.across.model import LevelReport
from gitcoord.landing.report import Report
from gitcoord.landing.rollback.model import RollbackReport
from gitcoord.progress.make_picture import Picture
from gitcoord.run.run_preview import Approval
from gitcoord.run.run_report import RunEnd
from gitcoord.worker.attempt.worker_end import WorkerEnd
from gitcoord.worker.submit_preview import SubmissionPreview
from gitcoord.worker.task_context import Checkout, Submission


class DocumentKind(NamedTuple):
    """A document: its one-sentence description, and the types that it can have."""

    summary: str
    shapes: tuple[Any, ...]


def _kind(summary: str, *shapes: Any) -> DocumentKind:
    return DocumentKind(summary, shapes)


DOCUMENTS: dict[str, DocumentKind] = {
    "agents": _kind("The file that `agents install` writes.", setup_types.AgentsDocument),
    "calibration": _kind(
        "The calibration that `predict --calibrate` learned.",
        Calibration,
        across_types.Everywhere[Calibration],
    ),
    "cancel": _kind(
        "The tasks and attempts that `cancel` ended.",
        types.CancelDocument,
        across_types.Everywhere[types.CancelDocument],
    ),
    "checkout": _kind(
        "The branch and directory that `checkout` made or resumed.",
        Checkout,
        types.CheckoutPreview,
        across_types.CheckoutEverywhere,
        across_types.PreviewEverywhere,
    ),
    "config": _kind("The settings that `config` shows.", setup_types.ConfigDocument),
    "conflicts": _kind(
        "The conflicts that `check-conflicts` found.",
        conflict_types.ConflictsDocument,
        across_types.ConflictsEverywhere,
    ),
    "conflicts-change": _kind(
        "A line of `check-conflicts --watch`: the changes.", conflict_types.ConflictsChange
    ),
    "container-script": _kind(
        "The script that `container-script` prints.", setup_types.ContainerScriptDocument
    ),
    "doctor": _kind("The findings of `doctor`.", setup_types.DoctorDocument),
    "engines": _kind(
        "The engines that `engines` lists.",
        setup_types.EnginesDocument,
        across_types.Everywhere[setup_types.EnginesDocument],
    ),
    "error": _kind("The error that ended a command.", setup_types.ErrorDocument),
    "event": _kind("An event of the journal, given to the command of `on-event`.", AnyEvent),
    "export": _kind("The workflow that `export` prints.", setup_types.ExportDocument),
    "export-check": _kind("The findings of `export --check`.", setup_types.ExportCheckDocument),
    "files": _kind("The other tasks that change the files of `check-file`.", types.FilesDocument),
    "help": _kind("The pages of `help`, or one of them.", setup_types.HelpTopics, setup_types.HelpPage),
    "hooks": _kind("The hook that `hooks install` writes.", setup_types.HooksDocument),
    "hotspots": _kind("The hotspots that `hotspots` found.", types.HotspotsDocument),
    "init": _kind("The settings that `init` chose and wrote.", setup_types.InitDocument),
    "landing": _kind(
        "The result of `merge-level` or `land`.", Report, types.HeadsReport, types.NothingToLand, LevelReport
    ),
    "landing-preview": _kind(
        "The steps of `merge-level --dry-run` or `land --dry-run`.",
        types.LandingPreview,
        across_types.StepsEverywhere,
    ),
    "log": _kind(
        "The events that `log` shows.", types.LogDocument, across_types.Everywhere[types.LogDocument]
    ),
    "logs": _kind(
        "The logs of a task that `logs` finds.",
        types.LogsDocument,
        across_types.Everywhere[types.LogsDocument],
    ),
    "mcp-install": _kind(
        "The file or command that `mcp install` writes.", setup_types.McpInstalled, setup_types.McpCommand
    ),
    "next": _kind(
        "The tasks that can start now, and the reasons why others wait.",
        types.NextDocument,
        across_types.Everywhere[types.NextDocument],
    ),
    "picture": _kind(
        "A line of `status --watch`: the whole dashboard.", Picture, across_types.RepositoryPicture
    ),
    "plan": _kind("The plan that `plan` makes and `show` shows.", types.PlanDocument),
    "predict": _kind(
        "The conflicts that `predict` expects.",
        ConflictPrediction,
        across_types.Everywhere[ConflictPrediction],
    ),
    "prompt": _kind(
        "The prompt for an agent.", types.PromptDocument, across_types.Everywhere[types.PromptDocument]
    ),
    "report": _kind(
        "The results of a run.", types.ReportDocument, across_types.Everywhere[types.ReportDocument]
    ),
    "retry": _kind(
        "The tasks that `retry` starts again.",
        types.RetryDocument,
        across_types.Everywhere[types.RetryDocument],
    ),
    "rollback": _kind(
        "The tasks that `rollback` rolled back.", RollbackReport, across_types.RollbackEverywhere
    ),
    "run": _kind("The result of `run`.", RunEnd),
    "run-preview": _kind("The plan of `run --dry-run`.", Approval),
    "run-state": _kind(
        "The state of the run after `pause` or `resume`.",
        types.RunStateDocument,
        across_types.Everywhere[types.RunStateDocument],
    ),
    "schema": _kind("The documents with a schema.", setup_types.SchemasDocument),
    "status": _kind("The state of every task.", StatusDocument, across_types.StatusEverywhere),
    "submit": _kind(
        "The branches that `submit` submitted, or would submit.",
        Submission,
        SubmissionPreview,
        types.SubtaskPreview,
        across_types.SubmitEverywhere,
    ),
    "sync": _kind("The states that `sync` set in the task list.", SyncReport),
    "tidy": _kind("The worktrees and branches that `tidy` found and removed.", types.TidyDocument),
    "version": _kind("The versions that `--version --json` prints.", setup_types.VersionDocument),
    "worker": _kind("The result of `worker`.", WorkerEnd, across_types.Everywhere[WorkerEnd]),
}
