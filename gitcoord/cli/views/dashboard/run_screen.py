"""What a run shows while it is on: a picture now and then, and one more when it has ended."""

import time

from gitcoord.cli.views.dashboard.dashboard import Dashboard
from gitcoord.cli.views.output import count_of
from gitcoord.progress.build import make_picture
from gitcoord.progress.run_state import Live
from gitcoord.run.event_feed import EventFeed
from gitcoord.run.observe import View
from gitcoord.run.polling import Signals
from gitcoord.state.journal import now

_MOST_DRAWING = 50
"""A picture is made at most so many times its own cost after the one before."""


class RunScreen:
    """Draws the views of one run on its dashboard."""

    def __init__(self, dashboard: Dashboard, signals: Signals, feed: EventFeed | None = None) -> None:
        self.dashboard = dashboard
        self._feed = feed
        self._signals = signals
        self._drawn: tuple[float, float] = (0.0, 0.0)
        self._told_how_to_end = False

    def draw(self, view: View, live: Live) -> None:
        """Shows `view`, unless the last one was drawn only now; its events are passed on in any case."""
        if self._feed is not None:
            self._feed.take(view.events)
        signals = self._signals
        if signals.stop and not signals.end and live.slots and not self._told_how_to_end:
            self._told_how_to_end = True
            workers, them = count_of(live.slots, "worker"), "it" if live.slots == 1 else "them"
            self.dashboard.say(
                f"Starting nothing new; waiting for {workers}. Press Ctrl-C again to stop {them}."
            )
        at, cost = self._drawn
        if time.monotonic() - at < cost * _MOST_DRAWING:
            return
        began = time.monotonic()
        self._show(view, live)
        self._drawn = (began, time.monotonic() - began)

    def end(self, view: View) -> None:
        """Shows `view` in any case: it is what stays on the screen."""
        if self._feed is not None:
            self._feed.take(view.events)
        self._show(view, None, last=True)
        if self._feed is not None:
            self._feed.close()

    def _show(self, view: View, live: Live | None, *, last: bool = False) -> None:
        picture = make_picture(
            view.plan, view.events, view.landed, now(), live, units=view.units, closed=view.closed
        )
        self.dashboard.show(picture, view.events, last=last)
