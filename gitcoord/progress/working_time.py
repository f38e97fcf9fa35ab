"""Working time: a clock that stands still while no run is active and nobody works."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

from gitcoord.events import AnyEvent, RunChanged
from gitcoord.progress.attempts import TimedAttempt, seconds_of

Span = tuple[float, float]


class WorkingTime:
    """A clock in seconds since the first start, without breaks.

    Elapsed time, timeline and critical path are measured by it, and therefore add up.
    """

    def __init__(self, events: Sequence[AnyEvent], tries: Sequence[TimedAttempt], now: float) -> None:
        first = tries[0].start if tries else now
        spans = [(one.start, one.start + one.seconds(now)) for one in tries]
        spans += [(max(start, first), end) for start, end in run_spans(events, now) if end > first]
        self._spans = _united(spans)
        self._starts = [start for start, _ in self._spans]
        self._before = [0.0, *accumulate(end - start for start, end in self._spans)]
        self._first = first
        self.last = max((one.start + one.seconds(now) for one in tries), default=first)
        """The end of the last attempt, in seconds since 1970."""

    def at(self, moment: float) -> float:
        """The time of this clock at `moment`, which is in seconds since 1970."""
        place = bisect_right(self._starts, moment)
        if not place:
            return 0.0
        start, end = self._spans[place - 1]
        return self._before[place - 1] + min(moment, end) - start

    @property
    def elapsed(self) -> float:
        """Working time from the first start to the last end."""
        return self.at(self.last)

    @property
    def breaks(self) -> float:
        """Seconds between the first start and the last end in which the clock stood still."""
        return max(0.0, self.last - self._first - self.elapsed)


def run_spans(events: Iterable[AnyEvent], now: float) -> list[Span]:
    """Spans in which a run was active, neither paused nor ended.

    A run without an end was killed if another run began later; it counts until the last event before that.
    """
    spans: list[Span] = []
    since: float | None = None
    last = float("-inf")
    for event in events:
        at = seconds_of(event.at)
        if at is None:
            continue
        if isinstance(event, RunChanged):
            if since is not None:
                spans.append((since, max(since, last if event.state == "running" else at)))
            since = at if event.state == "running" else None
        last = max(last, at)
    return spans if since is None else [*spans, (since, max(since, now))]


def _united(spans: Iterable[Span]) -> list[Span]:
    """Merges overlapping spans; returns them in order."""
    united: list[Span] = []
    for start, end in sorted(spans):
        if united and start <= united[-1][1]:
            united[-1] = (united[-1][0], max(united[-1][1], end))
        else:
            united.append((start, end))
    return united
