"""Finds the logs of a task in one repository: of its attempts on this machine, or of its failed check."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from gitcoord.cli.context import Context
from gitcoord.cli.logs.log_ends import LogEndShown, find_log_end
from gitcoord.cli.logs.remote_logs import is_elsewhere, is_whole, log_fetcher
from gitcoord.errors import GitcoordError, usage_error
from gitcoord.events import TaskDeferred
from gitcoord.tasks.model import TaskId
from gitcoord.worker.attempt.local_attempts import at_work, attempts_here, under_way


class AttemptLogs(msgspec.Struct, frozen=True, kw_only=True):
    """The logs of the attempts at a task, by number; `wanted` is the number of the attempt to show.

    `end` is the end of that attempt's log if the log is on another machine.
    """

    files: Mapping[int, Path]
    wanted: int
    alive: Callable[[], bool]
    end: LogEndShown | None = None

    @property
    def shown(self) -> Path:
        """The log of the wanted attempt."""
        return self.files[self.wanted]

    def document(self, task: str) -> dict[str, Any]:
        """Returns the document of `logs`."""
        found = [
            {
                "attempt": number,
                "path": str(file),
                "bytes": file.stat().st_size,
                "running": self.alive() if number == self.wanted else at_work(file.parent),
            }
            for number, file in self.files.items()
        ]
        end = {} if self.end is None else {"end": self.end}
        return {"task": task, "attempt": self.wanted, "logs": found, **end}


class CheckLog(msgspec.Struct, frozen=True, kw_only=True):
    """The log of a failed check, which may not be on this machine; `output` is its end."""

    path: Path
    output: str

    def document(self, task: str) -> dict[str, Any]:
        """Returns the document of `logs --check`."""
        here = self.path.is_file()
        size = self.path.stat().st_size if here else 0
        log = {"attempt": None, "path": str(self.path), "bytes": size, "running": False}
        return {"task": task, "attempt": None, "logs": [log] if here else [], "output": self.output}


def find_logs(context: Context, task: TaskId, attempt: int | None, *, newest: bool) -> AttemptLogs:
    """Finds the logs on this machine. If an engine runs the attempt elsewhere, fetches its log first.

    Chooses `attempt`; without it, the newest attempt if `newest`, else the newest one with a log. If the
    attempt has ended and its complete log is not here, finds the end of the log in the repository's refs.
    Raises `no-log` (exit 2), or the error of an engine that does not answer.
    """
    places = attempts_here(context.repository.common_dir, context.store.generation, task)
    wanted = attempt or max(places, default=0)
    alive, problem = _liveness(context, places[wanted]) if wanted in places else (bool, None)
    files = {number: place / "log" for number, place in places.items() if (place / "log").is_file()}
    end = find_log_end(context, task, attempt, [n for n, file in files.items() if is_whole(file)])
    if end is not None:
        return AttemptLogs(files=files, wanted=end.attempt, alive=bool, end=end)
    wanted = wanted if newest or attempt else max(files, default=0)
    if wanted not in files:
        raise problem or no_log(context, task, attempt, sorted(files))
    return AttemptLogs(files=files, wanted=wanted, alive=alive)


def _liveness(context: Context, place: Path) -> tuple[Callable[[], bool], GitcoordError | None]:
    """Returns the result of `find_liveness`, and the error if the engine does not answer.

    If the attempt runs elsewhere, calls the function once to fetch the log.
    """
    try:
        alive = find_liveness(context, place)
        if is_elsewhere(place):
            alive()
    except GitcoordError as error:
        return bool, error
    return alive, None


def find_liveness(context: Context, place: Path) -> Callable[[], bool]:
    """Returns a function that says whether the attempt runs, and fetches its log if it runs elsewhere."""
    if is_elsewhere(place):
        return log_fetcher(context, place)
    return lambda: under_way(place)


def find_check_log(context: Context, task: TaskId) -> CheckLog:
    """Finds the log of the failed check that last deferred the task. Raises `no-log` (exit 2)."""
    from gitcoord.checks.memo import check_log

    events = [one.event for one in context.store.journal() if isinstance(one.event, TaskDeferred)]
    deferral = next((one for one in reversed(events) if one.task == task and one.check), None)
    if deferral is None:
        raise usage_error(
            "no-log",
            f"No check of task {task} has failed.",
            f"`gitcoord log --task {task}` shows what has happened to it.",
        )
    path = check_log(context.repository.common_dir, deferral.tree, deferral.check)
    return CheckLog(path=path, output=deferral.output)


def no_log(context: Context, task: TaskId, attempt: int | None, here: list[int]) -> GitcoordError:
    """Returns the error for a missing log. `here`: the attempts that have a log on this machine."""
    from gitcoord.text_lists import some

    what = f"attempt {attempt} at task {task}" if attempt else f"task {task}"
    known = context.store.progress().get(task)
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
