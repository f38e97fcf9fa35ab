"""Measures with this machine's clock how long workers elsewhere have sent no heartbeat.

Adds up the times between looks that the remote answered, but only a part of a long time: while the remote
could not be reached, no heartbeat could arrive.
"""

from collections.abc import Iterable, Mapping

import msgspec

from gitcoord.event_stamp import now, worker_name
from gitcoord.events import AttemptEnded
from gitcoord.git.remote_refs import RefUpdate
from gitcoord.state.heartbeats import beat_ref
from gitcoord.state.published_work import work_ref
from gitcoord.state.store import Store, Unless
from gitcoord.state.task_history import Progress
from gitcoord.tasks.model import TaskId

_LONGEST_GAP = 60.0


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt elsewhere, and for how many seconds of its `lease` it has been `silent`.

    `sign` is the commit of its last heartbeat. `heard`: it began or sent a heartbeat while this process
    watched.
    """

    attempt: int
    claim: str
    lease: float
    sign: str | None
    silent: float = 0.0
    heard: bool = False

    @property
    def over(self) -> bool:
        """Whether the attempt counts as lost."""
        return self.silent >= self.lease

    @property
    def doubtful(self) -> bool:
        """Whether the attempt may be dead: never heard, or silent for more than half of its lease."""
        return not self.heard or self.silent > self.lease / 2


class Leases:
    """The heartbeats of other machines' attempts as one process has seen them."""

    def __init__(self) -> None:
        self._seen: dict[TaskId, Silence] = {}
        self._last: float | None = None

    def look(self, held: Iterable[tuple[TaskId, Silence]], moment: float) -> None:
        """Updates the silences with `held`, the attempts of the remote's answer at the monotonic `moment`."""
        if moment == self._last:
            return
        gap = 0.0 if self._last is None else min(max(0.0, moment - self._last), _LONGEST_GAP)
        first = self._last is None
        self._last = moment
        self._seen = {unit: self._after(unit, now, gap, first=first) for unit, now in held}

    def of(self, unit: TaskId) -> Silence | None:
        """The silence of the unit's attempt; None if it has no lease."""
        return self._seen.get(unit)

    def _after(self, unit: TaskId, now: Silence, gap: float, *, first: bool) -> Silence:
        before = self._seen.get(unit)
        if before is None or (before.attempt, before.claim) != (now.attempt, now.claim):
            return msgspec.structs.replace(now, heard=not first)  # it was claimed just now
        if before.sign != now.sign:
            return msgspec.structs.replace(now, heard=True)
        return msgspec.structs.replace(now, silent=before.silent + gap, heard=before.heard)


def superseded(attempt: int) -> Unless:
    """Makes a condition: `attempt` must not write any more, because it ended or a newer one began."""

    def too_late(before: Progress) -> bool:
        return any(
            known.number > attempt or (known.number == attempt and known.ended is not None)
            for known in before.attempts
        )

    return too_late


def take_over(store: Store, unit: TaskId, silence: Silence) -> None:
    """Records that an attempt elsewhere is lost, unless a heartbeat arrives at that moment.

    Also deletes its heartbeat and the unfinished work that it published.
    """
    ref = beat_ref(store, unit, silence.attempt)
    if store.shared.read(ref) != silence.sign:
        return  # it is alive
    silent = f"{silence.silent:.0f} s" if silence.silent < 90 else f"{silence.silent / 60:.0f} min"
    event = AttemptEnded(
        at=now(),
        by=worker_name(),
        task=unit,
        attempt=silence.attempt,
        outcome="lost",
        reason=f"its worker has sent no heartbeat for {silent}: its machine counts as dead",
    )
    also = [] if silence.sign is None else [RefUpdate(ref, silence.sign, None)]
    work = work_ref(store, unit, silence.attempt)
    if (tip := store.shared.read(work)) is not None:
        also.append(RefUpdate(work, tip, None))
    store.try_record([event], also, unless=superseded(silence.attempt))


def held_attempts(store: Store, progress: Mapping[TaskId, Progress]) -> Iterable[tuple[TaskId, Silence]]:
    """Yields the running attempts that have a lease, as of the last fetch."""
    for unit, task_progress in progress.items():
        newest = task_progress.attempt
        if newest is None or not newest.running or newest.started is None or newest.started.lease <= 0:
            continue
        sign = store.shared.read(beat_ref(store, unit, newest.number))
        claim, lease = newest.started.at, newest.started.lease
        yield unit, Silence(attempt=newest.number, claim=claim, lease=lease, sign=sign)
