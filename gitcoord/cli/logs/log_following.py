"""Follows the logs of a task's attempts in each of its repositories while they run."""

import time
from collections.abc import Iterator, Sequence
from itertools import count
from typing import TYPE_CHECKING

from gitcoord.cli.across.task_routing import TaskPlace
from gitcoord.cli.logs.attempt_logs import find_liveness, no_log
from gitcoord.cli.logs.log_ends import find_log_end, show_log_end
from gitcoord.cli.logs.log_reader import LogReader
from gitcoord.cli.logs.remote_logs import is_elsewhere
from gitcoord.errors import GitcoordError
from gitcoord.tasks.model import TaskId
from gitcoord.worker.attempt.local_attempts import attempts_here, under_way

if TYPE_CHECKING:
    from gitcoord.cli.context import Context

_PAUSE = 0.3
_LOOK_EVERY = 10
"""The number of pauses between two fetches of the journal."""


def follow_all(places: Sequence[TaskPlace], task: TaskId, attempt: int | None, *, raw: bool) -> None:
    """Prints the logs until no attempt runs, and waits for attempts that will start on this machine.

    With several repositories, each line starts with the name of its repository. Raises `no-log` (exit 2) if
    no repository has a log.
    """
    running = [_follow(place, task, attempt, raw=raw, named=len(places) > 1) for place in places]
    ended, missing = 0, list[GitcoordError]()
    while running:
        for one in tuple(running):
            try:
                if next(one, False):
                    continue
                ended += 1
            except GitcoordError as error:
                if error.code != "no-log":
                    raise
                missing.append(error)
            running.remove(one)
        if running:
            time.sleep(_PAUSE)
    if missing and not ended:
        raise missing[0]


def _follow(place: TaskPlace, task: TaskId, attempt: int | None, *, raw: bool, named: bool) -> Iterator[bool]:
    """Follows the log in one repository; yields True at each pause. Raises `no-log`."""
    context = place.context
    yield from _await(place, task, attempt)
    places = attempts_here(context.repository.common_dir, context.store.generation, task)
    wanted = attempt or max(places, default=0)
    files = {number: one / "log" for number, one in places.items()}
    if wanted in files:
        alive = find_liveness(context, places[wanted])
        while is_elsewhere(places[wanted]) and alive() and not files[wanted].is_file():
            yield True
    name = place.name if named else ""
    here = [number for number, file in files.items() if file.is_file()]
    if wanted not in here:
        end = find_log_end(context, task, attempt, here)
        if end is None:
            raise no_log(context, task, attempt, here)
        show_log_end(end, raw=raw, name=name)
        return
    reader = LogReader(files[wanted], raw=raw, name=name)
    more = True
    while more:
        more = alive()
        reader.read_on()
        if more:
            yield True
    reader.end()


def _await(place: TaskPlace, task: TaskId, attempt: int | None) -> Iterator[bool]:
    """Waits for the attempt's log. Ends at once if no attempt will start on this machine."""
    from gitcoord.cli.views.output import say

    context, expected = place.context, False
    for turn in count():
        places = attempts_here(context.repository.common_dir, context.store.generation, task)
        directory = places.get(attempt or max(places, default=0))
        if directory is not None and is_elsewhere(directory):
            return
        alive = directory is not None and under_way(directory)
        if alive and directory is not None and (directory / "log").is_file():
            return
        if not alive and turn % _LOOK_EVERY == 0:
            expected = _is_expected(context, task, attempt)
        if not alive and not expected:
            return
        if turn == 0:
            line = f"Task {task} has not started on this machine yet; waiting. Press Ctrl-C to stop waiting."
            say(place.says(line))
        yield True


def _is_expected(context: "Context", task: TaskId, attempt: int | None) -> bool:
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
