"""The values of adoption: the request, the found heads and the excluded ones."""

import msgspec

from gitcoord.git.git_cli import Oid
from gitcoord.git.remote_refs import RefUpdate
from gitcoord.planning.adopted import AdoptedHead


class AdoptionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The heads to land on `base`.

    `label` and `author` select open pull requests; with both, only those that match both. `pulls`,
    `branches` and `worktrees` add heads. `branches` are patterns in which `*` stands for any text, slashes
    included.
    """

    pulls: tuple[int, ...] = ()
    label: str | None = None
    author: str | None = None
    branches: tuple[str, ...] = ()
    worktrees: bool = False
    base: str | None = None

    @property
    def lists_pulls(self) -> bool:
        """Whether to list the open pull requests."""
        return self.label is not None or self.author is not None

    @property
    def empty(self) -> bool:
        """Whether the request selects no head at all."""
        return not (self.pulls or self.lists_pulls or self.branches or self.worktrees)


class ExcludedHead(msgspec.Struct, frozen=True, kw_only=True):
    """A requested head that does not land, with the reason; `settled`: it has nothing left to land."""

    name: str
    reason: str
    settled: bool = False


class KnownHead(msgspec.Struct, frozen=True, kw_only=True):
    """A branch that was adopted before: whether it has landed, and the branches that it needed.

    `landings`: its recorded landings, each with the landed head and the base's commit that landed the head.
    """

    landed: bool
    needs: tuple[str, ...] = ()
    landings: tuple[tuple[Oid, Oid], ...] = ()


class Adoption(msgspec.Struct, frozen=True, kw_only=True):
    """The heads to land on `base`, which is at `base_commit`.

    `pushes`: branches of this clone that the remote lacks or has at an older commit.
    """

    base: str
    base_commit: Oid
    heads: tuple[AdoptedHead, ...]
    excluded: tuple[ExcludedHead, ...] = ()
    pushes: tuple[RefUpdate, ...] = ()
    spent: frozenset[str] = frozenset()
    """Branches that landed and are still the base of other pull requests."""
