"""Draws pictures of a run on the dashboard while it runs, and one more at its end."""

import time

from gitcoord.cli.views.dashboard.dashboard import Dashboard
from gitcoord.cli.views.output import count_of
from gitcoord.event_stamp import now
from gitcoord.progress.live_state import LiveState
from gitcoord.progress.make_picture import make_picture
from gitcoord.run.event_feed import EventFeed
from gitcoord.run.observe import RunView
from gitcoord.run.polling import Signals

_MOST_DRAWING = 50
"""The pause before the next picture is at least this many times the time that drawing the last one took."""


class RunScreen:
    """Draws the views of one run on its dashboard."""

    def __init__(self, dashboard: Dashboard, signals: Signals, feed: EventFeed | None = None) -> None:
        self.dashboard = dashboard
        self._feed = feed
        self._signals = signals
        self._drawn: tuple[float, float] = (0.0, 0.0)
        self._told_how_to_end = False

    def draw(self, view: RunView, live: LiveState) -> None:
        """Shows `view`, unless the last one was drawn too recently; always passes its events to the feed."""
        if self._feed is not None:
            self._feed.take(view.events)
        signals = self._signals
        if signals.stop and not signals.end and live.slots and not self._told_how_to_end:
            self._told_how_to_end = True
            workers, them = count_of(live.slots, "worker"), "it" if live.slots == 1 else "them"
            self.dashboard.say(
                f"Starting no more tasks; waiting for {workers}. Press Ctrl-C again to stop {them}."
            )
        at, cost = self._drawn
        if time.monotonic() - at < cost * _MOST_DRAWING:
            return
        began = time.monotonic()
        self._show(view, live)
        self._drawn = (began, time.monotonic() - began)

    def end(self, view: RunView) -> None:
        """Shows the final `view`, which stays on the screen, and closes the feed."""
        if self._feed is not None:
            self._feed.take(view.events)
        self._show(view, None, last=True)
        if self._feed is not None:
            self._feed.close()

    def _show(self, view: RunView, live: LiveState | None, *, last: bool = False) -> None:
        picture = make_picture(
            view.plan, view.events, view.landed, now(), live, units=view.units, closed=view.closed
        )
        self.dashboard.show(picture, view.events, last=last)
