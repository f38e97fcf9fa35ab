"""The documents of `check-conflicts`: a report with named pairs, and what was asked beside it."""

from typing import Any, NotRequired, TypedDict

import msgspec

from gitcoord.conflicts.model import ConflictReport, PairReport
from gitcoord.git.git_cli import Oid
from gitcoord.tasks.model import TaskId
from gitcoord.worker.worktree_snapshots import WorktreeSnapshot


class CheckFailed(msgspec.Struct, frozen=True, kw_only=True, rename={"others": "with"}):
    """A task that the check fails with: alone, together with others, or one commit of its own."""

    task: TaskId
    others: tuple[TaskId, ...]
    commits: tuple[Oid, ...]
    alone: bool
    reason: str
    output: str


class CheckUnclear(TypedDict):
    """A task that the check says nothing of."""

    task: TaskId
    reason: str


class CheckDocument(TypedDict):
    """What the check says of the combinations of a level."""

    command: str
    passed: list[TaskId]
    failing: list[CheckFailed]
    unclear: list[CheckUnclear]
    base: str


class BranchNow(TypedDict):
    """A branch whose state or tip is another than before."""

    task: TaskId
    state: str
    commit: Oid | None


class OtherwiseWaves(TypedDict):
    """Waves and landing order without the questions that were asked."""

    waves: list[list[TaskId]]
    landing_order: list[TaskId]


def _members(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """The fields of a struct and their types."""
    return {field.encode_name: field.type for field in msgspec.structs.fields(struct)}


PairDocument = msgspec.defstruct("PairDocument", list(_members(PairReport).items()), kw_only=True)
"""A pair with the names of its fields: in memory it is a row without them."""
PairDocument.__doc__ = "Two branches that overlap, or that do not merge."

_PAIRS: Any = list[PairDocument]  # type: ignore[valid-type]
_MAKE: Any = TypedDict
"""For documents whose keys are those of a struct and more."""

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
ConflictsChange.__doc__ = "What is another one than in the line before."
