"""`gitcoord status`: where every task stands, by the plan, the journal and git."""

from typing import TYPE_CHECKING, Annotated

import typer

from gitcoord.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gitcoord.cli.context import Context
    from gitcoord.cli.status_document import StatusDocument
    from gitcoord.evidence.model import Landing
    from gitcoord.git.ancestry import Ancestry
    from gitcoord.git.git_cli import Oid
    from gitcoord.planning.model import Plan
    from gitcoord.state.task_history import Progress
    from gitcoord.tasks.model import Finding, TaskId

_EPILOG = """\b
Examples:
  gitcoord status          levels, waves, who works on what, what has landed
  gitcoord status --json   the same for a program
  gitcoord status --watch  the dashboard, from any clone, until Ctrl-C
"""


@app.command("status", epilog=_EPILOG)
def status(
    as_json: Annotated[
        bool, typer.Option("--json", help="One gitcoord.status/1 document on stdout.")
    ] = False,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch", help="Stay, and show every change; with --json one gitcoord.picture/1 document a line."
        ),
    ] = False,
    every: Annotated[
        float,
        typer.Option(
            "--every",
            min=0.2,
            metavar="SECONDS",
            help="How often --watch looks at the remote while things move; less and less while they do not.",
        ),
    ] = 2.0,
) -> None:
    """Show where every task stands, and what keeps it from going on.

    Only git decides what has landed; everything else is told by the journal.
    """
    from gitcoord.cli.context import open_context
    from gitcoord.cli.views.output import emit_json, stdout_console, warn
    from gitcoord.cli.views.status import status_view

    context = open_context(reads=True)
    if watch:
        from gitcoord.cli.status_watch import watch_status

        watch_status(context, every=every, as_json=as_json)
        return
    told = _read(context)
    warn(told.warnings)
    if as_json:
        emit_json("status", told)
    else:
        stdout_console().print(status_view(told))


def _read(context: "Context") -> "StatusDocument":
    """Where every task stands now."""
    from gitcoord.cli.overview import leases_at, quiet_at
    from gitcoord.cli.status_document import make_status
    from gitcoord.git.ancestry import Ancestry
    from gitcoord.progress.build import make_picture
    from gitcoord.state.accounts import closed_now
    from gitcoord.state.heartbeats import read_beats
    from gitcoord.state.journal import now

    context.store.refresh()
    plan = context.store.require_plan()
    progress = context.store.progress()
    events = [entry.event for entry in context.store.journal() if entry.event is not None]
    ancestry = Ancestry(context.repository.git)
    progress = _with_rollbacks(context, plan, progress, ancestry)
    landed, doubts = _landed(context, plan, progress, ancestry)
    beats = read_beats(context.store)
    return make_status(
        plan,
        progress,
        landed,
        (*context.store.problems(), *doubts),
        _moved_on(context, plan, landed, ancestry),
        make_picture(
            plan,
            events,
            landed,
            now(),
            closed=closed_now(context.store, context.settings.run),
            quiet=quiet_at(beats, now()),
        ),
        _untold(context, plan, progress, landed, ancestry),
        leases_at(beats, progress, now()),
    )


def _landed(
    context: "Context", plan: "Plan", progress: "Mapping[TaskId, Progress]", ancestry: "Ancestry"
) -> "tuple[dict[TaskId, Landing], list[Finding]]":
    from gitcoord.evidence.landings import landed_tasks
    from gitcoord.tasks.model import Finding

    base_commit = context.shared.branch(plan.base)
    if base_commit is None:
        message = f"The base branch {plan.base} does not exist, so nothing counts as landed."
        return {}, [Finding(code="base-missing", message=message)]
    doubts = []
    if context.repository.shallow:
        message = "This clone is shallow, so work that landed long ago may not be seen."
        doubts.append(Finding(code="shallow", message=message))
    landed = landed_tasks(
        context.repository.git,
        base_commit=base_commit,
        plan=plan,
        progress=progress,
        tips=context.shared.branches(),
        ancestry=ancestry,
    )
    return landed, doubts


def _with_rollbacks(
    context: "Context", plan: "Plan", progress: "Mapping[TaskId, Progress]", ancestry: "Ancestry"
) -> "dict[TaskId, Progress]":
    """The journal's word; a rollback whose pull request a reviewer merged is in git alone so far."""
    from gitcoord.evidence.rollbacks import find_rollbacks, with_rollbacks

    base_commit = context.shared.branch(plan.base)
    if base_commit is None:
        return dict(progress)
    found = find_rollbacks(context.repository.git, ancestry, base_commit, progress)
    return with_rollbacks(ancestry, progress, found)


def _untold(
    context: "Context",
    plan: "Plan",
    progress: "Mapping[TaskId, Progress]",
    landed: "dict[TaskId, Landing]",
    ancestry: "Ancestry",
) -> "dict[TaskId, str]":
    """For handed-in tasks whose parent landed rewritten: the reason with which landing holds them."""
    from gitcoord.evidence.stacks import Parents, find_stacks

    base_commit, tips = context.shared.branch(plan.base), context.shared.branches()
    handed_in = [task for task, before in progress.items() if before.head and task in plan.tasks]
    open_ones = {task: tips.get(plan.tasks[task].branch) for task in handed_in if task not in landed}
    if base_commit is None or not landed or not open_ones:
        return {}
    git = context.repository.git
    stacks = find_stacks(git, ancestry, base_commit, progress, landed)
    parents = Parents(git, stacks, plan, progress, landed)
    unknown = {task: parents.unknown(tip, task) for task, tip in open_ones.items() if tip is not None}
    return {task: one.sentence(plan.tasks[task].branch, plan.base) for task, one in unknown.items() if one}


def _moved_on(
    context: "Context", plan: "Plan", landed: "dict[TaskId, Landing]", ancestry: "Ancestry"
) -> "dict[TaskId, Oid]":
    from gitcoord.evidence.landings import moved_on

    base_commit, tips = context.shared.branch(plan.base), context.shared.branches()
    if base_commit is None:
        return {}
    return moved_on(ancestry, base_commit=base_commit, plan=plan, landed=landed, tips=tips)
