"""`gitcoord logs`: shows the output of each attempt's agent, on the machine where it ran."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gitcoord.cli.app import app
from gitcoord.cli.options import OneUnit

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitcoord.cli.context import Context
    from gitcoord.errors import GitcoordError
    from gitcoord.tasks.model import TaskId

_EPILOG = """\b
Examples:
  gitcoord logs 3               the newest attempt at task 3
  gitcoord logs 3.1 -f          follow a subtask's log; wait for it to start
  gitcoord logs 3 --attempt 1   an earlier one
  gitcoord logs 3 --check       the failed check that deferred it
  gitcoord logs 3 --raw         with terminal colours
"""
_PAUSE = 0.3
_CHUNK = 1 << 16
_LOOK_EVERY = 10
"""The journal is fetched once in this many pauses."""


@app.command("logs", epilog=_EPILOG)
def logs(
    task: OneUnit,
    follow: Annotated[
        bool, typer.Option("-f", "--follow", help="Follow the log while the attempt runs.")
    ] = False,
    attempt: Annotated[
        int | None,
        typer.Option("--attempt", min=1, metavar="N", help="The attempt's number (default: the newest)."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Show the output of the failed check that deferred the task.")
    ] = False,
    raw: Annotated[
        bool, typer.Option("--raw", help="Print the log unchanged, with its terminal codes.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="List the logs: one gitcoord.logs/1 document on stdout.")
    ] = False,
) -> None:
    """Show the output of TASK's agent on this machine. Long output is shortened to its start and end."""
    from gitcoord.cli.remote_logs import bringer, is_elsewhere
    from gitcoord.cli.task_routing import the_place_of
    from gitcoord.cli.views.output import emit_json
    from gitcoord.errors import usage_error
    from gitcoord.tasks.model import TaskId
    from gitcoord.worker.attempt.local_attempts import at_work, attempts_here, under_way

    context = the_place_of(task, reads=True).context
    if check:
        if follow or attempt is not None:
            message = "--check cannot be used with --follow or --attempt."
            raise usage_error("usage", message, "Leave them out.")
        _show_check(context, task.strip(), raw=raw, as_json=as_json)
        return
    if follow and not as_json:
        _await(context, TaskId(task.strip()), attempt)
    places = attempts_here(context.repository.common_dir, context.store.generation, TaskId(task.strip()))
    wanted = attempt or max(places, default=0)
    alive: Callable[[], bool] = lambda: under_way(places[wanted])  # noqa: E731
    if wanted in places and is_elsewhere(places[wanted]):
        alive = bringer(context, places[wanted])
        while alive() and follow and not (places[wanted] / "log").is_file():
            time.sleep(_PAUSE)
    files = {number: place / "log" for number, place in places.items() if (place / "log").is_file()}
    wanted = wanted if follow or attempt else max(files, default=0)
    if wanted not in files:
        raise _no_log(context, task, attempt, sorted(files))
    if as_json:
        found = [
            {
                "attempt": number,
                "path": str(file),
                "bytes": file.stat().st_size,
                "running": alive() if number == wanted else at_work(file.parent),
            }
            for number, file in files.items()
        ]
        emit_json("logs", {"task": task, "attempt": wanted, "logs": found})
        return
    _show(files[wanted], raw=raw, alive=alive if follow else None)


def _show_check(context: "Context", task: str, *, raw: bool, as_json: bool) -> None:
    """Shows the log of the failed check that last deferred the task.

    If the log is not on this machine, shows its end, which the journal has. Raises `no-log` (exit 2).
    """
    from gitcoord.checks.memo import check_log
    from gitcoord.cli.views.output import clean, emit, emit_json
    from gitcoord.errors import usage_error
    from gitcoord.events import TaskDeferred

    events = [one.event for one in context.store.journal() if isinstance(one.event, TaskDeferred)]
    deferral = next((one for one in reversed(events) if one.task == task and one.check), None)
    if deferral is None:
        raise usage_error(
            "no-log",
            f"No check of task {task} has failed.",
            f"`gitcoord log --task {task}` shows what has happened to it.",
        )
    path = check_log(context.repository.common_dir, deferral.tree, deferral.check)
    here = path.is_file()
    if as_json:
        size = path.stat().st_size if here else 0
        found = [{"attempt": None, "path": str(path), "bytes": size, "running": False}] if here else []
        emit_json("logs", {"task": task, "attempt": None, "logs": found, "output": deferral.output})
    elif here:
        _show(path, raw=raw)
    else:
        emit(clean(deferral.output))


def _await(context: "Context", task: "TaskId", attempt: int | None) -> None:
    """Waits for the attempt's log. Returns at once if no attempt will start on this machine."""
    from itertools import count

    from gitcoord.cli.remote_logs import is_elsewhere
    from gitcoord.cli.views.output import say
    from gitcoord.worker.attempt.local_attempts import attempts_here, under_way

    expected = False
    for turn in count():
        places = attempts_here(context.repository.common_dir, context.store.generation, task)
        place = places.get(attempt or max(places, default=0))
        if place is not None and is_elsewhere(place):
            return
        alive = place is not None and under_way(place)
        if alive and place is not None and (place / "log").is_file():
            return
        if not alive and turn % _LOOK_EVERY == 0:
            expected = _is_expected(context, task, attempt)
        if not alive and not expected:
            return
        if turn == 0:
            say(f"Task {task} has not started on this machine yet; waiting. Press Ctrl-C to stop waiting.")
        time.sleep(_PAUSE)


def _is_expected(context: "Context", task: "TaskId", attempt: int | None) -> bool:
    from gitcoord.state.task_history import PENDING
    from gitcoord.worker.attempt.local_attempts import may_begin_here
    from gitcoord.worker.unit import find_unit

    context.store.refresh()
    plan = context.store.plan()
    if plan is None:
        return False
    unit = find_unit(plan, task)
    progress = context.store.progress().get(unit.id, PENDING)
    # A parent has attempts of its own only after landing deferred it.
    is_parent = unit.subtask is None and bool(unit.task.subtasks)
    return may_begin_here(progress, attempt) and not (is_parent and not progress.attempts)


def _no_log(context: "Context", task: str, attempt: int | None, here: list[int]) -> "GitcoordError":
    from gitcoord.errors import usage_error
    from gitcoord.tasks.model import TaskId
    from gitcoord.text_lists import some

    what = f"attempt {attempt} at task {task}" if attempt else f"task {task}"
    known = context.store.progress().get(TaskId(task))
    tries = known.attempts if known else ()
    last = next((one for one in reversed(tries) if attempt is None or one.number == attempt), None)
    if here:
        hint = f"There are logs of attempts {some([str(number) for number in here])}."
    elif last is not None and last.started is not None:
        where = f"{last.started.by} ({last.started.engine})"
        hint = f"Attempt {last.number} ran on {where}: run `gitcoord logs` there."
    else:
        hint = f"`gitcoord log --task {task}` shows what has happened to it."
    return usage_error("no-log", f"There is no log of {what} on this machine.", hint)


def _show(path: Path, *, raw: bool, alive: "Callable[[], bool] | None" = None) -> None:
    """Shows the log, and what is added to it while it is `alive`."""
    rest, seen = b"", 0
    while True:
        more = alive is not None and alive()
        size = path.stat().st_size
        # The log was shortened while we read it; skip the removed part.
        seen = seen if seen <= size else size
        with path.open("rb") as file:
            file.seek(seen)
            while data := file.read(_CHUNK):
                seen += len(data)
                rest = _pass_on(rest + data, raw=raw)
        if not more:
            break
        time.sleep(_PAUSE)
    if rest:
        _pass_on(rest + b"\n", raw=raw)


def _pass_on(data: bytes, *, raw: bool) -> bytes:
    """Shows the complete lines of `data`; returns the rest."""
    import os
    import sys

    from gitcoord.cli.views.output import emit

    if raw:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return b""
    *lines, rest = data.split(b"\n")
    for line in lines:
        emit(_plain(os.fsdecode(line)))
    return rest


def _plain(line: str) -> str:
    """Removes colours and cursor movements, and all text before the last carriage return."""
    import re

    from gitcoord.cli.views.output import clean
    from gitcoord.redact import redact

    codes = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])"
    kept = re.sub(codes, "", line).rstrip("\r").rpartition("\r")[2]
    return clean(redact(kept).expandtabs())
