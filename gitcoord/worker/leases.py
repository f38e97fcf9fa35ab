"""How long workers elsewhere have given no sign of life, by this machine's clock between two looks.

Only looks that the remote answered count, and a long gap between two of them counts little: while it could
not be reached, nobody's sign could get there.
"""

from collections.abc import Iterable, Mapping

import msgspec

from gitcoord.events import AttemptEnded
from gitcoord.git.remote_refs import RefUpdate
from gitcoord.state.heartbeats import beat_ref
from gitcoord.state.journal import now, worker_name
from gitcoord.state.store import Store, Unless
from gitcoord.state.task_history import Progress
from gitcoord.tasks.model import TaskId

_LONGEST_GAP = 60.0


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt elsewhere was seen: `silent` for so many seconds of its `lease`.

    `sign` is its last beat. `heard`: it gave a sign of life while it was watched.
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
        """Whether it is still to be seen whether anybody is at it."""
        return not self.heard or self.silent > self.lease / 2


class Leases:
    """What one process has seen of the attempts that others hold."""

    def __init__(self) -> None:
        self._seen: dict[TaskId, Silence] = {}
        self._last: float | None = None

    def look(self, held: Iterable[tuple[TaskId, Silence]], moment: float) -> None:
        """Takes in what is `held`, as the remote answered at `moment` of a clock that nobody sets."""
        if moment == self._last:
            return
        gap = 0.0 if self._last is None else min(max(0.0, moment - self._last), _LONGEST_GAP)
        first = self._last is None
        self._last = moment
        self._seen = {unit: self._after(unit, now, gap, first=first) for unit, now in held}

    def of(self, unit: TaskId) -> Silence | None:
        """What is known of the unit's attempt; None where it has no lease."""
        return self._seen.get(unit)

    def _after(self, unit: TaskId, now: Silence, gap: float, *, first: bool) -> Silence:
        before = self._seen.get(unit)
        if before is None or (before.attempt, before.claim) != (now.attempt, now.claim):
            return msgspec.structs.replace(now, heard=not first)  # it was claimed only now
        if before.sign != now.sign:
            return msgspec.structs.replace(now, heard=True)
        return msgspec.structs.replace(now, silent=before.silent + gap, heard=before.heard)


def superseded(attempt: int) -> Unless:
    """Says of a unit's progress that `attempt` may not write any more: it has ended, or a newer one began."""

    def too_late(before: Progress) -> bool:
        return any(
            known.number > attempt or (known.number == attempt and known.ended is not None)
            for known in before.attempts
        )

    return too_late


def take_over(store: Store, unit: TaskId, silence: Silence) -> None:
    """Records that an attempt elsewhere is lost, unless its worker gives a sign of life at that moment."""
    ref = beat_ref(store, unit, silence.attempt)
    if store.shared.read(ref) != silence.sign:
        return  # it lives
    silent = f"{silence.silent:.0f} s" if silence.silent < 90 else f"{silence.silent / 60:.0f} min"
    event = AttemptEnded(
        at=now(),
        by=worker_name(),
        task=unit,
        attempt=silence.attempt,
        outcome="lost",
        reason=f"its worker has given no sign of life for {silent}: its machine is taken for dead",
    )
    also = [] if silence.sign is None else [RefUpdate(ref, silence.sign, None)]
    store.try_record([event], also, unless=superseded(silence.attempt))


def held_attempts(store: Store, progress: Mapping[TaskId, Progress]) -> Iterable[tuple[TaskId, Silence]]:
    """The attempts that somebody holds with a lease, as of the last refresh."""
    for unit, told in progress.items():
        newest = told.attempt
        if newest is None or not newest.running or newest.started is None or newest.started.lease <= 0:
            continue
        sign = store.shared.read(beat_ref(store, unit, newest.number))
        claim, lease = newest.started.at, newest.started.lease
        yield unit, Silence(attempt=newest.number, claim=claim, lease=lease, sign=sign)
