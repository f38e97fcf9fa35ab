"""`status --watch`: shows the dashboard from git. Fetches less often while nothing changes."""

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from gitcoord.cli.status.overview import Overview, look
from gitcoord.cli.views.dashboard.dashboard import Dashboard
from gitcoord.cli.views.output import as_json as as_json_line
from gitcoord.cli.views.output import emit, say, stdout_console
from gitcoord.errors import Exit, GitcoordError
from gitcoord.run.heartbeat import heartbeat_ref
from gitcoord.state.heartbeats import beats_prefix
from gitcoord.state.published_work import work_prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gitcoord.cli.across.task_routing import TaskPlace

_SLOWER = 1.5
_SELDOM = 30.0


def watch_status(places: "Sequence[TaskPlace]", *, every: float, as_json: bool) -> None:
    """Shows the work until Ctrl-C. Raises errors of the first fetch, and `no-plan`; reports later errors."""
    with suppress(KeyboardInterrupt):
        _watch(places, every, as_json)


def _watch(places: "Sequence[TaskPlace]", every: float, as_json: bool) -> None:
    if as_json:
        for place, overview in _changes(places, every, say):
            also = {"repository": place.name} if place.name else None
            emit(as_json_line("picture", overview.picture, also=also))
    else:
        with Dashboard(stdout_console()) as dashboard:
            for place, overview in _changes(places, every, dashboard.say):
                dashboard.show(overview.picture, overview.events, name=place.name)


def next_pause(pause: float, every: float, *, moved: bool) -> float:
    """Returns the seconds until the next fetch: `every` if a ref moved, else more each time up to a limit."""
    return every if moved else min(pause * _SLOWER, max(_SELDOM, every))


def _changes(
    places: "Sequence[TaskPlace]", every: float, tell: "Callable[[str], None]"
) -> "Iterator[tuple[TaskPlace, Overview]]":
    """Yields an overview of each repository now, and another one whenever it has changed there."""
    watched = [WatchedRepository(place, tell) for place in places]
    pause = every
    while True:
        moved = False
        for one in watched:
            overview = one.look()
            moved = moved or one.moved
            if overview is not None:
                yield one.place, overview
        pause = next_pause(pause, every, moved=moved)
        time.sleep(pause)


class WatchedRepository:
    """A repository that is watched; `moved`: whether the last look found a moved ref.

    The refs of heartbeats and of work in progress do not count.
    """

    def __init__(self, place: "TaskPlace", tell: "Callable[[str], None]") -> None:
        self.place = place
        self.moved = False
        self._tell = tell
        self._known: dict[str, str] | None = None
        self._heard: tuple[str | None, tuple[str, ...]] = (None, ())
        self._warned: set[str] = set()
        self._silent = False
        self._last: Overview | None = None
        self._seen = 0.0

    def look(self) -> Overview | None:
        """Returns an overview if something has changed since the last look. Raises `no-plan`.

        If the remote does not answer, prints that once; the first look raises the error instead.
        """
        self.moved = False
        try:
            found = self._look()
        except GitcoordError as error:
            # Keep watching if the remote does not answer for a while, but not if there is no plan.
            if self._known is None or error.exit == Exit.USAGE:
                raise
            if not self._silent:
                self._tell(self.place.says(f"gitcoord: {error.message} Trying again."))
            self._silent = True
            return None
        self._silent = False
        return found

    def _look(self) -> Overview | None:
        context = self.place.context
        context.store.refresh()
        context.store.follow()
        refs = dict(context.shared.list("refs/"))
        signs = (beats_prefix(context.store), work_prefix(context.store))
        beats = tuple(sorted(refs.pop(ref) for ref in list(refs) if ref.startswith(signs)))
        sign = (refs.pop(heartbeat_ref(context.store), None), beats)
        self.moved = refs != self._known
        if (refs, sign) == (self._known, self._heard) and not self._aged():
            return None
        overview = look(context, fresh=False)
        self._last, self._seen, self._heard = overview, time.monotonic(), sign
        for one in overview.warnings:
            if one.message not in self._warned:
                self._tell(self.place.says(f"warning: {one.message} [{one.code}]"))
            self._warned.add(one.message)
        self._known = refs
        return overview

    def _aged(self) -> bool:
        """Whether the run has become silent since the last overview: a killed run moves no ref."""
        if self._last is None:
            return False
        picture = self._last.picture
        return picture.silent(time.monotonic() - self._seen) != picture.silent()
