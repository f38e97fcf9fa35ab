"""The dashboard without a terminal: prints each new event as a line, and a summary once a minute."""

from collections.abc import Mapping, Sequence

from gitcoord.cli.views.dashboard.rows import word
from gitcoord.cli.views.output import clean, count_of
from gitcoord.cli.views.times import duration, time_of_day
from gitcoord.events import AnyEvent
from gitcoord.progress.make_picture import Picture, UnitState
from gitcoord.progress.new_events import NewEvents

SUMMARY_EVERY = 60.0
_RUN: Mapping[str | None, tuple[str, str]] = {
    "running": ("running", "bold green"),
    "paused": ("paused", "bold yellow"),
    "ended": ("ended", "bold"),
    None: ("watching", "bold cyan"),
}
_TOLD: tuple[UnitState, ...] = ("running", "ready", "failed", "deferred", "blocked")


class PlainLines:
    """Makes the lines to print: one for each new event of the journal, and summaries."""

    def __init__(self) -> None:
        self._new = NewEvents()
        self._began = False
        self._summed_up = float("-inf")
        self._last = ""

    def skip(self, events: Sequence[AnyEvent]) -> None:
        """Marks the journal's first events as printed."""
        self._new.take(events)
        self._began = True

    def lines(
        self, picture: Picture, events: Sequence[AnyEvent], now: float, *, last: bool = False
    ) -> list[str]:
        """Returns the lines to print at `now` (monotonic seconds): one for each new event, oldest first.

        Adds a summary of `picture` the first time, the `last` time, and once a minute, if it has changed.
        """
        if not self._began:
            self.skip(events)
        lines = [f"{clean(time_of_day(one.at))} {clean(one.sentence())}" for one in self._new.take(events)]
        summary = sentence(picture)
        if summary != self._last and (last or now - self._summed_up >= SUMMARY_EVERY):
            lines.append(summary)
            self._summed_up, self._last = now, summary
        return lines


def sentence(picture: Picture) -> str:
    """Returns a summary in one line."""
    said = [f"{picture.done} of {count_of(picture.units, 'unit')} done ({picture.percent} %)"]
    said += [f"{picture.counts[state]} {word(state)}" for state in _TOLD if picture.counts.get(state)]
    said.append(f"{picture.landed} of {count_of(picture.tasks, 'task')} landed")
    if picture.pace.remaining and picture.percent < 100:
        said.append(f"about {duration(picture.pace.remaining)} left")
    if picture.closed:
        said.append(f"nothing starts before {time_of_day(picture.closed_until)} (usage limit)")
    if picture.silent():
        said.append(f"the run has sent {run_words(picture)[0]}")
    if picture.done and picture.pace.saved >= 1:
        said.append(f"{duration(picture.pace.saved)} saved")
    return ", ".join(said) + "."


def run_words(picture: Picture, shift: float = 0.0) -> tuple[str, str, str]:
    """Returns the run's state, its style, and the last heartbeat's age, `shift` seconds after `picture`."""
    if picture.unheard is None:
        return (*_RUN[picture.run], "")
    age = duration(picture.unheard + shift)
    if picture.silent(shift):
        return f"no heartbeat since {time_of_day(picture.heard)}", "bold red", f" ({age})"
    return (*_RUN[picture.run], f" (heard {age} ago)")
