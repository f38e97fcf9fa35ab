"""A failure that many units share: its cause is not theirs, and more starts bring more of the same."""

import re
from collections.abc import Sequence

import msgspec

from gitcoord.events import AnyEvent, AttemptEnded, RunChanged

_VARIABLE = re.compile(r"\b[0-9a-f]{7,}\b|\d+")


class CommonFailure(msgspec.Struct, frozen=True, kw_only=True):
    """So many `units` in a row failed alike, nothing handed in between; `reason` is the newest one's."""

    units: int
    reason: str

    def sentence(self) -> str:
        """The one cause, and the way on."""
        cause = self.reason.rstrip(".")
        return (
            f"{self.units} tasks in a row failed alike ({cause}); once the cause is fixed, "
            "`gitcoord retry --all` and `gitcoord run` go on"
        )


def common_failure(events: Sequence[AnyEvent], by: str, limit: int) -> CommonFailure | None:
    """The failure that the newest attempts `by` this worker share, at `limit` units or more (0: never).

    Only what ended since a run began or went on counts. `events` are the journal, oldest first.
    """
    alike: tuple[object, ...] | None = None
    units: dict[str | None, AttemptEnded] = {}
    for event in reversed(events if limit else ()):
        if isinstance(event, RunChanged) and event.state == "running":
            break
        if not isinstance(event, AttemptEnded) or event.by != by:
            continue
        if event.outcome in ("ok", "conflict"):
            break
        if event.outcome in ("failed", "timeout"):
            kind = _kind(event)
            if alike not in (None, kind):
                break
            alike = kind
            units.setdefault(event.task, event)
    if not units or len(units) < limit:
        return None
    return CommonFailure(units=len(units), reason=next(iter(units.values())).reason)


def _kind(event: AttemptEnded) -> tuple[object, ...]:
    """What is the same of failures with one cause: everything but numbers, and the unit's own name."""
    name = rf"(?<![\w.]){re.escape(event.task or '')}(?!\w)"
    return event.outcome, event.code, _VARIABLE.sub("#", re.sub(name, "#", event.reason))
