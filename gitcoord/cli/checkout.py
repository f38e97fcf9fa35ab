"""`gitcoord checkout`."""

from pathlib import Path
from typing import Annotated

import typer

from gitcoord.cli.app import app
from gitcoord.cli.complete import complete_task
from gitcoord.cli.options import DryRun, Now, Stack

_EPILOG = """\b
Examples:
  gitcoord checkout 3                        onto the task's branch, made or resumed
  gitcoord checkout 3 --worktree ../task-3   in a worktree of its own
  gitcoord checkout 3 --stack                on top of dependencies that have not landed yet
  BRANCH=$(gitcoord checkout "$TASK_ID")     the branch's name, for a script
"""


@app.command("checkout", epilog=_EPILOG)
def checkout(
    task: Annotated[
        str,
        typer.Argument(
            metavar="TASK", autocompletion=complete_task, help="The task's id.", show_default=False
        ),
    ],
    stack: Stack = False,
    now: Now = False,
    worktree: Annotated[
        Path | None, typer.Option("--worktree", help="Make (or resume) a worktree there instead.")
    ] = None,
    dry_run: DryRun = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One gitcoord.checkout/1 document on stdout.")
    ] = False,
) -> None:
    """Put the working copy on the branch of TASK and print the branch's name alone.

    A branch that exists is resumed; a new one starts at the base, which has to contain the task's
    dependencies and the earlier waves of its level. A deferred task gets the other side of its conflict
    merged in, for you to resolve.
    """
    from gitcoord.cli.context import open_context
    from gitcoord.cli.output import emit, emit_json, say
    from gitcoord.running.checkout import How, starting_point, take
    from gitcoord.running.model import sit_down

    context = open_context()
    context.repository.require_history()
    if worktree is None:
        context.repository.require_working_tree()
    desk = sit_down(context.repository, context.shared, context.store, task)
    how = How(stack=stack, now=now, worktree=worktree)
    if dry_run:
        commit, create = starting_point(desk, how)
        say(f"{desk.task.branch} would be {'made' if create else 'resumed'} at {commit[:12]}")
        if as_json:
            document = {"task": desk.task.id, "branch": desk.task.branch, "commit": commit, "dry_run": True}
            emit_json("checkout", document)
        else:
            emit(desk.task.branch)
        return
    taken = take(desk, how)
    if as_json:
        emit_json("checkout", taken)
    else:
        emit(taken.branch)
    for note in taken.notes:
        say(note)
