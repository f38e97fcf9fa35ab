"""Notices of a run: what it starts, what holds it up, what it restores and removes."""

from typing import Literal

from gitcoord.error_codes import ErrorCode
from gitcoord.notice import Notice


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
