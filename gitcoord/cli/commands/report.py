"""`gitcoord report`: shows how much time parallel work saved, as text, JSON or a page."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gitcoord.cli.app import app

if TYPE_CHECKING:
    from gitcoord.cli.status.overview import Overview

_EPILOG = """\b
Examples:
  gitcoord report                # speed-up, waiting, conflicts, a timeline
  gitcoord report --json         # the same numbers for a program
  gitcoord report --html r.html  # one page with graph and events; no network
"""


@app.command("report", epilog=_EPILOG)
def report(
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write one self-contained page; - for stdout."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One gitcoord.report/1 document on stdout.")
    ] = False,
) -> None:
    """Show how much time running tasks in parallel saved, from the journal.

    Speed-up is the time that one worker would have needed, divided by the time that has passed. Failed
    attempts and rework do not count as time of that worker.
    """
    from gitcoord.cli.across.each_repository import all_places, ask_each, file_of, show_name, together
    from gitcoord.cli.status.overview import look
    from gitcoord.cli.views.output import emit_json, say, show, warn
    from gitcoord.cli.views.report.text import report_text

    overviews = ask_each(all_places(reads=True), lambda place: look(place.context, fresh=False))
    for place, overview in overviews:
        warn(overview.warnings)
        if html is not None:
            path = file_of(place, html)
            _write_page(overview, path)
            if str(path) != "-":
                say(f"The report is in {path}.")
        elif not as_json:
            show_name(place)
            show(*report_text(overview.picture, overview.metrics))
    if as_json:
        emit_json("report", together([(place, _document(overview)) for place, overview in overviews]))


def _document(overview: "Overview") -> dict[str, object]:
    import msgspec

    picture = overview.picture
    numbers: dict[str, object] = msgspec.to_builtins(overview.metrics)
    plan = {"base": picture.base, "tag": picture.tag, "strategy": picture.strategy, "at": picture.at}
    return {**plan, "percent": picture.percent, "run": picture.run, **numbers}


def _write_page(overview: "Overview", path: Path) -> None:
    import sys

    from gitcoord.cli.views.report.page import report_page
    from gitcoord.errors import usage_error

    # The page declares UTF-8, so ignore the terminal's encoding.
    page = report_page(overview.plan, overview.picture, overview.metrics, overview.events).encode(
        "utf-8", "replace"
    )
    if str(path) == "-":
        sys.stdout.buffer.write(page + b"\n")
        sys.stdout.buffer.flush()
        return
    try:
        path.write_bytes(page)
    except OSError as error:
        raise usage_error(
            "bad-output",
            f"The page cannot be written to {path}: {error.strerror or error}.",
            "Give a file in a directory that exists and may be written to.",
        ) from error
