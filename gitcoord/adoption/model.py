"""The values of adoption: what is asked for, what was found, and what is left out."""

import msgspec

from gitcoord.git.git_cli import Oid
from gitcoord.git.remote_refs import RefUpdate
from gitcoord.planning.adopted import AdoptedHead


class AdoptionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Which heads are to land. `label` and `author` narrow each other down, all else adds to the heads.

    `branches` are patterns in which `*` stands for any text, slashes included.
    """

    pulls: tuple[int, ...] = ()
    label: str | None = None
    author: str | None = None
    branches: tuple[str, ...] = ()
    worktrees: bool = False
    base: str | None = None

    @property
    def lists_pulls(self) -> bool:
        """Whether the open pull requests have to be gone through."""
        return self.label is not None or self.author is not None

    @property
    def empty(self) -> bool:
        """Whether it names nothing at all."""
        return not (self.pulls or self.lists_pulls or self.branches or self.worktrees)


class ExcludedHead(msgspec.Struct, frozen=True, kw_only=True):
    """A head that was asked for and does not land, with the reason; `settled`: nothing is left to land."""

    name: str
    reason: str
    settled: bool = False


class KnownHead(msgspec.Struct, frozen=True, kw_only=True):
    """A branch that was adopted before: whether it has landed, and the branches that it needed.

    `landings` are those that were recorded: the head that went in, and the base's commit that holds it.
    """

    landed: bool
    needs: tuple[str, ...] = ()
    landings: tuple[tuple[Oid, Oid], ...] = ()


class Adoption(msgspec.Struct, frozen=True, kw_only=True):
    """The heads to land on `base`, which is at `base_commit`.

    `pushes` bring branches of this clone to the remote that it has older or not at all.
    """

    base: str
    base_commit: Oid
    heads: tuple[AdoptedHead, ...]
    excluded: tuple[ExcludedHead, ...] = ()
    pushes: tuple[RefUpdate, ...] = ()
    spent: frozenset[str] = frozenset()
    """Branches of heads that have landed, and that pull requests of other heads still go onto."""
