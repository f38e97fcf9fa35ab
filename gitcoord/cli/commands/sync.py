"""`gitcoord sync`: sets the statuses in the task list to the states that git shows."""

from typing import Annotated

import typer

from gitcoord.cli.app import app
from gitcoord.cli.options import DryRun
from gitcoord.cli.planning.list_options import ListOrigin, Tasks

_EPILOG = """\b
Examples:
  gitcoord sync --dry-run  # what would be set in the list
  gitcoord sync            # landed tasks are done in tasks.json
  gitcoord sync --json     # for a program

\b
Exit code 1 if a status could not be set, else 0, also after a --dry-run.
"""

_Json = Annotated[bool, typer.Option("--json", help="One gitcoord.sync/1 document on stdout.")]


@app.command("sync", epilog=_EPILOG)
def sync(
    tasks: Tasks = None, origin: ListOrigin = None, dry_run: DryRun = False, as_json: _Json = False
) -> None:
    """Set the status of landed tasks to done in the task list.

    Changes only the statuses in this checkout's file, and commits nothing. Closes beads issues with `bd`.
    Sets rolled-back tasks to pending again. You can run it at any time, from any checkout of the base.
    """
    from gitcoord.cli.across.each_repository import whole_plan
    from gitcoord.cli.planning.list_sync import sync_list, tell_sync
    from gitcoord.cli.views.output import emit_json, say

    report = sync_list(whole_plan(), tasks=tasks, origin=origin, dry_run=dry_run)
    if as_json:
        emit_json("sync", report)
    else:
        tell_sync(report)
        if not report.changes and not report.problems:
            say("The task list is up to date; nothing was changed.")
    if report.problems:
        raise typer.Exit(1)
