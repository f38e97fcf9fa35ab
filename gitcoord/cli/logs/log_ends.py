"""The ends of logs, stored in the repository's refs, of attempts whose logs are not on this machine."""

from collections.abc import Collection
from contextlib import suppress

import msgspec

from gitcoord.cli.context import Context
from gitcoord.cli.logs.log_reader import LogPrinter
from gitcoord.cli.views.output import say
from gitcoord.errors import GitcoordError
from gitcoord.state.log_ends import read_log_end
from gitcoord.state.task_history import PENDING
from gitcoord.tasks.model import TaskId


class LogEndShown(msgspec.Struct, frozen=True, kw_only=True):
    """The end, stored in the repository's refs, of a log that is on another machine.

    `worker` wrote the log on `engine`; `bytes` is the log's size. `complete`: `output` is the complete log.
    """

    attempt: int
    worker: str
    engine: str
    ended_at: str
    bytes: int
    complete: bool
    output: str


def find_log_end(
    context: Context, unit: TaskId, attempt: int | None, here: Collection[int]
) -> LogEndShown | None:
    """Finds the end of an ended attempt's log if the log is not `here`; else returns None.

    `attempt` None: the newest attempt. Always returns None in a repository without a remote.
    """
    if attempt in here or context.shared.remote is None:
        return None
    store = context.store
    if not here:
        # Another clone may have begun and ended the attempt since the last fetch.
        with suppress(GitcoordError):
            store.refresh()
    tries = store.progress().get(unit, PENDING).attempts
    wanted = next((one for one in reversed(tries) if attempt in (None, one.number)), None)
    if wanted is None or wanted.ended is None:
        return None
    if attempt is None and wanted.number <= max(here, default=0):
        return None
    end = read_log_end(store, unit, wanted.number)
    if end is None:
        return None
    return LogEndShown(
        attempt=end.attempt,
        worker=wanted.started.by if wanted.started is not None else end.by,
        engine=wanted.started.engine if wanted.started is not None else "",
        ended_at=end.at,
        bytes=end.size,
        complete=len(end.text.encode("utf-8", "surrogateescape")) >= end.size,
        output=end.text,
    )


def show_log_end(end: LogEndShown, *, raw: bool, name: str = "") -> None:
    """Prints the end of the log, and its origin on stderr; `name` as in `LogPrinter`."""
    say(f"{name}: {_origin(end)}" if name else _origin(end))
    printer = LogPrinter(raw=raw, name=name)
    printer.put(end.output.encode("utf-8", "surrogateescape"))
    printer.end()


def _origin(end: LogEndShown) -> str:
    """Returns a line that says how much of the log is stored, and on which machine the log was written."""
    where = f"{end.worker}{f' ({end.engine})' if end.engine else ''}"
    if end.complete:
        return f"A copy from git: attempt {end.attempt} wrote its log on {where}."
    kept = len(end.output.encode("utf-8", "surrogateescape"))
    return (
        f"Only the end of the log, from git: the last {_size(kept)} of {_size(end.bytes)}. "
        f"Attempt {end.attempt} wrote the whole log on {where}."
    )


def _size(count: int) -> str:
    return f"{count / 1024:,.0f} KiB" if count >= 1024 else f"{count} bytes"
