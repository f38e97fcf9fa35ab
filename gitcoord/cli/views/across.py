"""Prints the result of landing a level in several repositories."""

from collections.abc import Mapping

from gitcoord.cli.views.landing import WAIT, is_temporary, show_report
from gitcoord.cli.views.output import clean, plain, show
from gitcoord.landing.across.model import AcrossState, LevelReport

_MOST_NAMED = 8
_SENTENCES: Mapping[AcrossState, str] = {
    "landed": "{level} has landed in every repository: {names}.",
    "waiting": "Nothing of {level} has landed.",
    "partial": "{level} has landed in some of its repositories; the others wait.",
    "rolled-back": "{level} was rolled back where it had landed.",
    "rolling-back": "{level} is being rolled back: run the command again to continue.",
}


def show_level(report: LevelReport) -> None:
    """Shows which tasks have landed in which repository, which have not, and why."""
    for name, told in report.repositories.items():
        show(plain(f"Repository {clean(name)}", "bold magenta"))
        show_report(told, repository=name)
    sentence = _SENTENCES[report.state].format(level=report.level, names=", ".join(report.repositories))
    show(plain(clean(f"{sentence} {_reason(report)}").strip(), "bold"), soft_wrap=True)
    if report.state in ("waiting", "partial"):
        show(plain(_way_on(report)), soft_wrap=True)


def _reason(report: LevelReport) -> str:
    if report.missing:
        some = [f"task {one.task} in {one.repository}: {one.reason}" for one in report.missing[:_MOST_NAMED]]
        return f"It waits for {'; '.join(some).removesuffix('.')}."
    return f"Why: {report.reason.removesuffix('.')}." if report.reason else ""


def _way_on(report: LevelReport) -> str:
    """Returns the next step for a level that waits: submit work, or wait."""
    blocking = [one for one in report.missing if is_temporary(report.repositories[one.repository])]
    if report.missing and len(blocking) == len(report.missing):
        return WAIT
    return "Submit what is missing, then run merge-level again."
