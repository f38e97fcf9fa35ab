"""Changes outside the agents' checkouts, from the journal: each once, with the units that ran meanwhile."""

from collections.abc import Iterable

import msgspec

from gitcoord.events import AnyEvent, AttemptEnded
from gitcoord.natural_order import natural_key
from gitcoord.outside import OutsideChange
from gitcoord.tasks.model import TaskId
from gitcoord.text_lists import named_tasks

_MOST_NAMED = 8


class OutsideSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A change outside the checkouts, and the `units` that ran meanwhile, or whose git made it."""

    change: OutsideChange
    units: tuple[TaskId, ...]

    def who(self) -> str:
        """The unit that made the change if that is proved, else the units that ran meanwhile."""
        tasks = named_tasks(self.units, _MOST_NAMED)
        return f"by the git of {tasks}" if self.change.by_agent else f"while {tasks} ran"

    def sentence(self) -> str:
        """The change in words, and who made it or ran meanwhile."""
        return f"{self.change.words()}: {self.who()}"


def seen_outside(events: Iterable[AnyEvent]) -> tuple[tuple[OutsideSeen, ...], int]:
    """Returns all changes in `events`, the proved ones first, and how many more there were.

    A change that one attempt provably made is not attributed to others that ran meanwhile.
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
