"""Shows landings and rollbacks across repositories to a person."""

from collections.abc import Mapping

from gitcoord.cli.views.landing import show_report
from gitcoord.cli.views.output import clean, emit, plain, show
from gitcoord.landing.across.model import AcrossState, LevelReport
from gitcoord.landing.rollback.model import RollbackReport
from gitcoord.text_lists import named_tasks

_MOST_NAMED = 8
_SENTENCES: Mapping[AcrossState, str] = {
    "landed": "{level} has landed in every repository: {names}.",
    "waiting": "Nothing of {level} has landed.",
    "partial": "{level} has landed in some of its repositories; the others wait.",
    "rolled-back": "{level} was rolled back in every repository.",
    "rolling-back": "{level} is being rolled back: run the command again to continue.",
}


def show_level(report: LevelReport) -> None:
    """Shows which tasks have landed in which repository, which have not, and why."""
    for name, told in report.repositories.items():
        show(plain(f"Repository {clean(name)}", "bold magenta"))
        show_report(told)
    sentence = _SENTENCES[report.state].format(level=report.level, names=", ".join(report.repositories))
    show(plain(clean(f"{sentence} {_reason(report)}").strip(), "bold"), soft_wrap=True)


def _reason(report: LevelReport) -> str:
    if report.missing:
        some = [f"task {one.task} in {one.repository} ({one.reason})" for one in report.missing[:_MOST_NAMED]]
        return f"It waits for {'; '.join(some)}."
    return f"Why: {report.reason}." if report.reason else ""


def show_rollback(level: str, reports: Mapping[str, RollbackReport]) -> None:
    """Shows what was rolled back in each repository."""
    for name, report in reports.items():
        tasks = named_tasks([one.task for one in report.tasks], _MOST_NAMED)
        words = {
            "planned": f"{tasks} would be rolled back on {report.base}",
            "waiting": f"pull request {report.pull} waits: {report.reason} {report.url}".strip(),
            "opened": f"pull request {report.pull} is open: {report.url}",
            "already": f"{tasks} had already been rolled back on {report.base}",
            "done": f"{tasks} rolled back on {report.base} at {report.base_commit[:12]}",
        }
        emit(clean(f"{name}: {words[report.state]}"))
    if not reports:
        emit(clean(f"{level} has already been rolled back everywhere."))
