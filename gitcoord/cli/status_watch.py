"""`status --watch`: shows the dashboard from git. Fetches less often while nothing changes."""

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from gitcoord.cli.overview import Overview, look
from gitcoord.cli.views.dashboard.dashboard import Dashboard
from gitcoord.cli.views.output import as_json as as_json_line
from gitcoord.cli.views.output import emit, say, stdout_console
from gitcoord.errors import Exit, GitcoordError
from gitcoord.run.heartbeat import life_ref
from gitcoord.state.heartbeats import beats_prefix

if TYPE_CHECKING:
    from gitcoord.cli.context import Context

_SLOWER = 1.5
_SELDOM = 30.0


def watch_status(context: "Context", *, every: float, as_json: bool) -> None:
    """Shows the work until Ctrl-C. Raises the error of the first fetch; reports later errors."""
    with suppress(KeyboardInterrupt):
        _watch(context, every, as_json)


def _watch(context: "Context", every: float, as_json: bool) -> None:
    if as_json:
        for sight in _changes(context, every):
            emit(as_json_line("picture", sight.picture))
    else:
        with Dashboard(stdout_console()) as dashboard:
            for sight in _changes(context, every, dashboard):
                dashboard.show(sight.picture, sight.events)


def next_pause(pause: float, every: float, *, moved: bool) -> float:
    """Returns the seconds until the next fetch: `every` if something changed, else more each time."""
    return every if moved else min(pause * _SLOWER, max(_SELDOM, every))


def _changes(context: "Context", every: float, dashboard: Dashboard | None = None) -> Iterator[Overview]:
    """Yields an overview now, and another one whenever a shared ref has moved."""
    known: dict[str, str] | None = None
    warned: set[str] = set()
    tell = dashboard.say if dashboard else say
    silent = False
    pause = every
    last: Overview | None = None
    seen = 0.0
    heard: tuple[str | None, tuple[str, ...]] = (None, ())
    while True:
        try:
            context.store.refresh()
            context.store.follow()
            refs = dict(context.shared.list("refs/"))
            prefix = beats_prefix(context.store)
            beats = tuple(sorted(refs.pop(ref) for ref in list(refs) if ref.startswith(prefix)))
            sign = (refs.pop(life_ref(context.store), None), beats)
            pause = next_pause(pause, every, moved=refs != known)
            # A run that was killed moves no ref: only its silence shows it.
            aged = last is not None and last.picture.silent(time.monotonic() - seen) != last.picture.silent()
            if (refs, sign) != (known, heard) or aged:
                sight = look(context, fresh=False)
                last, seen, heard = sight, time.monotonic(), sign
                for one in sight.warnings:
                    if one.message not in warned:
                        tell(f"warning: {one.message} [{one.code}]")
                    warned.add(one.message)
                yield sight
                known = refs
            silent = False
        except GitcoordError as error:
            # Keep watching if the remote does not answer for a while, but not if there is no plan.
            if known is None or error.exit == Exit.USAGE:
                raise
            if not silent:
                tell(f"gitcoord: {error.message} Trying again.")
            silent = True
            pause = next_pause(pause, every, moved=False)
        time.sleep(pause)
