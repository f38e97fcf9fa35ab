"""The heartbeat of a worker that has an attempt; without it, other machines take over the attempt."""

from gitcoord.durations import NO_LIMIT, parse_duration
from gitcoord.event_stamp import now, worker_name
from gitcoord.settings import RunSettings
from gitcoord.state.heartbeats import Beat, beat_ref, write_beat
from gitcoord.worker.attempt.attempt_context import AttemptContext
from gitcoord.worker.attempt.repeated_ref import RepeatedRef

_SHARE = 5.0
"""The number of heartbeats in a lease."""


def lease_of(settings: RunSettings) -> float:
    """Seconds without a heartbeat after which an attempt counts as lost; 0: never."""
    return 0.0 if settings.lease in NO_LIMIT else parse_duration(settings.lease) or 0.0


def heartbeat(context: AttemptContext) -> RepeatedRef:
    """Sends heartbeats of the attempt until the `with` block ends."""
    store, unit, attempt = context.task_context.store, context.unit.id, context.attempt
    pause = lease_of(context.settings.run) / _SHARE
    return RepeatedRef(
        store,
        beat_ref(store, unit, attempt),
        pause,
        lambda shared: write_beat(
            shared.repository,
            Beat(unit=unit, attempt=attempt, by=worker_name(), at=now(), quiet=round(context.log.quiet, 1)),
        ),
    )
