"""The heartbeat of a worker that has an attempt; without it, other machines take the attempt over."""

from collections.abc import Callable

from gitcoord.durations import NO_LIMIT, parse_duration
from gitcoord.settings import RunSettings
from gitcoord.state.heartbeats import Beat, beat_ref, write_beat
from gitcoord.state.store import Store
from gitcoord.tasks.model import TaskId
from gitcoord.worker.attempt.repeated_ref import RepeatedRef

_SHARE = 5.0
"""The number of heartbeats in a lease."""


def lease_of(settings: RunSettings) -> float:
    """Seconds without a heartbeat after which an attempt counts as lost; 0: never."""
    return 0.0 if settings.lease in NO_LIMIT else parse_duration(settings.lease) or 0.0


def heartbeat(
    store: Store, unit: TaskId, attempt: int, lease: float, sign: Callable[[], Beat]
) -> RepeatedRef:
    """Sends heartbeats while the block lasts; `sign` makes the next one."""
    ref = beat_ref(store, unit, attempt)
    return RepeatedRef(store, ref, lease / _SHARE, lambda shared: write_beat(shared.repository, sign()))
