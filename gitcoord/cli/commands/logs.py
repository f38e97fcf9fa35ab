"""`gitcoord logs`: what an agent printed, attempt by attempt, on the machine where it ran."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gitcoord.cli.app import app
from gitcoord.cli.options import OneUnit

if TYPE_CHECKING:
    from gitcoord.cli.context import Context
    from gitcoord.errors import GitcoordError
    from gitcoord.tasks.model import TaskId

_EPILOG = """\b
Examples:
  gitcoord logs 3               the newest attempt at task 3
  gitcoord logs 3.1 -f          a subtask's, while it is at work or to begin
  gitcoord logs 3 --attempt 1   an earlier one
  gitcoord logs 3 --check       the check that it was deferred for
  gitcoord logs 3 --raw         colours and all
"""
_PAUSE = 0.3
_CHUNK = 1 << 16
_LOOK_EVERY = 10
"""Pauses between two looks at what everybody has recorded."""


@app.command("logs", epilog=_EPILOG)
def logs(
    task: OneUnit,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on while the attempt runs.")] = False,
    attempt: Annotated[
        int | None, typer.Option("--attempt", min=1, metavar="N", help="Which attempt; default: the newest.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="What the check printed that the task was deferred for.")
    ] = False,
    raw: Annotated[bool, typer.Option("--raw", help="As it was printed, terminal codes included.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One gitcoord.logs/1 document on stdout: which logs there are.")
    ] = False,
) -> None:
    """Show what the agent of TASK printed, on this machine; of much output the beginning and the end."""
    from gitcoord.cli.task_routing import the_place_of
    from gitcoord.cli.views.output import emit_json
    from gitcoord.errors import usage_error
    from gitcoord.tasks.model import TaskId
    from gitcoord.worker.attempt.local_attempts import at_work, attempts_here

    context = the_place_of(task, reads=True).context
    if check:
        if follow or attempt is not None:
            raise usage_error("usage", "--check goes with neither --follow nor --attempt.", "Leave them out.")
        _show_check(context, task.strip(), raw=raw, as_json=as_json)
        return
    if follow and not as_json:
        _await(context, TaskId(task.strip()), attempt)
    places = attempts_here(context.repository.common_dir, context.store.generation, TaskId(task.strip()))
    files = {number: place / "log" for number, place in places.items() if (place / "log").is_file()}
    wanted = attempt or max(files, default=0)
    if wanted not in files:
        raise _no_log(context, task, attempt, sorted(files))
    if as_json:
        found = [
            {
                "attempt": number,
                "path": str(file),
                "bytes": file.stat().st_size,
                "running": at_work(file.parent),
            }
            for number, file in files.items()
        ]
        emit_json("logs", {"task": task, "attempt": wanted, "logs": found})
        return
    _show(files[wanted], raw=raw, follow=follow)


def _show_check(context: "Context", task: str, *, raw: bool, as_json: bool) -> None:
    """The log of the check that the task was deferred for last; or its end, which the journal has."""
    from gitcoord.checks.memo import check_log
    from gitcoord.cli.views.output import clean, emit, emit_json
    from gitcoord.errors import usage_error
    from gitcoord.events import TaskDeferred

    events = [one.event for one in context.store.journal() if isinstance(one.event, TaskDeferred)]
    told = next((one for one in reversed(events) if one.task == task and one.check), None)
    if told is None:
        raise usage_error(
            "no-log",
            f"No check of task {task} has failed.",
            f"`gitcoord log --task {task}` shows what has happened to it.",
        )
    path = check_log(context.repository.common_dir, told.tree, told.check)
    here = path.is_file()
    if as_json:
        size = path.stat().st_size if here else 0
        found = [{"attempt": None, "path": str(path), "bytes": size, "running": False}] if here else []
        emit_json("logs", {"task": task, "attempt": None, "logs": found, "output": told.output})
    elif here:
        _show(path, raw=raw, follow=False)
    else:
        emit(clean(told.output))


def _await(context: "Context", task: "TaskId", attempt: int | None) -> None:
    """Waits for the log of an attempt that has not begun, unless none is to be expected on this machine."""
    from itertools import count

    from gitcoord.cli.views.output import say
    from gitcoord.worker.attempt.local_attempts import attempts_here, under_way

    expected = False
    for turn in count():
        places = attempts_here(context.repository.common_dir, context.store.generation, task)
        place = places.get(attempt or max(places, default=0))
        alive = place is not None and under_way(place)
        if alive and place is not None and (place / "log").is_file():
            return
        if not alive and turn % _LOOK_EVERY == 0:
            expected = _is_expected(context, task, attempt)
        if not alive and not expected:
            return
        if turn == 0:
            say(f"Task {task} has not begun yet on this machine; waiting for it. Ctrl-C ends.")
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
    told = context.store.progress().get(unit.id, PENDING)
    # A task with subtasks has attempts of its own only when it comes back as a whole.
    parts = unit.subtask is None and bool(unit.task.subtasks)
    return may_begin_here(told, attempt) and not (parts and not told.attempts)


def _no_log(context: "Context", task: str, attempt: int | None, here: list[int]) -> "GitcoordError":
    from gitcoord.errors import usage_error
    from gitcoord.tasks.model import TaskId
    from gitcoord.text_lists import some

    what = f"attempt {attempt} at task {task}" if attempt else f"task {task}"
    known = context.store.progress().get(TaskId(task))
    tries = known.attempts if known else ()
    last = next((one for one in reversed(tries) if one.number == (attempt or one.number)), None)
    if here:
        hint = f"There are logs of attempts {some([str(number) for number in here])}."
    elif last is not None and last.started is not None:
        hint = f"Attempt {last.number} was made by {last.started.by} ({last.started.engine})."
    else:
        hint = f"`gitcoord log --task {task}` shows what has happened to it."
    return usage_error("no-log", f"There is no log of {what} on this machine.", hint)


def _show(path: Path, *, raw: bool, follow: bool) -> None:
    from gitcoord.worker.attempt.local_attempts import under_way

    rest, seen = b"", 0
    while True:
        alive = follow and under_way(path.parent)
        size = path.stat().st_size
        # It was shortened meanwhile: what was cut out stays unseen.
        seen = seen if seen <= size else size
        with path.open("rb") as file:
            file.seek(seen)
            while data := file.read(_CHUNK):
                seen += len(data)
                rest = _pass_on(rest + data, raw=raw)
        if not alive:
            break
        time.sleep(_PAUSE)
    if rest:
        _pass_on(rest + b"\n", raw=raw)


def _pass_on(data: bytes, *, raw: bool) -> bytes:
    """Shows the whole lines of `data` and returns the rest."""
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
    """A line without colours and cursor movements; of what was overwritten the last."""
    import re

    from gitcoord.cli.views.output import clean
    from gitcoord.redact import redact

    codes = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])"
    kept = re.sub(codes, "", line).rstrip("\r").rpartition("\r")[2]
    return clean(redact(kept).expandtabs())
