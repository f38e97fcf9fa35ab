"""`gitcoord logs`: shows the output of a task's agent, or of the check that deferred the task."""

from typing import TYPE_CHECKING, Annotated

import typer

from gitcoord.cli.app import app
from gitcoord.cli.options import OneUnit

if TYPE_CHECKING:
    from gitcoord.cli.across.task_routing import TaskPlace
    from gitcoord.cli.logs.attempt_logs import AttemptLogs, CheckLog

_EPILOG = """\b
Examples:
  gitcoord logs 3              # the newest attempt at task 3
  gitcoord logs 3.1 -f         # follow a subtask's log; wait for it to start
  gitcoord logs 3 --attempt 1  # an earlier one
  gitcoord logs 3 --check      # the failed check that deferred it
  gitcoord logs 3 --raw        # with terminal colours
"""


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
    """Show the output of TASK's agent. Long output is shortened to its start and end.

    If the log of an ended attempt is on another machine, shows only its end, which gitcoord stores in the
    repository. For a task of several repositories, shows the log in each.
    """
    from gitcoord.cli.across.each_repository import ask_each
    from gitcoord.cli.across.task_routing import places_of
    from gitcoord.cli.logs.attempt_logs import find_check_log, find_logs
    from gitcoord.cli.logs.log_following import follow_all
    from gitcoord.errors import usage_error
    from gitcoord.tasks.model import TaskId

    if check and (follow or attempt is not None):
        message = "--check cannot be used with --follow or --attempt."
        raise usage_error("usage", message, "Leave them out.")
    places, id = places_of(task, reads=True), TaskId(task.strip())

    def found(place: "TaskPlace") -> "AttemptLogs | CheckLog":
        if check:
            return find_check_log(place.context, id)
        return find_logs(place.context, id, attempt, newest=follow)

    if follow and not as_json:
        follow_all(places, id, attempt, raw=raw)
    else:
        _show(ask_each(places, found, nothing="no-log"), task, of=len(places), raw=raw, as_json=as_json)


def _show(
    logs: "list[tuple[TaskPlace, AttemptLogs | CheckLog]]", task: str, *, of: int, raw: bool, as_json: bool
) -> None:
    """Shows the log in each of a task's repositories that has one; `of`: the number of its repositories."""
    from gitcoord.cli.across.each_repository import show_name, together
    from gitcoord.cli.logs.attempt_logs import AttemptLogs
    from gitcoord.cli.logs.log_ends import show_log_end
    from gitcoord.cli.logs.log_reader import show_log
    from gitcoord.cli.views.output import clean, emit, emit_json

    if as_json:
        emit_json("logs", together([(place, one.document(task)) for place, one in logs]))
        return
    for place, one in logs:
        if of > 1:
            show_name(place)
        if isinstance(one, AttemptLogs) and one.end is not None:
            show_log_end(one.end, raw=raw)
        elif isinstance(one, AttemptLogs):
            show_log(one.shown, raw=raw)
        elif one.path.is_file():
            show_log(one.path, raw=raw)
        else:
            emit(clean(one.output))
