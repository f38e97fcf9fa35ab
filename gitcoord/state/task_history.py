"""Computes the progress of each task from the journal.

The journal does not prove a landing: only git shows whether a task has landed.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from gitcoord.events import (
    AnyEvent,
    AttemptEnded,
    AttemptStarted,
    BranchUpdated,
    CancelAsked,
    PullOpened,
    PullRejected,
    RetryAsked,
    RollbackProposed,
    TaskDeferred,
    TaskFolded,
    TaskLanded,
    TaskRolledBack,
    TaskStarted,
    TaskSubmitted,
)
from gitcoord.git.git_cli import Oid
from gitcoord.task_identity import TaskIdentity
from gitcoord.tasks.model import TaskId

RecordedState = Literal["pending", "started", "submitted", "deferred", "landed", "rolled-back"]


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt. `started` is None if no process claimed it; `ended` is None while it runs."""

    number: int
    started: AttemptStarted | None = None
    ended: AttemptEnded | None = None

    @property
    def running(self) -> bool:
        """Whether it is running, according to the journal."""
        return self.started is not None and self.ended is None


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """The progress of one task, from the journal.

    `head` is the last submitted commit, or gitcoord's merge of the base into it. `deferral` is set until the
    work is submitted again, lands, or is rolled back; `landing` is a claim that git must confirm.
    """

    state: RecordedState = "pending"
    started_by: str = ""
    started_at: str = ""
    began: Oid | None = None
    """The branch's commit when somebody started the task, or started it again after a rollback."""
    submitted_by: str = ""
    submitted_at: str = ""
    branch: str = ""
    head: Oid | None = None
    submitted_head: Oid | None = None
    """The submitted commit. `head` is this one, or gitcoord's later merge of the base into it."""
    pull: int | None = None
    folded: TaskFolded | None = None
    deferral: TaskDeferred | None = None
    rejection: PullRejected | None = None
    """Set when a person rejected the pull request for `head`; cleared by new work or an open pull request."""
    opened_by_people: frozenset[int] = frozenset()
    """Pull requests that people opened or decided about: if one of these is open, a person wants it open."""
    landing: TaskLanded | None = None
    rollbacks: tuple[RollbackProposed | TaskRolledBack, ...] = ()
    """Rollbacks in the journal. One counts only if the base contains its revert."""
    rolled_back_branches: frozenset[str] = frozenset()
    """Branches of rolled-back landings; never used again."""
    rolled_back_after: int = 0
    """The last attempt's number at the rollback: the work of all attempts up to this one was rolled back."""
    attempts: tuple[Attempt, ...] = ()
    """All attempts, by number."""
    cancelled: bool = False
    """A person cancelled it and has not retried it since."""
    retried_after: int = 0
    """The number of the last attempt when a person asked for a retry; earlier failures do not count."""
    retry_pending: bool = False
    """A retry was requested and has not started; nothing was submitted since."""
    heads: frozenset[Oid] = frozenset()
    """All submitted heads. An updated head is replaced by its merge with the base."""
    parents: Mapping[str, Oid] = {}
    """The heads of other tasks on which the branch was stacked when it was created."""
    carries: Mapping[str, Oid] = {}
    """Commits of unsubmitted tasks that `head` contained when it was submitted, by task."""
    fresh: bool = False
    """The next attempt must start in a new checkout."""
    identity: TaskIdentity | None = None
    """The task that the id named when this was recorded."""

    @property
    def begun(self) -> bool:
        """Whether work has started. Cancel and retry requests do not count."""
        return self.state != "pending" or bool(self.attempts)

    @property
    def attempt(self) -> Attempt | None:
        """The newest attempt."""
        return self.attempts[-1] if self.attempts else None

    @property
    def current_attempt(self) -> Attempt | None:
        """The newest attempt, unless its work was rolled back since."""
        newest = self.attempt
        return newest if newest is not None and newest.number > self.rolled_back_after else None

    @property
    def has_submitted_work(self) -> bool:
        """Whether work was submitted and not rolled back since; `head` also names rolled-back work."""
        return self.head is not None and self.state not in ("started", "rolled-back")


PENDING = Progress()
_NOTHING: Mapping[TaskId, Progress] = {}


def replay(
    events: Iterable[AnyEvent], before: Mapping[TaskId, Progress] = _NOTHING
) -> dict[TaskId, Progress]:
    """Computes the progress of every task with events, starting from `before`; `events` are oldest first."""
    tasks = dict(before)
    for event in events:
        if event.task is not None:
            task = TaskId(event.task)
            then = after(tasks.get(task, PENDING), event)
            named = event.identity or then.identity
            tasks[task] = then if named is then.identity else msgspec.structs.replace(then, identity=named)
    return tasks


def after(before: Progress, event: AnyEvent) -> Progress:
    """Returns the progress of a task after `event`."""
    change = msgspec.structs.replace
    match event:
        case TaskStarted():
            state: RecordedState = "started" if before.state in ("pending", "rolled-back") else before.state
            # A person began the task manually before the requested retry started.
            taken = before.state == "rolled-back" and before.current_attempt is None
            return change(
                before,
                state=state,
                started_by=event.by,
                started_at=event.at,
                # A later worker keeps the first worker's start commit.
                began=event.base if before.state in ("pending", "rolled-back") else before.began,
                branch=event.branch,
                parents={**before.parents, **event.parents},
                retry_pending=before.retry_pending and not taken,
            )
        case TaskSubmitted():
            return change(
                before,
                state="submitted",
                submitted_by=event.by,
                submitted_at=event.at,
                branch=event.branch,
                head=event.head,
                submitted_head=event.head,
                heads=before.heads | {event.head},
                carries=event.carries,
                deferral=None,
                rejection=before.rejection if _is_of(before.rejection, event.head) else None,
                landing=None,
                retry_pending=False,
                # Landed work has used its pull request; new work needs another one.
                pull=None if before.landing else before.pull,
            )
        case BranchUpdated():
            # Work that was submitted since is newer than the updated head.
            heads = before.heads - {event.head} | {event.commit}
            return change(before, head=event.commit, heads=heads) if before.head == event.head else before
        case PullOpened() | PullRejected():
            return _with_pull(before, event)
        case TaskFolded():
            return change(before, folded=event)
        case TaskDeferred():
            return change(before, state="deferred", deferral=event)
        case TaskLanded():
            landed = change(before, state="landed", landing=event, pull=event.pull or before.pull)
            return change(landed, head=before.head or event.head, deferral=None, rejection=None)
        case AttemptStarted() | AttemptEnded():
            return _with_attempt(before, event)
        case CancelAsked():
            return change(before, cancelled=True)
        case RetryAsked():
            last = before.attempts[-1].number if before.attempts else 0
            return change(before, cancelled=False, retried_after=last, retry_pending=True, fresh=event.fresh)
        case RollbackProposed() | TaskRolledBack():
            return _rolled_back(before, event)
        case _:
            return before


def _is_of(rejection: PullRejected | None, head: Oid) -> bool:
    return rejection is not None and rejection.head == head


def _rolled_back(before: Progress, event: RollbackProposed | TaskRolledBack) -> Progress:
    known = msgspec.structs.replace(before, rollbacks=(*before.rollbacks, event))
    if isinstance(event, RollbackProposed):
        return known
    if (before.landing.head if before.landing else before.head) != event.head:
        return known  # other work was submitted since, and may have landed
    branches = {before.landing.branch} if before.landing else set[str]()
    return msgspec.structs.replace(
        known,
        state="rolled-back",
        landing=None,
        folded=None,
        deferral=None,
        pull=None,
        rolled_back_branches=before.rolled_back_branches | branches,
        rolled_back_after=before.attempt.number if before.attempt else 0,
    )


def _with_pull(before: Progress, event: PullOpened | PullRejected) -> Progress:
    rejection = event if isinstance(event, PullRejected) else None
    by_people = rejection is not None or (isinstance(event, PullOpened) and event.adopted)
    wanted = before.opened_by_people | ({event.pull} if by_people else set())
    return msgspec.structs.replace(before, pull=event.pull, rejection=rejection, opened_by_people=wanted)


def _with_attempt(before: Progress, event: AttemptStarted | AttemptEnded) -> Progress:
    starts = isinstance(event, AttemptStarted)
    known = {attempt.number: attempt for attempt in before.attempts}
    attempt = known.get(event.attempt, Attempt(number=event.attempt))
    known[event.attempt] = msgspec.structs.replace(attempt, **{"started" if starts else "ended": event})
    attempts = tuple(known[number] for number in sorted(known))
    if not starts:
        return msgspec.structs.replace(before, attempts=attempts)
    return msgspec.structs.replace(before, attempts=attempts, retry_pending=False, fresh=False)
