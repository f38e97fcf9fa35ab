"""`gitcoord submit`: submits the work on a task."""

from typing import TYPE_CHECKING, Annotated

import typer

from gitcoord.cli.app import app
from gitcoord.cli.completion import complete_task
from gitcoord.cli.options import DryRun

if TYPE_CHECKING:
    from gitcoord.cli.across.task_routing import TaskPlace
    from gitcoord.cli.context import Context
    from gitcoord.worker.task_context import TaskContext
    from gitcoord.worker.unit import WorkUnit

_EPILOG = """\b
Examples:
  gitcoord submit           # the task whose branch is checked out
  gitcoord submit 3 --json  # a task by its id, for a program
"""

_Task = Annotated[
    str | None,
    typer.Argument(
        metavar="TASK",
        autocompletion=complete_task,
        help="The task's id, or a subtask's (default: the task whose branch is checked out).",
        show_default=False,
    ),
]
_AllowEmpty = Annotated[
    bool, typer.Option("--allow-empty", help="Submit the task although its branch has no commit.")
]
_Amended = Annotated[
    bool,
    typer.Option("--amended", help="Replace the pushed branch with this one, which was amended or rebased."),
]
_Json = Annotated[bool, typer.Option("--json", help="One gitcoord.submit/1 document on stdout.")]


@app.command("submit", epilog=_EPILOG)
def submit(
    task: _Task = None,
    allow_empty: _AllowEmpty = False,
    amended: _Amended = False,
    dry_run: DryRun = False,
    as_json: _Json = False,
) -> None:
    """Submit the complete work on TASK: push its branch and record it.

    With single-PR, also merges the branch into the level branch. If that merge conflicts, names the paths and
    tasks, defers TASK, and ends with exit code 1; the task's branch has been pushed.
    """
    from gitcoord.cli.across.task_routing import places_of
    from gitcoord.errors import Exit, in_repository

    places = places_of(task)
    if len(places) == 1:
        with in_repository(places[0].name):
            _submit(
                places[0], task, allow_empty=allow_empty, amended=amended, dry_run=dry_run, as_json=as_json
            )
        return
    # Look at all repositories before submitting in any: an error in one stops all.
    for place in places:
        with in_repository(place.name):
            _look_at(place, task, allow_empty=allow_empty, quiet=not dry_run)
    if dry_run:
        return
    refused = [place for place in places if not _submitted(place, task, allow_empty, amended=amended)]
    if as_json:
        from gitcoord.cli.views.output import emit_json

        emit_json("submit", {"task": task, "repositories": [place.name for place in places]})
    if refused:
        raise typer.Exit(Exit.NO)


def _look_at(place: "TaskPlace", task: str | None, *, allow_empty: bool, quiet: bool) -> None:
    """Raises the error, other than a conflict, that would stop `submit` in one of several repositories.

    Unless `quiet`, prints what `submit` would do there. Does nothing if the task has landed there.
    """
    from gitcoord.cli.views.output import say
    from gitcoord.worker.submit_preview import rehearse
    from gitcoord.worker.task_context import load_task_context

    context = place.context
    context.repository.require_history()
    found = load_task_context(context.repository, context.shared, context.store, task or "", context.settings)
    if found.task.id in found.landed:
        return
    told = rehearse(found, allow_empty=allow_empty)
    if not quiet:
        say(place.says(f"{told.branch} would be pushed and recorded as the work of task {told.task}"))


def _submitted(place: "TaskPlace", task: str | None, allow_empty: bool, *, amended: bool) -> bool:
    """Submits a task in one of its repositories. Returns False if an error with exit code 1 prevents that.

    Returns True if the task has already landed there.
    """
    from gitcoord.cli.views.output import say
    from gitcoord.errors import Exit, GitcoordError, in_repository

    try:
        with in_repository(place.name):
            _submit(place, task, allow_empty=allow_empty, amended=amended, dry_run=False, as_json=False)
    except GitcoordError as error:
        if error.exit != Exit.NO:
            raise
        say(error.message)
        return error.code == "already-landed"
    return True


def _submit(
    place: "TaskPlace", task: str | None, *, allow_empty: bool, amended: bool, dry_run: bool, as_json: bool
) -> None:
    from gitcoord.cli.views.output import emit_json, say
    from gitcoord.errors import usage_error
    from gitcoord.worker.manual_subtasks import subtask_of, subtask_of_branch
    from gitcoord.worker.submit import hand_in
    from gitcoord.worker.task_context import task_of_branch

    context = place.context
    context.repository.require_history()
    if not dry_run:
        context.repository.require_signer()
    context.store.refresh()
    if task is None:
        here = context.repository.current_branch() if context.repository.root else None
        plan = context.store.require_plan()
        task = task_of_branch(plan, here) or subtask_of_branch(plan, here)
    if task is None:
        raise usage_error("which-task", f"{_where(context, here)}.", "Name the task: `gitcoord submit TASK`.")
    if (part := subtask_of(context.store.require_plan(), task)) is not None:
        _submit_subtask(context, part, allow_empty=allow_empty, dry_run=dry_run, as_json=as_json)
        return
    task_context = _ready_to_submit(context, task, dry_run=dry_run)
    if dry_run:
        _rehearse(task_context, allow_empty=allow_empty, as_json=as_json)
        return
    done = hand_in(task_context, allow_empty=allow_empty, amended=amended)
    if as_json:
        emit_json("submit", done)
    say(place.says(f"task {done.task} is submitted: {done.branch} at {done.head[:12]}"))
    if done.folded_into:
        say(place.says(f"merged into {done.folded_into}"))
    for note in done.notes:
        say(place.says(note))


def _ready_to_submit(context: "Context", task: str, *, dry_run: bool) -> "TaskContext":
    """Treats the task's scratch files as the settings say; returns the task's context.

    With `dry_run`, removes no files, but raises the error that would stop `submit`.
    """
    from gitcoord.cli.views.output import say
    from gitcoord.worker.scratch_files import treat_scratch
    from gitcoord.worker.task_context import load_task_context

    place = (context.repository, context.shared, context.store, task, context.settings)
    task_context = load_task_context(*place, fetch=False)
    scratch = treat_scratch(task_context, context.settings.rules, dry_run=dry_run)
    if scratch and context.settings.rules.on_scratch == "drop":
        say(f"{'would drop' if dry_run else 'dropped'} scratch files: {', '.join(scratch)}")
        if not dry_run:
            task_context = load_task_context(*place)
    return task_context


def _rehearse(task_context: "TaskContext", *, allow_empty: bool, as_json: bool) -> None:
    """Prints what `submit` would do. Exit code 1 if it would conflict."""
    from gitcoord.cli.views.output import emit_json, say
    from gitcoord.errors import Exit
    from gitcoord.worker.submit_preview import rehearse

    rehearsed = rehearse(task_context, allow_empty=allow_empty)
    if as_json:
        emit_json("submit", rehearsed)
    say(f"{rehearsed.branch} would be pushed and recorded as the work of task {rehearsed.task}")
    if rehearsed.folded_into:
        say(f"it would be merged into {rehearsed.folded_into}")
    for note in rehearsed.notes:
        say(note)
    if rehearsed.conflicts:
        raise typer.Exit(Exit.NO)


def _submit_subtask(
    context: "Context", part: "WorkUnit", *, allow_empty: bool, dry_run: bool, as_json: bool
) -> None:
    from gitcoord.cli.views.output import emit_json, say
    from gitcoord.worker.manual_subtasks import hand_in_subtask
    from gitcoord.worker.task_context import task_context_for

    plan = context.store.require_plan()
    task_context = task_context_for(
        context.repository, context.shared, context.store, plan, part.task, context.settings
    )
    if dry_run:
        say(f"{part.branch} would be merged into {part.task.branch} as the work of subtask {part.id}")
        if as_json:
            emit_json("submit", {"task": part.id, "branch": part.branch, "dry_run": True})
        return
    done = hand_in_subtask(task_context, part, allow_empty=allow_empty)
    if as_json:
        emit_json("submit", done)
    for line in (f"subtask {done.task} is in {done.folded_into} at {done.head[:12]}", *done.notes):
        say(line)


def _where(context: "Context", here: str | None) -> str:
    if context.repository.bare:
        return "This repository is bare: no branch is checked out"
    return f"The branch {here!r} belongs to no task of the plan" if here else "HEAD is detached"
