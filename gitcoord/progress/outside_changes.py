"""What changed outside of agents' checkouts, by the journal: each thing once, with who ran meanwhile."""

from collections.abc import Iterable

import msgspec

from gitcoord.events import AnyEvent, AttemptEnded
from gitcoord.outside import OutsideChange
from gitcoord.planning.arrange_waves import natural_key
from gitcoord.tasks.model import TaskId
from gitcoord.text_lists import named_tasks

_MOST_NAMED = 8


class OutsideSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A change outside of the checkouts, and the `units` that ran meanwhile, or whose git made it."""

    change: OutsideChange
    units: tuple[TaskId, ...]

    def who(self) -> str:
        """Who made the change where that is proved; else while who was at work."""
        tasks = named_tasks(self.units, _MOST_NAMED)
        return f"by the git of {tasks}" if self.change.by_agent else f"while {tasks} ran"

    def sentence(self) -> str:
        """The change, and who made it or was at work."""
        return f"{self.change.words()}: {self.who()}"


def seen_outside(events: Iterable[AnyEvent]) -> tuple[tuple[OutsideSeen, ...], int]:
    """All changes that `events` name, the proved ones first; and how many more there were.

    What one attempt provably did is not held against the others that ran meanwhile.
    """
    found: dict[tuple[str, str, str], dict[bool, dict[TaskId, OutsideChange]]] = {}
    more = 0
    for event in events:
        if isinstance(event, AttemptEnded) and event.task is not None:
            more += max(0, event.outside_count - len(event.outside))
            for change in event.outside:
                by = found.setdefault((change.kind, change.name, change.place), {})
                by.setdefault(change.by_agent, {})[TaskId(event.task)] = change
    seen = []
    for by in found.values():
        units = by.get(True) or by[False]
        seen.append(
            OutsideSeen(change=next(iter(units.values())), units=tuple(sorted(units, key=natural_key)))
        )
    return tuple(sorted(seen, key=lambda one: not one.change.by_agent)), more
