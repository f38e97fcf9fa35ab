"""The documents of `check-conflicts`: a report whose pairs are objects, and the results of its options."""

from typing import Any, NotRequired, TypedDict

import msgspec

from gitcoord.conflicts.model import ConflictReport, PairReport
from gitcoord.git.git_cli import Oid
from gitcoord.tasks.model import TaskId
from gitcoord.worker.worktree_snapshots import WorktreeSnapshot


class CheckFailed(msgspec.Struct, frozen=True, kw_only=True, rename={"others": "with"}):
    """A task with which the check fails: alone, together with others, or at one of its commits."""

    task: TaskId
    others: tuple[TaskId, ...]
    commits: tuple[Oid, ...]
    alone: bool
    reason: str
    output: str


class CheckUnclear(TypedDict):
    """A task without a result of the check."""

    task: TaskId
    reason: str


class CheckDocument(TypedDict):
    """The results of the check for the combinations of a level."""

    command: str
    passed: list[TaskId]
    failing: list[CheckFailed]
    unclear: list[CheckUnclear]
    base: str


class BranchNow(TypedDict):
    """A branch whose state or tip has changed."""

    task: TaskId
    state: str
    commit: Oid | None


class OtherwiseWaves(TypedDict):
    """The waves and the landing order without `--what-if` and `--without`."""

    waves: list[list[TaskId]]
    landing_order: list[TaskId]


def _members(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """Returns the fields of a struct and their types."""
    return {field.encode_name: field.type for field in msgspec.structs.fields(struct)}


PairDocument = msgspec.defstruct("PairDocument", list(_members(PairReport).items()), kw_only=True)
"""A pair as an object with field names: JSON of `PairReport` itself is an array without them."""
PairDocument.__doc__ = "Two branches that overlap, or that do not merge."

_PAIRS: Any = list[PairDocument]  # type: ignore[valid-type]
_MAKE: Any = TypedDict
"""For documents with the keys of a struct and additional ones."""

ConflictsDocument = _MAKE(
    "ConflictsDocument",
    {
        **_members(ConflictReport),
        "pairs": _PAIRS,
        "one_wave": bool,
        "carried": dict[TaskId, dict[TaskId, Oid]],
        "saved": bool,
        "what_if": NotRequired[str | None],
        "without": NotRequired[list[TaskId]],
        "otherwise": NotRequired[OtherwiseWaves],
        "check": NotRequired[CheckDocument],
        "worktrees": NotRequired[list[WorktreeSnapshot]],
    },
)
ConflictsDocument.__doc__ = "Which branches of a level conflict, and the waves and landing order that follow."

ConflictsChange = _MAKE(
    "ConflictsChange",
    {
        "at": str,
        "level": str,
        "base_commit": Oid,
        "branches": list[BranchNow],
        "pairs": _PAIRS,
        "gone": list[tuple[TaskId, TaskId]],
        "waves": list[list[TaskId]],
        "landing_order": list[TaskId],
        "at_least": int,
        "one_wave": bool,
    },
)
ConflictsChange.__doc__ = "The changes since the previous line."
