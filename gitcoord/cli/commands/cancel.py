"""`gitcoord cancel`: stops work on tasks, on every machine, until `gitcoord retry`."""

from typing import TYPE_CHECKING, Annotated

import typer

from gitcoord.cli.app import app
from gitcoord.cli.completion import complete_task
from gitcoord.cli.options import DryRun

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitcoord.cli.across.task_routing import TaskPlace
    from gitcoord.cli.context import Context
    from gitcoord.cli.documents.types import CancelDocument
    from gitcoord.state.task_history import Progress
    from gitcoord.tasks.model import TaskId

_EPILOG = """\b
Examples:
  gitcoord cancel 3            # stops task 3 and all of its subtasks
  gitcoord cancel 3.1          # one subtask
  gitcoord cancel 2 4 5        # several
  gitcoord cancel 3 --dry-run  # shows what would stop
"""


@app.command("cancel", epilog=_EPILOG)
def cancel(
    tasks: Annotated[
        list[str],
        typer.Argument(
            metavar="TASK...",
            autocompletion=complete_task,
            help="Ids of tasks, or of subtasks: 3.1.",
            show_default=False,
        ),
    ],
    dry_run: DryRun = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One gitcoord.cancel/1 document on stdout.")
    ] = False,
) -> None:
    """Stop work on each TASK. It stays stopped until `gitcoord retry TASK`.

    Records the request in the journal. Kills the workers that this clone started, with all their child
    processes, even those that ignore TERM. Other workers check the journal every minute. Keeps the branch and
    the checkout.
    """
    from gitcoord.cli.across.each_repository import ask_each, places_with, together
    from gitcoord.cli.views.output import emit_json

    # Find all units before cancelling the first: an unknown id then changes nothing.
    found = ask_each(places_with(tasks), _cancelled_units)
    running = [_running(place.context, units) for place, units in found]
    documents = [
        (place, _cancel_in(place, units, attempts, dry_run=dry_run))
        for (place, units), attempts in zip(found, running, strict=True)
    ]
    if as_json:
        emit_json("cancel", together(documents))
    for (place, document), attempts in zip(documents, running, strict=True):
        _say_cancelled(place, document, attempts)


def _cancelled_units(place: "TaskPlace") -> "list[TaskId]":
    return list(dict.fromkeys(unit for task in place.tasks for unit in _units(place.context, task)))


def _cancel_in(
    place: "TaskPlace", units: "list[TaskId]", running: "dict[TaskId, int]", *, dry_run: bool
) -> "CancelDocument":
    context = place.context
    ended: list[TaskId] = []
    if not dry_run:
        _record_cancel(context, units)
        ended = _kill_local(context, running)
    return {
        "task": place.tasks[0],
        "tasks": list(place.tasks),
        "units": units,
        "running": list(running),
        "ended": ended,
        "elsewhere": [unit for unit in running if unit not in ended] if not dry_run else [],
        "dry_run": dry_run,
    }


def _running(context: "Context", units: "Sequence[TaskId]") -> "dict[TaskId, int]":
    """Returns those of `units` that have a running attempt, with its number."""
    progress = context.store.progress()
    return {
        unit: known.attempt.number
        for unit in units
        if (known := progress.get(unit)) and known.attempt is not None and known.attempt.running
    }


def _say_cancelled(place: "TaskPlace", document: "CancelDocument", running: "dict[TaskId, int]") -> None:
    from gitcoord.cli.views.output import say
    from gitcoord.text_lists import named_tasks

    tasks = document["tasks"]
    named, verb = named_tasks(tasks), "is" if len(tasks) == 1 else "are"
    back = f"`gitcoord retry {' '.join(tasks)}` undoes that"
    say(place.says(f"{named} {'would be' if document['dry_run'] else verb} cancelled; {back}"))
    for unit in document["ended"]:
        say(place.says(f"stopped the attempt at {unit} on this machine"))
    for unit in document["elsewhere"]:
        reason = _why_not_killed(place.context, unit, running[unit])
        say(place.says(f"attempt {running[unit]} at {unit} {reason}"))


def _why_not_killed(context: "Context", unit: "TaskId", attempt: int) -> str:
    """Returns the reason why no process was killed: none was left, or another clone started the attempt."""
    from gitcoord.worker.attempt.local_attempts import attempts_here

    if attempt in attempts_here(context.repository.common_dir, context.store.generation, unit):
        return "is no longer running"
    return "was not started from this clone: its worker stops by itself"


def _units(context: "Context", task: str) -> "list[TaskId]":
    """Returns the task and its unfinished subtasks, or the one subtask. Raises `already-done` (exit 1)."""
    from gitcoord.errors import answer_no
    from gitcoord.worker.subtasks import done_at
    from gitcoord.worker.task_context import task_context_for
    from gitcoord.worker.unit import find_unit

    plan = context.store.require_plan()
    unit = find_unit(plan, task)
    task_context = task_context_for(context.repository, context.shared, context.store, plan, unit.task)
    done = done_at(task_context)
    if unit.task.id in task_context.landed or unit.id in done:
        landed = unit.task.id in task_context.landed
        state = f"has already landed on {plan.base}" if landed else "is already done"
        raise answer_no("already-done", f"Task {unit.id} {state}; there is nothing to cancel.")
    unfinished = [] if unit.subtask else [part.id for part in unit.task.subtasks if part.id not in done]
    return [unit.id, *unfinished]


def _record_cancel(context: "Context", units: "Sequence[TaskId]") -> None:
    """Records a cancel request for each of `units` that is not cancelled yet."""
    from gitcoord.event_stamp import now, worker_name
    from gitcoord.events import CancelAsked

    def is_cancelled(before: "Progress") -> bool:
        return before.cancelled

    requests = [CancelAsked(at=now(), by=worker_name(), task=unit) for unit in units]
    context.store.record_all([(request, is_cancelled) for request in requests])


def _kill_local(context: "Context", running: "dict[TaskId, int]") -> "list[TaskId]":
    """Kills the attempts that this clone started on this machine; returns the units of those that ran."""
    from concurrent.futures import ThreadPoolExecutor

    from gitcoord.worker.attempt.local_attempts import end_here

    common_dir, grace = context.repository.common_dir, context.settings.run.grace
    generation = context.store.generation
    with ThreadPoolExecutor(max_workers=max(1, len(running))) as pool:
        ends = pool.map(lambda one: end_here(common_dir, generation, one[0], one[1], grace), running.items())
        return [unit for unit, was in zip(running, ends, strict=True) if was]
