"""`gitcoord retry`: lets failed, cancelled or claimed tasks be tried again."""

from typing import TYPE_CHECKING, Annotated

import typer

from gitcoord.cli.app import app
from gitcoord.cli.completion import complete_task
from gitcoord.cli.options import DryRun

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gitcoord.planning.model import Plan
    from gitcoord.state.task_history import Progress
    from gitcoord.tasks.model import TaskId
    from gitcoord.worker.unit import WorkUnit

_EPILOG = """\b
Examples:
  gitcoord retry 3            its earlier failures do not count any more
  gitcoord retry 3.1 --fresh  one subtask, from a new checkout
  gitcoord retry 2 4 5        several
  gitcoord retry --all        all that failed or was cancelled
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
        bool, typer.Option("--all", help="All that failed or was cancelled.", show_default=False)
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="From a new checkout, not the one that was left.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Annotated[bool, typer.Option("--json", help="One gitcoord.retry/1 document on stdout.")] = False,
) -> None:
    """Let each TASK be tried again: a run that is at work, or the next one, starts it.

    For a task with subtasks, those of them that failed or were cancelled. A task that somebody else has
    claimed and does not finish is taken over. --all leaves out what was rolled back: that has to be named.
    """
    from gitcoord.cli.context import open_context
    from gitcoord.cli.views.output import emit_json, say
    from gitcoord.events import RetryAsked
    from gitcoord.run.polling import poke
    from gitcoord.state.journal import now, worker_name
    from gitcoord.worker.attempt.paths import run_directory

    context = open_context()
    context.store.refresh()
    plan, progress = context.store.require_plan(), context.store.progress()
    wanted = _all(plan, progress) if everything and not tasks else _named(plan, progress, tasks, everything)
    if not dry_run:
        asked = [RetryAsked(at=now(), by=worker_name(), task=id, fresh=fresh) for id in wanted]
        context.store.record_all([(event, lambda _: False) for event in asked])
        poke(run_directory(context.repository.common_dir, context.store.generation))
    if as_json:
        emit_json("retry", {"tasks": list(wanted), "fresh": fresh, "dry_run": dry_run})
        return
    how = f"{'would' if dry_run else 'will'} be retried{' from a new checkout' if fresh else ''}"
    for id in wanted:
        say(_sentence(id, progress, how))


def _sentence(id: "TaskId", progress: "Mapping[TaskId, Progress]", how: str) -> str:
    told = progress.get(id)
    newest = told.attempt if told is not None and not told.cancelled else None
    if newest is not None and newest.running and newest.started is not None:
        who = f"attempt {newest.number} by {newest.started.by}"
        return f"Task {id} is under way ({who}); it {how} unless that ends well."
    return f"Task {id} {how}, by this run or the next `gitcoord run`."


def _named(
    plan: "Plan", progress: "Mapping[TaskId, Progress]", tasks: "Sequence[str] | None", everything: bool
) -> "tuple[TaskId, ...]":
    from gitcoord.errors import usage_error
    from gitcoord.worker.unit import find_unit

    if everything or not tasks:
        raise usage_error("usage", "Tasks or --all, one of the two.", "Try `gitcoord retry --help`.")
    found = [id for task in tasks for id in _wanted(find_unit(plan, task), progress)]
    return tuple(dict.fromkeys(found))


def _all(plan: "Plan", progress: "Mapping[TaskId, Progress]") -> "tuple[TaskId, ...]":
    """The units that no run would start any more, whatever its own limits, until somebody says so."""
    from gitcoord.errors import answer_no
    from gitcoord.run.attempt_policy import AttemptLimits, fate_of
    from gitcoord.state.task_history import PENDING

    strict = AttemptLimits(retries=0, rework=0)
    found = []
    for task in plan.tasks.values():
        whole = progress.get(task.id, PENDING)
        if whole.stand == "rolled-back" or (whole.stand in ("submitted", "landed") and not whole.deferral):
            continue
        for id in (task.id, *(part.id for part in task.subtasks)):
            told = progress.get(id, PENDING)
            under_way = told.attempt is not None and told.attempt.running and not told.cancelled
            if not under_way and fate_of(told, strict).state in ("failed", "cancelled"):
                found.append(id)
    if not found:
        raise answer_no("nothing-failed", "No task has failed or was cancelled.")
    return tuple(found)


def _wanted(unit: "WorkUnit", progress: "Mapping[TaskId, Progress]") -> "tuple[TaskId, ...]":
    """The unit itself; of a parent the subtasks whose newest attempt came to nothing."""
    from gitcoord.errors import answer_no
    from gitcoord.state.task_history import PENDING

    if progress.get(unit.task.id, PENDING).stand == "landed":
        raise answer_no("already-landed", f"Task {unit.task.id} has landed already.")
    if _is_done(progress.get(unit.id, PENDING)):
        raise answer_no("already-done", f"Task {unit.id} is done; there is nothing to retry.")
    parts = unit.task.subtasks
    if unit.subtask is not None or not parts or progress.get(unit.id, PENDING).deferral is not None:
        return (unit.id,)
    told = {part.id: progress.get(part.id, PENDING) for part in parts}
    # The parent itself may be marked as cancelled, together with its subtasks.
    whole = (unit.id,) if progress.get(unit.id, PENDING).cancelled else ()
    found = (*whole, *(id for id, one in told.items() if one.cancelled or _came_to_nothing(one)))
    if not found:
        raise answer_no("nothing-failed", f"No subtask of task {unit.id} has failed or was cancelled.")
    return found


def _is_done(told: "Progress") -> bool:
    newest = told.attempt
    ended_well = newest is not None and newest.ended is not None and newest.ended.outcome == "ok"
    return ended_well and told.stand != "rolled-back" and not told.cancelled and told.deferral is None


def _came_to_nothing(told: "Progress") -> bool:
    newest = told.attempt
    return newest is not None and (newest.ended is None or newest.ended.outcome != "ok")
