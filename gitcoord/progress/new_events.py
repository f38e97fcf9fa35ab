"""Finds the events that were added to a journal since the last look."""

from collections import Counter
from collections.abc import Hashable, Sequence

from gitcoord.events import AnyEvent


class NewEvents:
    """Remembers the events of a journal that were taken.

    New events can be anywhere in the journal: it is in order of time, and several machines write to it, so an
    event may arrive after a later one. Only the events of one task by one author arrive in order.
    """

    def __init__(self) -> None:
        self._taken: set[Hashable] = set()
        self._count = 0
        self._last: AnyEvent | None = None

    def take(self, events: Sequence[AnyEvent]) -> list[AnyEvent]:
        """Returns those of `events` that no earlier call had, in order."""
        last = events[-1] if events else None
        if (len(events), last) == (self._count, self._last):
            return []
        self._count, self._last = len(events), last
        alike: Counter[Hashable] = Counter()
        found = []
        for event in events:
            written = (event.at, event.by, event.task, type(event))
            alike[written] += 1
            key = (written, alike[written])
            if key not in self._taken:
                self._taken.add(key)
                found.append(event)
        return found
