"""The values of reclaiming: what there is, whether it may go, and why not."""

from typing import Literal

import msgspec

from gitcoord.git.git_cli import Oid

HoldingState = Literal[
    "landed",  # the base provably has its work: it may go
    "empty",  # it never had work of its own: it may go once it is old
    "unproved",  # nothing proves that the base has its work
    "reverted",  # it landed, and the base has put all of its paths back
    "busy",  # locked, in use by a process, or in the middle of an operation
    "dirty",  # it has something that is not committed
    "recent",  # it was touched too short a time ago
    "missing",  # its directory is gone
]


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """A linked worktree with what it has checked out, or a branch that none has checked out.

    `size` are bytes on disk, `age` the seconds since it was last touched. `landed_as` is the base's commit
    that has its work. `reason` says why it stays, in words.
    """

    kind: Literal["worktree", "branch"]
    tip: Oid
    state: HoldingState
    path: str | None = None
    branch: str | None = None
    reason: str = ""
    landed_as: Oid | None = None
    contained: bool = False
    """Whether the base has the tip itself in its history: all that ancestry alone can prove."""
    size: int = 0
    age: float = 0.0

    @property
    def removable(self) -> bool:
        """Whether it may go."""
        return self.state in ("landed", "empty")

    @property
    def name(self) -> str:
        """The directory, or the branch."""
        return self.path or self.branch or ""


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that there is, worktrees first, as of one look at `base_commit`."""

    base: str
    base_commit: Oid
    holdings: tuple[Holding, ...]

    @property
    def removable(self) -> tuple[Holding, ...]:
        """What may go."""
        return tuple(holding for holding in self.holdings if holding.removable)
