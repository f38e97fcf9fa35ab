"""The heartbeat of a worker that has an attempt; without it, other machines take the attempt over."""

import threading
from collections.abc import Callable
from types import TracebackType

from gitcoord.durations import NO_LIMIT, parse_duration
from gitcoord.errors import GitcoordError
from gitcoord.git.remote_refs import RefUpdate, SharedRefs
from gitcoord.settings import RunSettings
from gitcoord.state.heartbeats import Beat, beat_ref, write_beat
from gitcoord.state.store import Store
from gitcoord.tasks.model import TaskId

_SHARE = 5.0
"""Heartbeats in the time after which a worker counts as lost."""


def lease_of(settings: RunSettings) -> float:
    """Seconds without a heartbeat after which an attempt counts as lost; 0: never."""
    return 0.0 if settings.lease in NO_LIMIT else parse_duration(settings.lease) or 0.0


class Heartbeat:
    """Sends heartbeats in a thread while the block lasts; `sign` makes the next one."""

    def __init__(
        self, store: Store, unit: TaskId, attempt: int, lease: float, sign: Callable[[], Beat]
    ) -> None:
        # A separate object: the worker's own refs are in use by another thread.
        self._shared = SharedRefs(store.repository, store.shared.state_prefix)
        self._ref = beat_ref(store, unit, attempt)
        self._every, self._sign = lease / _SHARE, sign
        self._over = threading.Event()
        self._last: str | None = None
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> "Heartbeat":
        if self._every:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        if self._every:
            self._thread.join()
        if self._last is not None:
            self._withdraw(self._last)

    def _beat(self) -> None:
        while not self._over.wait(self._every):
            try:
                given = write_beat(self._shared, self._ref, self._sign(), self._last)
            except (GitcoordError, OSError):
                continue  # the next one may arrive
            if given is None:
                return  # another machine took the attempt over
            self._last = given

    def _withdraw(self, last: str) -> None:
        """Deletes the last heartbeat. If that fails, the next run deletes it."""
        try:
            self._shared.publish([RefUpdate(self._ref, last, None)])
        except (GitcoordError, OSError):
            return
