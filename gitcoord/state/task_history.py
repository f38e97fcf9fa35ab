"""Where each task stands according to the journal.

History, not truth: whether a task has landed is git's to say.
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

Stand = Literal["pending", "started", "submitted", "deferred", "landed", "rolled-back"]


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try at a task: `started` is None when its process never claimed it, `ended` while it is at work."""

    number: int
    started: AttemptStarted | None = None
    ended: AttemptEnded | None = None

    @property
    def running(self) -> bool:
        """Whether somebody is at it, as far as the journal knows."""
        return self.started is not None and self.ended is None


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """What the journal says of one task.

    `head` is the commit that was last handed in (or that gitcoord itself made of it since). `deferral`
    is set until the work is handed in again; `landing` is a claim that git has to confirm.
    """

    stand: Stand = "pending"
    started_by: str = ""
    started_at: str = ""
    began: Oid | None = None
    """The commit that the branch was at when somebody took the task, or took it anew after a rollback."""
    submitted_by: str = ""
    submitted_at: str = ""
    branch: str = ""
    head: Oid | None = None
    pull: int | None = None
    folded: TaskFolded | None = None
    deferral: TaskDeferred | None = None
    rejection: PullRejected | None = None
    """A person's no to the pull request that held `head`; new work or an open pull request ends it."""
    wanted: frozenset[int] = frozenset()
    """Pull requests that people opened by hand, or decided about before: if one is open, they want it so."""
    landing: TaskLanded | None = None
    rollbacks: tuple[RollbackProposed | TaskRolledBack, ...] = ()
    """Where a rollback may be found; it counts only if the base holds it."""
    finished: frozenset[str] = frozenset()
    """The branches that landings which were rolled back came from: they are not used again."""
    attempts: tuple[Attempt, ...] = ()
    """Every try, by number."""
    cancelled: bool = False
    """Somebody asked for its end, and nobody for another try since."""
    retried_after: int = 0
    """The number of the attempt after which a person asked for another try; earlier failures do not count."""
    again: bool = False
    """That wish is still to be met: no try has begun since, and nothing was handed in."""
    heads: frozenset[Oid] = frozenset()
    """Every head that was handed in; one that was brought up to date is part of what came of it."""
    parents: Mapping[str, Oid] = {}
    """The heads of other tasks that the branch was stacked on when it was made."""
    carries: Mapping[str, Oid] = {}
    """The commits of tasks not handed in that were in `head` when it was handed in."""
    fresh: bool = False
    """The next try is to begin from a new checkout."""
    identity: TaskIdentity | None = None
    """Which task the id was when this was recorded."""

    @property
    def begun(self) -> bool:
        """Whether somebody has worked at it, beyond wishes about it."""
        return self.stand != "pending" or bool(self.attempts)

    @property
    def attempt(self) -> Attempt | None:
        """The newest try."""
        return self.attempts[-1] if self.attempts else None


PENDING = Progress()
_NOTHING: Mapping[TaskId, Progress] = {}


def fold(events: Iterable[AnyEvent], before: Mapping[TaskId, Progress] = _NOTHING) -> dict[TaskId, Progress]:
    """The progress of every task that has events, going on from `before`; `events` oldest first."""
    tasks = dict(before)
    for event in events:
        if event.task is not None:
            task = TaskId(event.task)
            then = after(tasks.get(task, PENDING), event)
            named = event.identity or then.identity
            tasks[task] = then if named is then.identity else msgspec.structs.replace(then, identity=named)
    return tasks


def after(before: Progress, event: AnyEvent) -> Progress:
    """The progress of a task once `event` is in its journal."""
    change = msgspec.structs.replace
    match event:
        case TaskStarted():
            stand: Stand = "started" if before.stand in ("pending", "rolled-back") else before.stand
            return change(
                before,
                stand=stand,
                started_by=event.by,
                started_at=event.at,
                # Whoever goes on with it begins where the first one did.
                began=event.base if before.stand in ("pending", "rolled-back") else before.began,
                branch=event.branch,
                parents={**before.parents, **event.parents},
            )
        case TaskSubmitted():
            return change(
                before,
                stand="submitted",
                submitted_by=event.by,
                submitted_at=event.at,
                branch=event.branch,
                head=event.head,
                heads=before.heads | {event.head},
                carries=event.carries,
                deferral=None,
                rejection=before.rejection if _is_of(before.rejection, event.head) else None,
                landing=None,
                again=False,
                # What has landed has had its pull request; new work needs another.
                pull=None if before.landing else before.pull,
            )
        case BranchUpdated():
            # Work handed in meanwhile is newer than what was brought up to date.
            heads = before.heads - {event.head} | {event.commit}
            return change(before, head=event.commit, heads=heads) if before.head == event.head else before
        case PullOpened() | PullRejected():
            return _with_pull(before, event)
        case TaskFolded():
            return change(before, folded=event)
        case TaskDeferred():
            return change(before, stand="deferred", deferral=event)
        case TaskLanded():
            landed = change(before, stand="landed", landing=event, pull=event.pull or before.pull)
            return change(landed, head=before.head or event.head, deferral=None, rejection=None)
        case AttemptStarted():
            begun = _with(before, event.attempt, started=event)
            return change(before, attempts=begun, again=False, fresh=False)
        case AttemptEnded():
            return change(before, attempts=_with(before, event.attempt, ended=event))
        case CancelAsked():
            return change(before, cancelled=True)
        case RetryAsked():
            last = before.attempts[-1].number if before.attempts else 0
            return change(before, cancelled=False, retried_after=last, again=True, fresh=event.fresh)
        case _:
            return _rolled_back(before, event)


def _is_of(rejection: PullRejected | None, head: Oid) -> bool:
    return rejection is not None and rejection.head == head


def _rolled_back(before: Progress, event: AnyEvent) -> Progress:
    if not isinstance(event, RollbackProposed | TaskRolledBack):
        return before
    known = msgspec.structs.replace(before, rollbacks=(*before.rollbacks, event))
    if isinstance(event, RollbackProposed):
        return known
    if (before.landing.head if before.landing else before.head) != event.head:
        return known  # other work was handed in meanwhile, and has landed perhaps
    branches = {before.landing.branch} if before.landing else set[str]()
    return msgspec.structs.replace(
        known,
        stand="rolled-back",
        landing=None,
        folded=None,
        deferral=None,
        pull=None,
        finished=before.finished | branches,
    )


def _with_pull(before: Progress, event: PullOpened | PullRejected) -> Progress:
    rejection = event if isinstance(event, PullRejected) else None
    by_people = rejection is not None or (isinstance(event, PullOpened) and event.adopted)
    wanted = before.wanted | ({event.pull} if by_people else set())
    return msgspec.structs.replace(before, pull=event.pull, rejection=rejection, wanted=wanted)


def _with(before: Progress, number: int, **change: AttemptStarted | AttemptEnded) -> tuple[Attempt, ...]:
    known = {attempt.number: attempt for attempt in before.attempts}
    known[number] = msgspec.structs.replace(known.get(number, Attempt(number=number)), **change)
    return tuple(known[key] for key in sorted(known))
