"""The outcomes of steps on the forge, and the reaction of a landing to each."""

from collections.abc import Callable

import msgspec

from gitcoord.events import PullOpened, TaskHandedOver
from gitcoord.forge.pull_requests import BEHIND, Pull
from gitcoord.git.git_cli import Oid
from gitcoord.landing.decide import BY_ITSELF, PATIENCE, closed_gates
from gitcoord.landing.loop_memory import LandingMemory, details_key
from gitcoord.landing.model import Carrier, LandingSnapshot
from gitcoord.landing.notices import LandingNotices
from gitcoord.landing.observation_cache import ObservationCache
from gitcoord.landing.steps import HandOver
from gitcoord.landing.verify_landings import SentMerges

_PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0, 5.0)
"""Seconds between two examinations of an unsettled carrier; the last value repeats."""
_DOUBTFUL_EXAMINATIONS = 4
"""The number of examinations after a lost answer before the merge is sent again: it may still be running."""


class MergeForbidden(msgspec.Struct, frozen=True, kw_only=True):
    """The run must stop, for `reason`.

    The forge does not allow this user or merge method, or the base itself has not passed the check.
    """

    reason: str


class CarrierHeld(msgspec.Struct, frozen=True, kw_only=True):
    """The carrier cannot merge now; `final`: waiting does not help, it needs a change."""

    reason: str
    final: bool = False


class LookAgain(msgspec.Struct, frozen=True, kw_only=True):
    """The result is not certain: observe again. `pause`: wait a moment first.

    `doubt`: a merge was sent and its answer was lost; it may still be running.
    """

    pause: bool = False
    doubt: bool = False
    message: str = ""


class MergeDone(msgspec.Struct, frozen=True, kw_only=True):
    """The base contains the carrier's work at `commit`."""

    commit: Oid


class OpenedPull(msgspec.Struct, frozen=True, kw_only=True):
    """The carrier's pull request, the recorded events, and the `problem` with labels or reviewers, if any."""

    pull: Pull
    events: tuple[PullOpened, ...]
    problem: str = ""


class HeadOutdated(msgspec.Struct, frozen=True, kw_only=True):
    """The base requires heads that contain its newest commits, and this head lacks some."""

    message: str


class MergeDelegated(msgspec.Struct, frozen=True, kw_only=True):
    """The forge will merge the carrier automatically; `events` were recorded."""

    events: tuple[TaskHandedOver, ...]


class MergeDeclined(msgspec.Struct, frozen=True, kw_only=True):
    """The forge refuses to merge the carrier automatically."""

    reason: str


Outcome = MergeDone | CarrierHeld | MergeForbidden | LookAgain | HeadOutdated


class OutcomeFollower:
    """Updates the memory and the cache of one landing run after each outcome, and tells the user."""

    def __init__(
        self,
        memory: LandingMemory,
        cache: ObservationCache,
        sent: SentMerges,
        notices: LandingNotices,
        sleep: Callable[[float], None],
    ) -> None:
        self._memory = memory
        self._cache = cache
        self._sent = sent
        self._notices = notices
        self._sleep = sleep
        self._opened: set[str] = set()

    def follow_hand_over(
        self, snapshot: LandingSnapshot, step: HandOver, outcome: Outcome | MergeDeclined | MergeDelegated
    ) -> None:
        """Handles the outcome of the request to merge the carrier automatically."""
        carrier, memory = step.carrier, self._memory
        details = memory.details[details_key(snapshot, carrier)]
        closed = closed_gates(details)
        match outcome:
            case CarrierHeld() if any(gate.name == BEHIND for gate in details.gates):
                self.follow(snapshot, carrier, HeadOutdated(message=outcome.reason))
            case MergeDelegated():
                memory.handed_over.add(carrier.branch)
                self._cache.forget()
                queued = "it is in the forge's merge queue, and merges when its turn comes"
                self._notices.recorded(*outcome.events)
                memory.held[carrier.branch] = queued if step.way == "queue" else f"{closed} ({BY_ITSELF})"
            case MergeDeclined():
                memory.declined.add(carrier.branch)
                self.hold(carrier, f"{closed}; the forge does not merge it automatically: {outcome.reason}")
            case _:
                self.follow(snapshot, carrier, outcome)

    def follow(
        self,
        snapshot: LandingSnapshot,
        carrier: Carrier,
        outcome: Outcome | OpenedPull,
    ) -> None:
        """Handles the outcome of any other step on the forge, or of a check that stops the run."""
        match outcome:
            case OpenedPull() if carrier.pull is None and carrier.branch in self._opened:
                self._cache.forget()
                self.settle(snapshot, carrier)  # the forge does not list the pull request yet
            case OpenedPull():
                self._opened.add(carrier.branch)
                self._cache.learn_opened(outcome.pull)
                self._notices.recorded(*outcome.events)
                self._notices.caution(outcome.problem)
            case MergeDone():
                self._sent.settle(carrier)
                self._cache.learn(_merged_pull(carrier, outcome.commit))
                self._notices.merged(carrier, snapshot.base, outcome.commit)
            case CarrierHeld():
                self._cache.forget()
                self.hold(carrier, outcome.reason, final=outcome.final)
            case MergeForbidden():
                self._cache.forget()
                self._memory.stopped = outcome.reason
                self._notices.stopped(outcome.reason)
            case HeadOutdated():
                self._cache.forget()
                self._notices.answered(carrier, outcome.message)
                details, key = self._memory.details, details_key(snapshot, carrier)
                details[key] = msgspec.structs.replace(details[key], behind=True)
            case LookAgain():
                self._cache.forget()
                if outcome.message:
                    self._notices.answered(carrier, outcome.message, again=True)
                if outcome.doubt:
                    self._memory.doubt[carrier.branch] = _DOUBTFUL_EXAMINATIONS
                if outcome.pause:
                    self.settle(snapshot, carrier)

    def hold(self, carrier: Carrier, reason: str, *, final: bool = False) -> None:
        """Holds a carrier back until the next wait; with `final`, until its head changes."""
        self._memory.held[carrier.branch] = reason
        if final:
            self._memory.final[carrier.branch] = (carrier.head, reason)
        if self._memory.waits == 0:
            self._notices.held(carrier.branch, carrier.tasks, reason)

    def settle(self, snapshot: LandingSnapshot, carrier: Carrier) -> None:
        """Pauses, so that the carrier is examined again later; after `PATIENCE` pauses, holds it instead."""
        self._cache.expect_pushes()
        if self._memory.doubt.get(carrier.branch, 0):
            self._cache.forget()
        earlier = self._memory.look_again(snapshot, carrier)
        if earlier >= PATIENCE:
            self.hold(carrier, "the forge has not computed yet whether it can merge")
        else:
            self._sleep(_PAUSES[min(earlier, len(_PAUSES) - 1)])


def _merged_pull(carrier: Carrier, commit: Oid) -> Pull:
    """Returns the carrier's pull request in its state after the merge as `commit`."""
    assert carrier.pull is not None  # noqa: S101 - only an open pull request is merged
    return msgspec.structs.replace(
        carrier.pull, state="merged", head_commit=carrier.head, merge_commit=commit
    )
