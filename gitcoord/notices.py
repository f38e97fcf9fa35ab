"""Notices: what a command tells while it is at work. Values only; `cli` turns them into sentences.

Notices are told in the order in which things happen. Two that are equal say the same thing, so that a
repetition can be left out by comparing values.
"""

from collections.abc import Callable
from typing import Literal

import msgspec

from gitcoord.error_codes import ErrorCode
from gitcoord.event import CheckOutcome
from gitcoord.events import AnyEvent


class Notice(msgspec.Struct, frozen=True, kw_only=True, tag_field="notice"):
    """Base of all notices."""


class EventsRecorded(Notice, frozen=True, kw_only=True):
    """The journal got `events`: one thing that happened, with one event for each task that it is about."""

    events: tuple[AnyEvent, ...]


class BranchMerged(Notice, frozen=True, kw_only=True):
    """The forge merged `branch` into `base` as `commit`; the events of the landing of `tasks` follow."""

    branch: str
    tasks: tuple[str, ...]
    base: str
    commit: str


class BranchHeld(Notice, frozen=True, kw_only=True):
    """`branch`, with the work of `tasks`, does not land for now, because of `reason`."""

    branch: str
    tasks: tuple[str, ...]
    reason: str


class TasksWaiting(Notice, frozen=True, kw_only=True):
    """Landing waits: the task of each pair, and what it waits for."""

    reasons: tuple[tuple[str, str], ...]


class BranchRebuilt(Notice, frozen=True, kw_only=True):
    """The level branch was made anew from `base`."""

    branch: str
    base: str


class FilesRemade(Notice, frozen=True, kw_only=True):
    """Files that are not merged were made anew on a level branch."""

    branch: str
    paths: tuple[str, ...]


class ForgeAnswered(Notice, frozen=True, kw_only=True):
    """The forge did not do what it was asked for `branch`: `message` says why. Landing goes on."""

    branch: str
    tasks: tuple[str, ...]
    message: str
    again: bool = False
    """The branch and its pull request are looked at again."""


class WindowChosen(Notice, frozen=True, kw_only=True):
    """Combinations of up to `size` branches are checked, `slots` at once.

    `each`: the base becomes each of them. `asked`: somebody said how many; else it is by the `failures` among
    the last `landings`.
    """

    size: int
    slots: int
    failures: int
    landings: int
    each: bool = False
    asked: bool = False


class CheckEnded(Notice, frozen=True, kw_only=True):
    """The check of `base` with `tasks` (none: the base itself) came out; `reason` is why it did not pass.

    Without a `base` the one task was checked as it is.
    """

    base: str
    tasks: tuple[str, ...]
    tree: str
    outcome: CheckOutcome
    reason: str = ""
    seconds: float = 0.0
    runs: int = 1


class ChecksRunning(Notice, frozen=True, kw_only=True):
    """The window of checks on `base`: which combinations run now, each told by its tasks.

    Nothing runs where `running` is empty. `passed` are the tasks of the longest combination that has passed,
    `out` those that it goes on without.
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
    """Nothing more lands: this user or this method may not merge here."""

    reason: str


class LandingFailed(Notice, frozen=True, kw_only=True):
    """Landing `level` ended with an error."""

    level: str
    code: ErrorCode
    message: str
    hint: str = ""


class RollbackOpened(Notice, frozen=True, kw_only=True):
    """Pull request `pull` carries a rollback's `branch`."""

    pull: int
    branch: str


class RollbackMerged(Notice, frozen=True, kw_only=True):
    """Pull request `pull`, which carries a rollback, was merged as `commit`."""

    pull: int
    commit: str


class RollbackWaiting(Notice, frozen=True, kw_only=True):
    """A rollback's pull request waits for `reason`."""

    reason: str


class Caution(Notice, frozen=True, kw_only=True):
    """Something beside the work itself did not succeed, and the work goes on."""

    message: str


class StartedAlthough(Notice, frozen=True, kw_only=True):
    """`unit` starts in spite of `warning`."""

    unit: str
    warning: str


class StartFailed(Notice, frozen=True, kw_only=True):
    """An attempt at `unit` could not be started."""

    unit: str
    message: str


class StartsHeld(Notice, frozen=True, kw_only=True):
    """Nothing starts before the time `until` (empty: in this run), for `reason`."""

    until: str
    reason: str


class TaskHeld(Notice, frozen=True, kw_only=True):
    """A worker waits, because attempt `attempt` at `unit` is held `by` another one.

    That one counts as lost after `lease` seconds without a heartbeat.
    """

    unit: str
    attempt: int
    by: str
    lease: float


class HandInFailed(Notice, frozen=True, kw_only=True):
    """The subtasks of `task` are done, and the task could not be handed in."""

    task: str
    code: ErrorCode
    message: str


class AttemptsEnding(Notice, frozen=True, kw_only=True):
    """`count` attempts at work are being ended."""

    count: int


class RunHindered(Notice, frozen=True, kw_only=True):
    """Nothing new is started: git, the disk or the remote failed. `lasting`: somebody has to act."""

    code: ErrorCode
    message: str
    hint: str = ""
    lasting: bool = False


class RefsPutBack(Notice, frozen=True, kw_only=True):
    """Somebody deleted refs that gitcoord keeps its state in; they are as they were again."""

    refs: tuple[str, ...]


class ConfigurationPutBack(Notice, frozen=True, kw_only=True):
    """The agent of `attempt`, whose worker was killed, changed `keys` of the configuration; they are back."""

    attempt: str
    keys: tuple[str, ...]


class RunUnhindered(Notice, frozen=True, kw_only=True):
    """What failed before succeeds again: `activity` is `fetching`, `recording` or `looking`."""

    activity: str


class BranchesDeleted(Notice, frozen=True, kw_only=True):
    """This clone's own branches of landed tasks were deleted."""

    branches: tuple[str, ...]


class LogsRemoved(Notice, frozen=True, kw_only=True):
    """The logs of `count` old attempts, of `size` bytes, were removed; `left` bytes stay."""

    count: int
    size: int
    left: int


class PlanKept(Notice, frozen=True, kw_only=True):
    """There was no plan: the one made for this run was saved."""


ClosingStep = Literal["clear-up", "record", "show"]
"""What a run does last: remove what its tasks need no more, record that it has ended, show how all stands."""


class RunEndTroubled(Notice, frozen=True, kw_only=True):
    """A closing step of a run failed. Its work is done all the same."""

    step: ClosingStep
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
    | HandInFailed
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
"""Takes each notice as soon as there is one."""
