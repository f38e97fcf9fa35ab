"""Recognizes a failure that many units share. Its cause is not in the units: more starts would fail, too."""

import re
from collections.abc import Sequence

import msgspec

from gitcoord.events import AnyEvent, AttemptEnded, RunChanged

_VARIABLE = re.compile(r"\b[0-9a-f]{7,}\b|\d+")


class CommonFailure(msgspec.Struct, frozen=True, kw_only=True):
    """A number of `units` that failed in the same way in a row; `reason` is that of the newest."""

    units: int
    reason: str

    def sentence(self) -> str:
        """The cause, and how to continue."""
        cause = self.reason.rstrip(".")
        return (
            f"{self.units} tasks in a row failed for the same reason ({cause}); once it is fixed, "
            "continue with `gitcoord retry --all` and `gitcoord run`"
        )


def common_failure(events: Sequence[AnyEvent], by: str, limit: int) -> CommonFailure | None:
    """The failure that the newest attempts of worker `by` share, if `limit` units or more have it (0: never).

    Counts only attempts that ended since the run began or was resumed. `events` are in order, oldest first.
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
    """A key that failures with the same cause share: the reason without numbers and without the unit's id."""
    name = rf"(?<![\w.]){re.escape(event.task or '')}(?!\w)"
    return event.outcome, event.code, _VARIABLE.sub("#", re.sub(name, "#", event.reason))
