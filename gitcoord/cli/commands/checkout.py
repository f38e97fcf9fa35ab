"""`gitcoord checkout`: switches to a task's branch."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gitcoord.cli.app import app
from gitcoord.cli.completion import complete_task
from gitcoord.cli.options import DryRun, Now, Stack

if TYPE_CHECKING:
    from gitcoord.cli.across.task_routing import TaskPlace
    from gitcoord.worker.checkout import CheckoutOptions

_EPILOG = """\b
Examples:
  gitcoord checkout 3                    # switch to its branch, or create it
  gitcoord checkout 3 --worktree ../t-3  # in a worktree of its own
  gitcoord checkout 3.1                  # a subtask, to resolve its conflict
  gitcoord checkout 3 --stack            # on dependencies not landed yet
  BRANCH=$(gitcoord checkout "$TASK_ID")   the branch's name, for a script
"""


@app.command("checkout", epilog=_EPILOG)
def checkout(
    task: Annotated[
        str,
        typer.Argument(
            metavar="TASK",
            autocompletion=complete_task,
            help="The task's id, or a subtask's: 3.1.",
            show_default=False,
        ),
    ],
    stack: Stack = False,
    now: Now = False,
    worktree: Annotated[
        Path | None,
        typer.Option("--worktree", metavar="DIR", help="Create (or resume) a worktree there instead."),
    ] = None,
    dry_run: DryRun = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One gitcoord.checkout/1 document on stdout.")
    ] = False,
) -> None:
    """Switch to the branch of TASK and print only its name.

    If the branch does not exist, creates it from the base, which must contain the task's dependencies and
    the earlier waves of its level. For a deferred task, merges the other side of its conflict for you to
    resolve.
    """
    from gitcoord.cli.across.task_routing import directory_in, places_of
    from gitcoord.cli.views.output import emit, emit_json, say
    from gitcoord.errors import in_repository
    from gitcoord.worker.checkout import CheckoutOptions

    places, documents, branches = places_of(task), [], []
    for place in places:
        how = CheckoutOptions(stack=stack, now=now, worktree=directory_in(worktree, place, len(places)))
        with in_repository(place.name):
            branch, document, notes = _checkout(place, task, how, dry_run=dry_run)
        documents.append(document)
        branches.append(branch)
        for note in notes:
            say(place.says(note))
    if as_json and len(places) > 1:
        named = {place.name: document for place, document in zip(places, documents, strict=True)}
        emit_json("checkout", {"task": task, "branch": branches[0], "repositories": named})
    elif as_json:
        emit_json("checkout", documents[0])
    else:
        emit(branches[0])


def _checkout(
    place: "TaskPlace", task: str, how: "CheckoutOptions", *, dry_run: bool
) -> "tuple[str, Any, list[str]]":
    """Checks out the branch in one repository, unless `dry_run`; returns its name, the document and notes."""
    from gitcoord.cli.planning.list_changes import list_changes
    from gitcoord.worker.checkout import check_out, starting_point
    from gitcoord.worker.manual_subtasks import check_out_subtask, subtask_of, where_to_begin
    from gitcoord.worker.task_context import find_task, task_context_for

    context = place.context
    context.repository.require_history()
    if how.worktree is None:
        context.repository.require_working_tree()
    context.store.refresh()
    plan = context.store.require_plan()
    if not place.name:
        list_changes(context, plan)  # raises `tasks-changed`: never start work on the plan of another list
    part = subtask_of(plan, task)
    planned = part.task if part else find_task(plan, task)
    task_context = task_context_for(
        context.repository, context.shared, context.store, plan, planned, context.settings
    )
    if dry_run:
        commit, create = (
            where_to_begin(task_context, part, how) if part else starting_point(task_context, how)
        )
        id, branch = (part.id, part.branch) if part else (task_context.task.id, task_context.task.branch)
        note = f"{branch} would be {'created' if create else 'resumed'} at {commit[:12]}"
        return branch, {"task": id, "branch": branch, "commit": commit, "dry_run": True}, [note]
    taken = check_out_subtask(task_context, part, how) if part else check_out(task_context, how)
    where = [f"checked out in {taken.directory}"] if place.name else []
    return taken.branch, taken, [*where, *taken.notes]
