"""The values of reclaiming: worktrees and branches, whether they are removable, and why not."""

from typing import Literal

import msgspec

from gitcoord.git.git_cli import Oid

HoldingState = Literal[
    "landed",  # its work is provably in the base: removable
    "empty",  # it never had its own work: removable once it is old
    "unproved",  # there is no proof that its work is in the base
    "reverted",  # it landed, but the base reverted all of its paths
    "busy",  # locked, in use by a process, in the middle of an operation, or with the base or submodules
    "dirty",  # removing it would lose changes, ignored files or commits
    "recent",  # it was changed too recently
    "missing",  # its directory is gone
]


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """A linked worktree with its branch, or a branch that no worktree has checked out.

    `size`: bytes on disk; `age`: seconds since its last change; `landed_as`: the base's commit that landed
    its work; `reason`: why it stays.
    """

    kind: Literal["worktree", "branch"]
    tip: Oid
    state: HoldingState
    path: str | None = None
    branch: str | None = None
    reason: str = ""
    landed_as: Oid | None = None
    contained: bool = False
    """Whether the base's history contains the tip itself, so that ancestry alone proves the landing."""
    size: int = 0
    age: float = 0.0

    @property
    def removable(self) -> bool:
        """Whether it may be removed."""
        return self.state in ("landed", "empty")

    @property
    def name(self) -> str:
        """The directory of a worktree, or the name of a branch."""
        return self.path or self.branch or ""


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """All worktrees and branches, worktrees first, compared with `base_commit`."""

    base: str
    base_commit: Oid
    holdings: tuple[Holding, ...]

    @property
    def removable(self) -> tuple[Holding, ...]:
        """The removable worktrees and branches."""
        return tuple(holding for holding in self.holdings if holding.removable)
