"""`gitcoord show` and `gitcoord next`: show the saved plan, and the tasks that can start now."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from gitcoord.cli.app import app

if TYPE_CHECKING:
    from gitcoord.cli.across.task_routing import TaskPlace
    from gitcoord.cli.context import Context
    from gitcoord.run.observe import RunView

_SHOW = """\b
Examples:
  gitcoord show                 # the saved plan
  gitcoord show --format waves  # its waves for a workflow template
  gitcoord show --json          # one gitcoord.plan/1 document
"""
_NEXT = """\b
Examples:
  gitcoord next  # what can start now, and why the rest cannot
  gitcoord next --json | jq -r '.starts[].unit'

\b
Exit codes: 0 something can start, 1 nothing can, 2 no plan for this list.
"""


@app.command("show", epilog=_SHOW)
def show(
    format: Annotated[
        Literal["text", "json", "mermaid", "dot", "levels", "waves"],
        typer.Option("--format", help="The format to print."),
    ] = "text",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Show the saved plan, and whether the task list here has changed since."""
    from gitcoord.cli.context import acts_across, open_context
    from gitcoord.cli.planning.plan_saving import print_saved

    context = open_context(reads=True, several=True)
    if acts_across(context.settings):
        from gitcoord.cli.across.repositories import across

        context = across(context)
    context.store.refresh()
    print_saved(context, context.store.require_plan(), "json" if as_json else format)


@app.command("next", epilog=_NEXT)
def next_tasks(
    as_json: Annotated[bool, typer.Option("--json", help="One gitcoord.next/1 document on stdout.")] = False,
) -> int:
    """Show which tasks and subtasks can start now, the most urgent first, and why the others wait.

    Decides as `gitcoord run` does, with the plan's --max-parallel: a running task takes a slot.
    """
    from gitcoord.cli.across.each_repository import all_places, ask_each, together
    from gitcoord.cli.views.output import emit_json, say

    places = all_places(reads=True, current=True)
    share = len(places)
    documents = ask_each(places, lambda place: _document(place.context, share))
    if as_json:
        emit_json("next", together(documents))
    else:
        for place, document in documents:
            _show_next(place, document)
        if any(one["name"] == "failed" for _, told in documents for one in told["waiting"].values()):
            say("  hint: `gitcoord retry TASK` retries a failed task.")
    return 0 if any(document["starts"] for _, document in documents) else 1


def _show_next(place: "TaskPlace", document: dict[str, Any]) -> None:
    from gitcoord.cli.views.output import emit, say

    for start in document["starts"]:
        emit(place.says(_line(start)))
    if not document["starts"]:
        say(place.says(_NOTHING[document["state"]]))
    for unit, refusal in document["waiting"].items():
        stands = "cannot start" if refusal["name"] in _NEEDS_SOMEBODY else "waits"
        say(place.says(f"{unit} {stands}: {refusal['reason']}"))


_NEEDS_SOMEBODY = frozenset({"blocked", "cancelled", "failed"})
_NOTHING = {
    "finished": "Everything has landed.",
    "working": "Nothing can start now: the remaining tasks are running, or wait for running ones.",
    "waiting": "Nothing can start now.",
}


def _document(context: "Context", share: int) -> dict[str, Any]:
    """Returns the document of `next` for a repository that gets 1/`share` of the plan's --max-parallel."""
    from gitcoord.schedule.decide import next_starts
    from gitcoord.schedule.model import Capacity, Policy
    from gitcoord.worker.unit import find_unit

    view = _view(context)
    plan = view.plan
    capacity = Capacity(max_parallel=max(1, plan.max_parallel // share), token_budget=plan.token_budget)
    policy = Policy(whole_waves=plan.strategy == "single-pr")
    decided = next_starts(view.units, view.seen, capacity, policy)
    starts = []
    for start in decided.starts:
        unit = find_unit(plan, start.unit)
        starts.append(
            {
                "unit": unit.id,
                "task": unit.task.id,
                "title": unit.title,
                "branch": unit.branch,
                "level": unit.task.level,
                "wave": unit.task.wave,
                "warnings": start.warnings,
            }
        )
    running = [*view.seen.running, *view.seen.elsewhere]
    if starts:
        state = "ready"
    elif set(plan.tasks) <= view.seen.landed:
        state = "finished"
    else:
        state = "working" if running else "waiting"
    waiting = {
        unit: {"name": refusal.name, "reason": refusal.reason} for unit, refusal in decided.refusals.items()
    }
    return {"state": state, "starts": starts, "running": running, "waiting": waiting}


def _view(context: "Context") -> "RunView":
    import time

    from gitcoord.cli.planning.list_changes import list_changes
    from gitcoord.run.observe import Observer
    from gitcoord.run.retry_policy import AttemptLimits
    from gitcoord.worker.attempt.paths import run_directory

    plan, run = context.store.require_plan(), context.settings.run
    list_changes(context, plan)  # raises `tasks-changed`: no task of another list can start
    engine = None
    if (place := run_directory(context.repository.common_dir, plan.generation)).exists():
        from gitcoord.engines.local import LocalEngine

        engine = LocalEngine(place)
    observer = Observer(
        context.store, engine, AttemptLimits(retries=run.retries, rework=run.rework), plan.token_budget
    )
    return observer.look(time.time(), None)


def _line(start: dict[str, Any]) -> str:
    from gitcoord.cli.views.output import clean

    return f"{clean(start['unit'])}  {clean(start['title'])}  {clean(start['branch'])}"
