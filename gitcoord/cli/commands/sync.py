"""`gitcoord sync`: sets statuses in the task list to what git knows of the tasks."""

from typing import Annotated

import typer

from gitcoord.cli.app import app
from gitcoord.cli.options import DryRun, ListOrigin, Tasks

_EPILOG = """\b
Examples:
  gitcoord sync --dry-run      what would be set in the list
  gitcoord sync                landed tasks are done in tasks.json
  gitcoord sync --json         for a program

\b
Exit codes: 0 the list says what git knows, 1 something could not be set.
"""

_Json = Annotated[bool, typer.Option("--json", help="One gitcoord.sync/1 document on stdout.")]


@app.command("sync", epilog=_EPILOG)
def sync(
    tasks: Tasks = None, origin: ListOrigin = None, dry_run: DryRun = False, as_json: _Json = False
) -> None:
    """Tell the task list what has landed: set the status of landed tasks to done where the list lives.

    In the file of this checkout only the statuses change, and nothing is committed. Issues of beads are
    closed with `bd`. What was rolled back is to do again. May be run at any time, from any checkout of the
    base.
    """
    from gitcoord.cli.context import open_context
    from gitcoord.cli.list_sync import sync_list, tell_sync
    from gitcoord.cli.views.output import emit_json, say

    context = open_context()
    context.store.refresh()
    report = sync_list(context, tasks=tasks, origin=origin, dry_run=dry_run)
    if as_json:
        emit_json("sync", report)
    else:
        tell_sync(report)
        if not report.changes and not report.problems:
            say("The task list says what git knows; nothing was set.")
    if report.problems:
        raise typer.Exit(1)
