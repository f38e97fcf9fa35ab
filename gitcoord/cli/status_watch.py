"""`status --watch`: the dashboard from git alone. Looks often while things move, and seldom while not."""

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
    """Shows the work until Ctrl-C, which is how watching ends. Raises what the first look raises."""
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
    """How long to wait before the next look: `every` while things move, else longer and longer."""
    return every if moved else min(pause * _SLOWER, max(_SELDOM, every))


def _changes(context: "Context", every: float, dashboard: Dashboard | None = None) -> Iterator[Overview]:
    """A sight at once, and another one whenever a shared ref has moved."""
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
            # Silence is news, too: nothing else tells of a run that was killed.
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
            # A remote that cannot be reached for a while is no reason to give up; a missing plan is.
            if known is None or error.exit == Exit.USAGE:
                raise
            if not silent:
                tell(f"gitcoord: {error.message} Looking again and again.")
            silent = True
            pause = next_pause(pause, every, moved=False)
        time.sleep(pause)
