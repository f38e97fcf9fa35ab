"""Waits while another worker has the unit, and takes it over if no heartbeat arrives."""

import select
import time
from pathlib import Path

from gitcoord.errors import GitcoordError
from gitcoord.notices import TaskHeld, Tell
from gitcoord.state.store import Store
from gitcoord.state.task_history import PENDING
from gitcoord.tasks.model import TaskId
from gitcoord.worker.attempt.paths import attempt_directory
from gitcoord.worker.attempt.pid_file import died_here
from gitcoord.worker.attempt.signals import StopSignal
from gitcoord.worker.leases import Leases, Silence, held_attempts, take_over
from gitcoord.worker.transient_errors import passes

_LOOKS = 30.0
"""The number of times that the journal is read during a lease."""
_LONGEST = 10.0


class Holder:
    """The other worker that has the unit; this one waits at most `seconds` for it.

    Does not wait for an attempt without a lease: nobody could find out that its worker is gone.
    """

    def __init__(self, store: Store, unit: TaskId, seconds: float, stop: StopSignal, tell: Tell) -> None:
        self._store, self._unit, self._stop, self._tell = store, unit, stop, tell
        self._until = time.monotonic() + seconds
        self._leases = Leases()
        self._reported: TaskHeld | None = None

    def wait(self) -> bool:
        """Waits until no other worker has the unit.

        Returns False if none had it, if the time ran out, or if a signal asked this worker to end.
        """
        waited = False
        while (held := self._held()) is not None:
            left = self._until - time.monotonic()
            if left <= 0 or self._stop.requested is not None:
                return False
            waited = True
            self._say(held)
            self._sleep(min(left, _LONGEST, held.lease / _LOOKS))
        return waited

    def _held(self) -> Silence | None:
        """The attempt that another worker holds with a lease; None if there is none.

        Takes over an attempt whose lease ran out. Returns None, too, if the worker died on this machine.
        """
        store, unit = self._store, self._unit
        try:
            store.refresh()
            moment = time.monotonic()
            told = store.progress().get(unit, PENDING)
            held = list(held_attempts(store, {unit: told}))
            self._leases.look(held, moment)
            silence = self._leases.of(unit)
            if silence is not None and silence.over:
                take_over(store, unit, silence)
                return self._held()
        except GitcoordError as error:
            if not passes(error):
                raise
            return self._leases.of(unit)
        if silence is not None and died_here(self._place(silence.attempt)):
            return None  # the next attempt records its end
        return silence

    def _place(self, attempt: int) -> Path:
        store = self._store
        return attempt_directory(store.repository.common_dir, store.generation, self._unit, attempt)

    def _say(self, held: Silence) -> None:
        newest = self._store.progress().get(self._unit, PENDING).attempt
        by = newest.started.by if newest is not None and newest.started is not None else "somebody"
        notice = TaskHeld(unit=self._unit, attempt=held.attempt, by=by, lease=held.lease)
        if notice != self._reported:
            self._reported = notice
            self._tell(notice)

    def _sleep(self, seconds: float) -> None:
        poll = select.poll()
        poll.register(self._stop.descriptor, select.POLLIN)
        poll.poll(seconds * 1000 + 1)
        self._stop.hear()
