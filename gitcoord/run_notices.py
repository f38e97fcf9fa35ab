"""Notices of a run about its starts and delays, and about the things it restores and removes."""

from typing import Literal

from gitcoord.error_codes import ErrorCode
from gitcoord.notice import Notice


class StartedAlthough(Notice, frozen=True, kw_only=True):
    """`unit` starts despite `warning`."""

    unit: str
    warning: str


class StartFailed(Notice, frozen=True, kw_only=True):
    """An attempt of `unit` could not be started."""

    unit: str
    message: str


class StartsHeld(Notice, frozen=True, kw_only=True):
    """Nothing starts before the time `until` (empty: in this run), for `reason`."""

    until: str
    reason: str


class TaskHeld(Notice, frozen=True, kw_only=True):
    """A worker waits because another worker, `by`, holds attempt `attempt` of `unit`.

    The attempt counts as lost after `lease` seconds without a heartbeat.
    """

    unit: str
    attempt: int
    by: str
    lease: float


class SubmissionFailed(Notice, frozen=True, kw_only=True):
    """The subtasks of `task` are done, but the task could not be submitted."""

    task: str
    code: ErrorCode
    message: str


class AttemptsEnding(Notice, frozen=True, kw_only=True):
    """The run is ending `count` running attempts."""

    count: int


class RunHindered(Notice, frozen=True, kw_only=True):
    """The run starts nothing new: git, the disk or the remote failed. `lasting`: a person must act."""

    code: ErrorCode
    message: str
    hint: str = ""
    lasting: bool = False


class RefsPutBack(Notice, frozen=True, kw_only=True):
    """Somebody deleted refs with gitcoord's state; they were restored."""

    refs: tuple[str, ...]


class ConfigurationPutBack(Notice, frozen=True, kw_only=True):
    """Git's configuration `keys` were restored: the agent of `attempt`, whose worker died, changed them."""

    attempt: str
    keys: tuple[str, ...]


class RunUnhindered(Notice, frozen=True, kw_only=True):
    """A failed activity succeeds again: `activity` is `fetching`, `recording` or `looking`."""

    activity: str


class BranchesDeleted(Notice, frozen=True, kw_only=True):
    """This clone's own branches of landed tasks were deleted."""

    branches: tuple[str, ...]


class LogsRemoved(Notice, frozen=True, kw_only=True):
    """The logs of `count` old attempts, of `size` bytes, were removed; `left` bytes remain."""

    count: int
    size: int
    left: int


class PlanKept(Notice, frozen=True, kw_only=True):
    """There was no plan; the run saved the one that it made."""


ClosingStep = Literal["clear-up", "record", "show"]
"""The last steps of a run: clean up after its tasks, record its end, show the final state."""


class RunEndTroubled(Notice, frozen=True, kw_only=True):
    """A closing step of a run failed; the run's work is not affected."""

    step: ClosingStep
    message: str
