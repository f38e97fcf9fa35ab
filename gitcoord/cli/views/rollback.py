"""Prints the results of rollbacks."""

from collections.abc import Mapping

from gitcoord.cli.views.output import clean, emit
from gitcoord.git.git_cli import Git
from gitcoord.landing.rollback.model import RollbackReport
from gitcoord.landing.rollback.texts import subjects
from gitcoord.text_lists import named_tasks, some

_MOST_NAMED = 8
_MOST_TASKS = 12


def show_rollback(report: RollbackReport, git: Git) -> None:
    """Shows what was rolled back, or why it was not."""
    verb = "is" if len(report.levels) == 1 else "are"
    named = f"{', '.join(report.levels)} ({named_tasks([one.task for one in report.tasks], _MOST_TASKS)})"
    if report.state == "planned":
        emit(f"{clean(named)} would be rolled back on {clean(report.base)}, newest first:")
        for commit, subject in zip(report.reverted, subjects(git, report.reverted), strict=True):
            emit(f"  revert {commit[:12]} {clean(subject)}".rstrip())
    elif report.state == "already":
        emit(f"{clean(named)} {verb} already rolled back on {clean(report.base)}; nothing was changed.")
    elif report.state == "done":
        emit(f"{clean(named)} {verb} rolled back on {clean(report.base)} at {report.base_commit[:12]}.")
        name = clean(report.tasks[0].task) if len(report.tasks) == 1 else "TASK"
        emit(f"For another try: gitcoord checkout {name}, edit, gitcoord submit, then merge-level again.")
        emit(f"For another try by an agent: gitcoord retry {name}, then gitcoord run --land.")
    else:
        emit(f"{clean(named)} {verb} not rolled back yet.")
        emit(clean(f"pull request {report.pull} of {report.branch}: {report.reason} {report.url}".rstrip()))
    _show_notes(report)


def show_rollbacks(level: str, reports: Mapping[str, RollbackReport]) -> None:
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
        _show_notes(report)
    if not reports:
        emit(clean(f"{level} has already been rolled back everywhere."))


def _show_notes(report: RollbackReport) -> None:
    """Prints a note if no file changes, and a note for each reverted change that no task restores."""
    if report.unchanged:
        emit(clean(f"No file on {report.base} changes: the landing changed none, or was reverted before."))
    for one in report.unowned:
        commit, paths = one.commit[:12], some(one.paths, _MOST_NAMED)
        emit(clean(f"Reverted with it, and not restored by any task: changes of {commit} in {paths}."))
        emit(f"  To restore a file later: git checkout {commit} -- FILE")
