"""`check-conflicts --watch`: polls the branches, and checks again when one has moved."""

import time
from collections.abc import Iterator
from typing import Any, NoReturn

import typer

from gitcoord.cli.conflicts.level_check import CheckedLevel, check
from gitcoord.cli.conflicts.level_inputs import CheckInputs, CheckRequest, read_inputs
from gitcoord.cli.context import Context
from gitcoord.cli.views.conflicts import pair_document, report_parts
from gitcoord.cli.views.output import as_json as as_json_line
from gitcoord.cli.views.output import emit, plain, say, show, stdout_console
from gitcoord.cli.views.times import time_of_day
from gitcoord.errors import Exit, GitcoordError
from gitcoord.event_stamp import now
from gitcoord.worker.worktree_snapshots import fingerprint


def watch_level(
    context: Context, request: CheckRequest, *, every: float, as_json: bool, explain: bool
) -> NoReturn:
    """Shows the level until Ctrl-C, then exits with code 130."""
    try:
        _watch(context, request, every, as_json, explain)
    except KeyboardInterrupt:
        raise typer.Exit(Exit.INTERRUPTED) from None
    raise AssertionError("watching has no end")


def _watch(context: Context, request: CheckRequest, every: float, as_json: bool, explain: bool) -> None:
    if as_json:
        before: CheckedLevel | None = None
        for checked in _changes(context, request, every):
            emit(as_json_line("conflicts-change", _line(before, checked)))
            before = checked
    elif stdout_console().is_terminal:
        _live(context, request, every, explain)
    else:
        for checked in _changes(context, request, every):
            show(*report_parts(checked, request, explain=explain), plain(""))


def _changes(context: Context, request: CheckRequest, every: float) -> Iterator[CheckedLevel]:
    """Yields a check now, and another one whenever its inputs have changed."""
    known: tuple[CheckInputs, object] | None = None
    silent = False
    while True:
        try:
            inputs = read_inputs(context, request)
            copies = fingerprint(context.repository, inputs.branches) if request.worktrees else ()
            if (inputs, copies) != known:
                yield check(context, request, inputs)
                known = (inputs, copies)
            silent = False
        except GitcoordError as error:
            # Keep watching if the remote does not answer for a while, but not if the level is wrong.
            if known is None or error.exit == 2:
                raise
            if not silent:
                say(f"gitcoord: {error.message} Trying again every {every:g} s.")
            silent = True
        time.sleep(every)


def _live(context: Context, request: CheckRequest, every: float, explain: bool) -> None:
    from rich.console import Group
    from rich.live import Live
    from rich.text import Text

    with Live(console=stdout_console(), auto_refresh=False, vertical_overflow="visible") as live:
        for checked in _changes(context, request, every):
            at = Text(f"as of {time_of_day(now())}; checks every {every:g} s, Ctrl-C to stop", style="dim")
            live.update(Group(*report_parts(checked, request, explain=explain), at), refresh=True)


def _line(before: CheckedLevel | None, checked: CheckedLevel) -> dict[str, Any]:
    """Returns the JSON line of a check: the changes since `before`; everything if `before` is None."""
    report = checked.report
    tips = {b.task: (b.state, b.commit) for b in before.report.branches} if before else {}
    pairs = {pair.tasks: pair for pair in before.report.pairs} if before else {}
    gone = pairs.keys() - {pair.tasks for pair in report.pairs}
    return {
        "at": now(),
        "level": report.level,
        "base_commit": report.base_commit,
        "branches": [
            {"task": branch.task, "state": branch.state, "commit": branch.commit}
            for branch in report.branches
            if tips.get(branch.task) != (branch.state, branch.commit)
        ],
        "pairs": [pair_document(pair) for pair in report.pairs if pairs.get(pair.tasks) != pair],
        "gone": sorted(gone),
        "waves": report.waves,
        "landing_order": report.landing_order,
        "at_least": report.at_least,
        "one_wave": report.one_wave(),
    }
