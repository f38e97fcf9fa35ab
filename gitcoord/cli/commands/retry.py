"""`gitcoord retry`: retries failed, cancelled or claimed tasks."""

from typing import TYPE_CHECKING, Annotated

import typer

from gitcoord.cli.app import app
from gitcoord.cli.completion import complete_task
from gitcoord.cli.options import DryRun

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gitcoord.cli.across.task_routing import TaskPlace
    from gitcoord.cli.context import Context
    from gitcoord.planning.model import Plan
    from gitcoord.state.task_history import Progress
    from gitcoord.tasks.model import TaskId
    from gitcoord.worker.unit import WorkUnit

_EPILOG = """\b
Examples:
  gitcoord retry 3            # reset its count of failures
  gitcoord retry 3.1 --fresh  # one subtask, from a new checkout
  gitcoord retry 2 4 5        # several
  gitcoord retry --all        # all that failed or were cancelled
"""


@app.command("retry", epilog=_EPILOG)
def retry(
    tasks: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TASK...",
            autocompletion=complete_task,
            help="Ids of tasks, or of subtasks: 3.1.",
            show_default=False,
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All tasks that failed or were cancelled.", show_default=False)
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Start in a new checkout instead of the existing one.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Annotated[bool, typer.Option("--json", help="One gitcoord.retry/1 document on stdout.")] = False,
) -> None:
    """Retry each TASK: the current run, or the next one, starts it.

    For a task with subtasks, retries those that were cancelled and those whose newest attempt has not
    succeeded; if the task is deferred, only the task itself. Takes over a task that a worker of another clone
    claimed, or that somebody began manually, and that is not finished. --all skips rolled-back tasks: name
    them.
    """
    from gitcoord.cli.across.each_repository import all_places, ask_each, places_with, together
    from gitcoord.cli.views.output import emit_json, say
    from gitcoord.errors import usage_error

    if everything == bool(tasks):
        raise usage_error("usage", "Give either TASK or --all.", "Try `gitcoord retry --help`.")
    # Find all units before retrying the first: an unknown id then changes nothing.
    found = ask_each(places_with(tasks) if tasks else all_places(), _retried_units)
    how = f"{'would' if dry_run else 'will'} be retried{' from a new checkout' if fresh else ''}"
    sentences = [place.says(one) for place, wanted in found for one in _sentences(place, wanted, how)]
    if not dry_run:
        for place, wanted in found:
            _record_retry(place.context, wanted, fresh=fresh)
    if as_json:
        done = [
            (place, {"tasks": list(wanted), "fresh": fresh, "dry_run": dry_run}) for place, wanted in found
        ]
        emit_json("retry", together(done))
        return
    for sentence in sentences:
        say(sentence)


def _retried_units(place: "TaskPlace") -> "tuple[TaskId, ...]":
    store = place.context.store
    plan, progress = store.require_plan(), store.progress()
    return _named(plan, progress, place.tasks) if place.tasks else _all(plan, progress)


def _record_retry(context: "Context", wanted: "Sequence[TaskId]", *, fresh: bool) -> None:
    from gitcoord.event_stamp import now, worker_name
    from gitcoord.events import RetryAsked
    from gitcoord.run.polling import report_change
    from gitcoord.worker.attempt.paths import run_directory

    def never_skip(_: "Progress") -> bool:
        return False

    requests = [RetryAsked(at=now(), by=worker_name(), task=id, fresh=fresh) for id in wanted]
    context.store.record_all([(request, never_skip) for request in requests])
    report_change(run_directory(context.repository.common_dir, context.store.generation))


def _sentences(place: "TaskPlace", wanted: "Sequence[TaskId]", how: str) -> list[str]:
    progress = place.context.store.progress()
    return [_sentence(id, progress, how) for id in wanted]


def _sentence(id: "TaskId", progress: "Mapping[TaskId, Progress]", how: str) -> str:
    task_progress = progress.get(id)
    newest = task_progress.attempt if task_progress is not None and not task_progress.cancelled else None
    if newest is not None and newest.running and newest.started is not None:
        who = f"attempt {newest.number} by {newest.started.by}"
        when = "if this attempt fails, or at once by a run in another clone"
        return f"Task {id} is running ({who}); it {how} {when}."
    return f"Task {id} {how}, by this run or the next `gitcoord run`."


def _named(
    plan: "Plan", progress: "Mapping[TaskId, Progress]", tasks: "Sequence[str]"
) -> "tuple[TaskId, ...]":
    from gitcoord.worker.unit import find_unit

    found = [id for task in tasks for id in _wanted(find_unit(plan, task), progress)]
    return tuple(dict.fromkeys(found))


def _all(plan: "Plan", progress: "Mapping[TaskId, Progress]") -> "tuple[TaskId, ...]":
    """Returns the units that were cancelled or failed, even if a run would retry them by itself.

    Leaves out running units, and tasks that were submitted, landed or rolled back. Raises `nothing-failed`
    (exit 1).
    """
    from gitcoord.errors import answer_no
    from gitcoord.run.retry_policy import AttemptLimits, retry_decision
    from gitcoord.state.task_history import PENDING

    strict = AttemptLimits(retries=0, rework=0)
    found = []
    for task in plan.tasks.values():
        parent = progress.get(task.id, PENDING)
        if parent.state == "rolled-back" or (parent.state in ("submitted", "landed") and not parent.deferral):
            continue
        for id in (task.id, *(part.id for part in task.subtasks)):
            task_progress = progress.get(id, PENDING)
            under_way = (
                task_progress.attempt is not None
                and task_progress.attempt.running
                and not task_progress.cancelled
            )
            if not under_way and retry_decision(task_progress, strict).state in ("failed", "cancelled"):
                found.append(id)
    if not found:
        raise answer_no("nothing-failed", "No task failed or was cancelled.")
    return tuple(found)


def _wanted(unit: "WorkUnit", progress: "Mapping[TaskId, Progress]") -> "tuple[TaskId, ...]":
    """Returns the unit; for a parent, its cancelled subtasks, and those whose newest attempt did not succeed.

    Adds the parent if it was cancelled; returns only the parent if it is deferred. Raises `already-landed`,
    `already-done` or `nothing-failed` (exit 1).
    """
    from gitcoord.errors import answer_no
    from gitcoord.state.task_history import PENDING

    if progress.get(unit.task.id, PENDING).state == "landed":
        raise answer_no("already-landed", f"Task {unit.task.id} has already landed.")
    if _is_done(progress.get(unit.id, PENDING)):
        raise answer_no("already-done", f"Task {unit.id} is done; there is nothing to retry.")
    parts = unit.task.subtasks
    if unit.subtask is not None or not parts or progress.get(unit.id, PENDING).deferral is not None:
        return (unit.id,)
    told = {part.id: progress.get(part.id, PENDING) for part in parts}
    # The parent itself may be marked as cancelled, together with its subtasks.
    parent = (unit.id,) if progress.get(unit.id, PENDING).cancelled else ()
    found = (*parent, *(id for id, one in told.items() if one.cancelled or _did_not_succeed(one)))
    if not found:
        raise answer_no("nothing-failed", f"No subtask of task {unit.id} failed or was cancelled.")
    return found


def _is_done(progress: "Progress") -> bool:
    newest = progress.current_attempt
    ended_well = newest is not None and newest.ended is not None and newest.ended.outcome == "ok"
    return ended_well and not progress.cancelled and progress.deferral is None


def _did_not_succeed(progress: "Progress") -> bool:
    newest = progress.attempt
    return newest is not None and (newest.ended is None or newest.ended.outcome != "ok")
