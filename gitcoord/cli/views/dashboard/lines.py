"""The dashboard where there is no terminal: each new event as a line, and now and then where things stand."""

from collections.abc import Mapping, Sequence

from gitcoord.cli.views.dashboard.rows import word
from gitcoord.cli.views.output import clean, count_of
from gitcoord.cli.views.times import duration, time_of_day
from gitcoord.events import AnyEvent
from gitcoord.progress.build import Picture, UnitState

SUMMARY_EVERY = 60.0
_RUN: Mapping[str | None, tuple[str, str]] = {
    "running": ("running", "bold green"),
    "paused": ("paused", "bold yellow"),
    "ended": ("ended", "bold"),
    None: ("watching", "bold cyan"),
}
_TOLD: tuple[UnitState, ...] = ("running", "ready", "failed", "deferred", "blocked")


class PlainLines:
    """Remembers how much of the journal has been said, so that each event is said once."""

    def __init__(self) -> None:
        self._said: int | None = None
        self._summed_up = float("-inf")
        self._last = ""

    def skip(self, events: Sequence[AnyEvent]) -> None:
        """Takes these, with which the journal begins, as said."""
        self._said = len(events)

    def lines(
        self, picture: Picture, events: Sequence[AnyEvent], now: float, *, last: bool = False
    ) -> list[str]:
        """What is to be said of `picture` at `now` (any steady clock), after `events`, the oldest first.

        The first time, the `last` time, and once a minute that is where things stand, too.
        """
        if self._said is None:
            self.skip(events)
        # A journal that is shorter than before is another plan's.
        known = self._said if self._said is not None and self._said <= len(events) else 0
        self._said = len(events)
        lines = [f"{clean(time_of_day(one.at))} {clean(one.sentence())}" for one in events[known:]]
        summary = sentence(picture)
        if summary != self._last and (last or now - self._summed_up >= SUMMARY_EVERY):
            lines.append(summary)
            self._summed_up, self._last = now, summary
        return lines


def sentence(picture: Picture) -> str:
    """Where things stand, in one line."""
    said = [f"{picture.done} of {count_of(picture.units, 'unit')} done ({picture.percent} %)"]
    said += [f"{picture.counts[state]} {word(state)}" for state in _TOLD if picture.counts.get(state)]
    said.append(f"{picture.landed} of {count_of(picture.tasks, 'task')} landed")
    if picture.pace.remaining and picture.percent < 100:
        said.append(f"about {duration(picture.pace.remaining)} left")
    if picture.closed:
        said.append(f"nothing starts before {time_of_day(picture.closed_until)} (the account is closed)")
    if picture.silent():
        said.append(f"{run_words(picture)[0]} of the run")
    if picture.done and picture.pace.saved >= 1:
        said.append(f"{duration(picture.pace.saved)} saved")
    return ", ".join(said) + "."


def run_words(picture: Picture, shift: float = 0.0) -> tuple[str, str, str]:
    """What the run is at, how that is drawn, and how old the news is, `shift` seconds after the picture."""
    if picture.unheard is None:
        return (*_RUN[picture.run], "")
    age = duration(picture.unheard + shift)
    if picture.silent(shift):
        return f"no sign of life since {time_of_day(picture.heard)}", "bold red", f" ({age})"
    return (*_RUN[picture.run], f" (heard {age} ago)")
