"""The documents of `--json` by name: which command prints each, and its types."""

from typing import Any, NamedTuple

from gitcoord.cli.calibrate import Calibration
from gitcoord.cli.documents import across_types, conflict_types, setup_types, types
from gitcoord.cli.list_sync import SyncReport
from gitcoord.cli.status_document import StatusDocument
from gitcoord.cli.views.predict import ConflictPrediction
from gitcoord.events import AnyEvent
from gitcoord.landing.across.model import LevelReport
from gitcoord.landing.report import Report
from gitcoord.landing.rollback.model import RollbackReport
from gitcoord.progress.build import Picture
from gitcoord.run.run_preview import Approval
from gitcoord.run.run_report import RunEnd
from gitcoord.worker.attempt.preconditions import WorkerEnd
from gitcoord.worker.submit_preview import SubmissionPreview
from gitcoord.worker.task_context import Checkout, Submission


class DocumentKind(NamedTuple):
    """A document: the sentence that says what it is, and the types that it may have."""

    summary: str
    shapes: tuple[Any, ...]


def _kind(summary: str, *shapes: Any) -> DocumentKind:
    return DocumentKind(summary, shapes)


DOCUMENTS: dict[str, DocumentKind] = {
    "agents": _kind("What `agents install` writes.", setup_types.AgentsDocument),
    "calibration": _kind("What `predict --calibrate` learned.", Calibration),
    "cancel": _kind("What `cancel` ended.", types.CancelDocument),
    "checkout": _kind(
        "Where `checkout` put the worker.",
        Checkout,
        types.CheckoutPreview,
        across_types.CheckoutEverywhere,
        across_types.PreviewEverywhere,
    ),
    "config": _kind("The settings that `config` shows.", setup_types.ConfigDocument),
    "conflicts": _kind(
        "What `check-conflicts` found.", conflict_types.ConflictsDocument, across_types.ConflictsEverywhere
    ),
    "conflicts-change": _kind(
        "A line of `check-conflicts --watch`: what has changed.", conflict_types.ConflictsChange
    ),
    "container-script": _kind("What `container-script` prints.", setup_types.ContainerScriptDocument),
    "doctor": _kind("What `doctor` found.", setup_types.DoctorDocument),
    "engines": _kind("The engines that `engines` lists.", setup_types.EnginesDocument),
    "error": _kind("Why a command could not do it.", setup_types.ErrorDocument),
    "event": _kind("An event of the journal, given to the command of `on-event`.", AnyEvent),
    "export": _kind("The workflow that `export` prints.", setup_types.ExportDocument),
    "export-check": _kind("What `export --check` found.", setup_types.ExportCheckDocument),
    "files": _kind("Who else is at the files of `check-file`.", types.FilesDocument),
    "help": _kind("The pages of `help`, or one of them.", setup_types.HelpTopics, setup_types.HelpPage),
    "hooks": _kind("What `hooks install` writes.", setup_types.HooksDocument),
    "hotspots": _kind("What `hotspots` found.", types.HotspotsDocument),
    "init": _kind("What `init` found and wrote.", setup_types.InitDocument),
    "landing": _kind(
        "How `merge-level` or `land` ended.", Report, types.HeadsReport, types.NothingToLand, LevelReport
    ),
    "landing-preview": _kind(
        "The steps of `merge-level --dry-run` or `land --dry-run`.",
        types.LandingPreview,
        across_types.StepsEverywhere,
    ),
    "log": _kind("What `log` shows.", types.LogDocument),
    "logs": _kind("The logs that `logs` knows of a task.", types.LogsDocument),
    "mcp-install": _kind("What `mcp install` writes.", setup_types.McpInstalled, setup_types.McpCommand),
    "next": _kind("What can start now, and what the rest wait for.", types.NextDocument),
    "picture": _kind("A line of `status --watch`: the whole dashboard.", Picture),
    "plan": _kind("The plan that `plan` makes and `show` shows.", types.PlanDocument),
    "predict": _kind("What `predict` foretells.", ConflictPrediction),
    "prompt": _kind("What an agent would be told.", types.PromptDocument),
    "report": _kind("What a run brought.", types.ReportDocument),
    "retry": _kind("What `retry` lets start again.", types.RetryDocument),
    "rollback": _kind("What `rollback` took back.", RollbackReport, across_types.RollbackEverywhere),
    "run": _kind("How `run` ended.", RunEnd),
    "run-preview": _kind("What `run --dry-run` would do.", Approval),
    "run-state": _kind("The run after `pause` or `resume`.", types.RunStateDocument),
    "schema": _kind("The documents that `schema` knows.", setup_types.SchemasDocument),
    "status": _kind("Where every task stands.", StatusDocument, across_types.StatusEverywhere),
    "submit": _kind(
        "What `submit` handed in, or would.",
        Submission,
        SubmissionPreview,
        types.SubtaskPreview,
        across_types.SubmitEverywhere,
    ),
    "sync": _kind("What `sync` set in the task list.", SyncReport),
    "tidy": _kind("What `tidy` found and removed.", types.TidyDocument),
    "version": _kind("What `--version --json` finds installed.", setup_types.VersionDocument),
    "worker": _kind("How `worker` ended.", WorkerEnd),
}
