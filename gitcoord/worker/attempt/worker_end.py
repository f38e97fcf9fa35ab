"""How a worker ended, for its caller; and the file that tells a run why a worker never began."""

from pathlib import Path

import msgspec

from gitcoord.tasks.model import TaskId
from gitcoord.worker.attempt.request import WorkerOrder
from gitcoord.worker.unit import WorkUnit


class WorkerEnd(msgspec.Struct, frozen=True, kw_only=True):
    """How a worker ended. `outcome` is empty if it claimed nothing; `reason` says why.

    `again_at` is the time at which the closed account opens again.
    """

    task: TaskId
    attempt: int | None
    outcome: str
    code: int
    reason: str = ""
    again_at: str = ""
    branch: str = ""
    head: str = ""
    directory: str = ""
    log: str = ""


def not_begun(unit: WorkUnit, order: WorkerOrder, reason: str, code: int, *, again_at: str = "") -> WorkerEnd:
    """Makes the result for a worker that claimed nothing."""
    return WorkerEnd(
        task=unit.id,
        attempt=order.attempt,
        outcome="",
        code=code,
        reason=reason,
        again_at=again_at,
        branch=unit.branch,
    )


_NOT_BEGUN = "not-begun.json"


def note_not_begun(place: Path, done: WorkerEnd) -> None:
    """Writes to the attempt's directory `place` why its worker did not begin."""
    if place.is_dir():
        (place / _NOT_BEGUN).write_bytes(msgspec.json.encode(done))


def noted_not_begun(place: Path) -> WorkerEnd | None:
    """Reads why the worker of the attempt at `place` did not begin; None if nothing was written about it."""
    try:
        return msgspec.json.decode((place / _NOT_BEGUN).read_bytes(), type=WorkerEnd)
    except (OSError, msgspec.DecodeError):
        return None
