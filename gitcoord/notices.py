"""Notices: the messages of a running command. Values only; `cli` turns them into sentences.

Notices are sent in the order of events. Two equal notices say the same thing, so a reader can drop
repetitions by comparing values.
"""

from collections.abc import Callable

from gitcoord.error_codes import ErrorCode
from gitcoord.event import CheckOutcome
from gitcoord.events import AnyEvent
from gitcoord.notice import Notice as Notice
from gitcoord.run_notices import AttemptsEnding as AttemptsEnding
from gitcoord.run_notices import BranchesDeleted as BranchesDeleted
from gitcoord.run_notices import ClosingStep as ClosingStep
from gitcoord.run_notices import ConfigurationPutBack as ConfigurationPutBack
from gitcoord.run_notices import LogsRemoved as LogsRemoved
from gitcoord.run_notices import PlanKept as PlanKept
from gitcoord.run_notices import RefsPutBack as RefsPutBack
from gitcoord.run_notices import RunEndTroubled as RunEndTroubled
from gitcoord.run_notices import RunHindered as RunHindered
from gitcoord.run_notices import RunUnhindered as RunUnhindered
from gitcoord.run_notices import StartedAlthough as StartedAlthough
from gitcoord.run_notices import StartFailed as StartFailed
from gitcoord.run_notices import StartsHeld as StartsHeld
from gitcoord.run_notices import SubmissionFailed as SubmissionFailed
from gitcoord.run_notices import TaskHeld as TaskHeld


class EventsRecorded(Notice, frozen=True, kw_only=True):
    """`events` were added to the journal: one change, with one event for each task concerned."""

    events: tuple[AnyEvent, ...]


class BranchMerged(Notice, frozen=True, kw_only=True):
    """The forge merged `branch` into `base` as `commit`; the events of the landing of `tasks` follow."""

    branch: str
    tasks: tuple[str, ...]
    base: str
    commit: str


class BranchHeld(Notice, frozen=True, kw_only=True):
    """`branch`, with the work of `tasks`, does not land now, because of `reason`."""

    branch: str
    tasks: tuple[str, ...]
    reason: str


class TasksWaiting(Notice, frozen=True, kw_only=True):
    """Landing waits. `reasons`: pairs of a task and the reason why it waits."""

    reasons: tuple[tuple[str, str], ...]


class BranchRebuilt(Notice, frozen=True, kw_only=True):
    """The level branch was rebuilt from `base`."""

    branch: str
    base: str


class FilesRemade(Notice, frozen=True, kw_only=True):
    """Files that are not merged were generated again on a level branch."""

    branch: str
    paths: tuple[str, ...]


class ForgeAnswered(Notice, frozen=True, kw_only=True):
    """The forge did not do a request for `branch`: `message` says why. The landing continues."""

    branch: str
    tasks: tuple[str, ...]
    message: str
    again: bool = False
    """Whether the landing examines the branch and its pull request again."""


class WindowChosen(Notice, frozen=True, kw_only=True):
    """Combinations of up to `size` branches are checked, `slots` at once.

    `each`: the base moves to each of them. `requested`: the user set the size; else it comes from the
    `failures` among the last `landings`.
    """

    size: int
    slots: int
    failures: int
    landings: int
    each: bool = False
    requested: bool = False


class CheckEnded(Notice, frozen=True, kw_only=True):
    """The check of `base` with `tasks` (none: the base itself) ended; `reason`: why it did not pass.

    Without a `base`, one task was checked by itself.
    """

    base: str
    tasks: tuple[str, ...]
    tree: str
    outcome: CheckOutcome
    reason: str = ""
    seconds: float = 0.0
    runs: int = 1


class ChecksRunning(Notice, frozen=True, kw_only=True):
    """The checks on `base` that run now: `running` has the tasks of each combination (empty: none runs).

    `passed` are the tasks of the longest combination that has passed, `out` those that the search left out.
    """

    base: str
    passed: tuple[str, ...] = ()
    running: tuple[tuple[str, ...], ...] = ()
    out: tuple[str, ...] = ()


class ChecksHeld(Notice, frozen=True, kw_only=True):
    """No check starts before the time `until`: `most` have started within an hour."""

    most: int
    until: str


class LandingStopped(Notice, frozen=True, kw_only=True):
    """The landing stops: this user may not merge here, or not with this method."""

    reason: str


class LandingFailed(Notice, frozen=True, kw_only=True):
    """Landing `level` ended with an error."""

    level: str
    code: ErrorCode
    message: str
    hint: str = ""


class RollbackOpened(Notice, frozen=True, kw_only=True):
    """Pull request `pull` was opened for a rollback's `branch`."""

    pull: int
    branch: str


class RollbackMerged(Notice, frozen=True, kw_only=True):
    """A rollback's pull request `pull` was merged as `commit`."""

    pull: int
    commit: str


class RollbackWaiting(Notice, frozen=True, kw_only=True):
    """A rollback's pull request waits for `reason`."""

    reason: str


class Caution(Notice, frozen=True, kw_only=True):
    """A side task failed; the work continues."""

    message: str


AnyNotice = (
    EventsRecorded
    | BranchMerged
    | BranchHeld
    | TasksWaiting
    | BranchRebuilt
    | FilesRemade
    | ForgeAnswered
    | WindowChosen
    | CheckEnded
    | ChecksRunning
    | ChecksHeld
    | LandingStopped
    | LandingFailed
    | RollbackOpened
    | RollbackMerged
    | RollbackWaiting
    | Caution
    | StartedAlthough
    | StartFailed
    | StartsHeld
    | TaskHeld
    | SubmissionFailed
    | AttemptsEnding
    | RunHindered
    | RefsPutBack
    | ConfigurationPutBack
    | RunUnhindered
    | BranchesDeleted
    | LogsRemoved
    | PlanKept
    | RunEndTroubled
)

Tell = Callable[[AnyNotice], None]
"""Receives each notice as soon as it exists."""
