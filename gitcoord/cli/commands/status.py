"""`gitcoord status`: shows the state of every task, from the plan, the journal and git."""

from typing import TYPE_CHECKING, Annotated

import typer

from gitcoord.cli.app import app, not_nan
from gitcoord.cli.landing.adopted_options import Adopted, AdoptedBase

if TYPE_CHECKING:
    from gitcoord.cli.context import Context
    from gitcoord.cli.status.status_document import StatusDocument
    from gitcoord.evidence.snapshot import Snapshot
    from gitcoord.tasks.model import TaskId

_EPILOG = """\b
Examples:
  gitcoord status            # levels, waves, who works on what, what landed
  gitcoord status --json     # the same for a program
  gitcoord status --adopted  # the same for what `gitcoord land` adopted
  gitcoord status --watch    # the dashboard, from any clone, until Ctrl-C
"""


@app.command("status", epilog=_EPILOG)
def status(
    as_json: Annotated[
        bool, typer.Option("--json", help="One gitcoord.status/1 document on stdout.")
    ] = False,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch", help="Keep running and show every change; with --json, one gitcoord.picture/1 a line."
        ),
    ] = False,
    every: Annotated[
        float,
        typer.Option(
            "--every",
            min=0.2,
            max=86_400,
            callback=not_nan,
            metavar="SECONDS",
            help="Time between two fetches of --watch while tasks change; longer while nothing changes.",
        ),
    ] = 2.0,
    adopted: Adopted = False,
    base: AdoptedBase = None,
) -> None:
    """Show the state of every task, and why a task waits.

    If no task list was planned, shows what `gitcoord land` has adopted. Git decides whether a task has
    landed; everything else is read from the journal.
    """
    from gitcoord.cli.context import acts_across, open_context
    from gitcoord.cli.landing.adopted_state import choose_state
    from gitcoord.cli.views.output import emit_json, show, warn
    from gitcoord.cli.views.status import status_view

    if watch:
        from gitcoord.cli.across.each_repository import all_places
        from gitcoord.cli.status.status_watch import watch_status

        places = all_places(reads=True)
        for place in places:
            choose_state(place.context, adopted=adopted, base=base)
        watch_status(places, every=every, as_json=as_json)
        return
    context = open_context(reads=True, several=True)
    if acts_across(context.settings):
        from gitcoord.cli.status.status_across import show_status

        show_status(context, _read, as_json=as_json)
        return
    context.store.refresh()
    choose_state(context, adopted=adopted, base=base)
    told = _document(context)
    warn(told.warnings)
    if as_json:
        emit_json("status", told)
    else:
        show(*status_view(told))


def _read(context: "Context") -> "StatusDocument":
    """Fetches the shared refs and returns the state of every task now."""
    context.store.refresh()
    return _document(context)


def _document(context: "Context") -> "StatusDocument":
    """Returns the state of every task as of the last fetch."""
    from gitcoord.cli.status.overview import doubts, leases_at, quiet_at
    from gitcoord.cli.status.status_document import make_status
    from gitcoord.event_stamp import now
    from gitcoord.evidence.landings import moved_on
    from gitcoord.evidence.snapshot import find_snapshot
    from gitcoord.progress.make_picture import make_picture
    from gitcoord.state.accounts import closed_now
    from gitcoord.state.heartbeats import read_beats

    store = context.store
    plan = store.require_plan()
    snapshot = find_snapshot(store, plan)
    progress = store.progress() if snapshot is None else snapshot.progress
    landed = {} if snapshot is None else snapshot.landed
    events = [entry.event for entry in store.journal() if entry.event is not None]
    beats = read_beats(store)
    return make_status(
        plan,
        progress,
        landed,
        (*store.problems(), *doubts(context, plan, snapshot)),
        {}
        if snapshot is None
        else moved_on(
            snapshot.ancestry,
            base_commit=snapshot.base_commit,
            plan=plan,
            landed=landed,
            tips=snapshot.tips,
        ),
        make_picture(
            plan,
            events,
            landed,
            now(),
            closed=closed_now(store, context.settings.run),
            quiet=quiet_at(beats, now()),
        ),
        {} if snapshot is None else _held_reasons(context, snapshot),
        leases_at(beats, progress, now()),
    )


def _held_reasons(context: "Context", snapshot: "Snapshot") -> "dict[TaskId, str]":
    """Returns why landing holds a task, for each submitted task whose parent has landed as other commits."""
    from gitcoord.evidence.stacks import Parents

    plan, progress, landed = snapshot.plan, snapshot.progress, snapshot.landed
    submitted = [task for task, before in progress.items() if before.head and task in plan.tasks]
    open_ones = {task: snapshot.tips.get(plan.tasks[task].branch) for task in submitted if task not in landed}
    if not landed or not open_ones:
        return {}
    parents = Parents(context.repository.git, snapshot.make_stacks(), plan, progress, landed)
    unknown = {task: parents.unknown(tip, task) for task, tip in open_ones.items() if tip is not None}
    return {task: one.sentence(plan.tasks[task].branch, plan.base) for task, one in unknown.items() if one}
