"""The dashboard where there is no terminal: each new event as a line, and now and then where things stand."""

from collections.abc import Mapping

from gitcoord.cli.board.rows import word
from gitcoord.cli.output import clean, count_of
from gitcoord.cli.times import duration, time_of_day
from gitcoord.running.picture.make import News, Picture, UnitState

SUMMARY_EVERY = 60.0
_RUN: Mapping[str | None, tuple[str, str]] = {
    "running": ("running", "bold green"),
    "paused": ("paused", "bold yellow"),
    "ended": ("ended", "bold"),
    None: ("watching", "bold cyan"),
}
_TOLD: tuple[UnitState, ...] = ("running", "ready", "failed", "deferred", "blocked")


class PlainLines:
    """Remembers what has been said, so that nothing is said twice."""

    def __init__(self) -> None:
        self._said: set[News] | None = None
        self._summed_up = float("-inf")
        self._last = ""

    def lines(self, picture: Picture, now: float) -> list[str]:
        """What is to be said of `picture` at `now` (any steady clock). The first time: where things stand."""
        first = self._said is None
        fresh = [one for one in picture.news if one not in (self._said or ())]
        self._said = set(picture.news)
        lines = [] if first else [f"{clean(time_of_day(one.at))} {clean(one.sentence)}" for one in fresh]
        summary = sentence(picture)
        if first or (now - self._summed_up >= SUMMARY_EVERY and summary != self._last):
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
