"""The steps of landing: each is one action that `decide` chooses and that is then performed."""

import msgspec

from gitcoord.forge.pull_requests import Pull, Way
from gitcoord.git.git_cli import Oid
from gitcoord.landing.model import Carrier
from gitcoord.landing.proof import CheckFailure
from gitcoord.tasks.model import TaskId


class RecordRollback(msgspec.Struct, frozen=True, kw_only=True):
    """Record rollbacks that git or the forge shows and the journal does not have yet."""

    tasks: tuple[TaskId, ...]


class RecordLanding(msgspec.Struct, frozen=True, kw_only=True):
    """Record landings that git shows and the journal does not have yet."""

    tasks: tuple[TaskId, ...]


class RecordRejections(msgspec.Struct, frozen=True, kw_only=True):
    """Record that people closed pull requests or changed their base."""

    tasks: tuple[TaskId, ...]


class Retarget(msgspec.Struct, frozen=True, kw_only=True):
    """Change the base of pull requests whose base branch has landed."""

    pulls: tuple[tuple[TaskId, Pull], ...]


class Adopt(msgspec.Struct, frozen=True, kw_only=True):
    """Record the tips of branches that nobody submitted, or that got more commits, as their tasks' work."""

    tasks: tuple[TaskId, ...]


class Fold(msgspec.Struct, frozen=True, kw_only=True):
    """Fold a task into the level branch."""

    task: TaskId


class Rebuild(msgspec.Struct, frozen=True, kw_only=True):
    """Rebuild the level branch on the current base, from `tasks`."""

    tasks: tuple[TaskId, ...]


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """Merge the base into a task's branch."""

    task: TaskId


class CommitGenerated(msgspec.Struct, frozen=True, kw_only=True):
    """Commit generated files on top of a level branch; its tree becomes `tree`."""

    carrier: Carrier
    tree: Oid
    paths: tuple[str, ...]


class OpenPull(msgspec.Struct, frozen=True, kw_only=True):
    """Open (or adopt) the carrier's pull request, and record it."""

    carrier: Carrier


class Examine(msgspec.Struct, frozen=True, kw_only=True):
    """Examine a carrier with git and the forge."""

    carrier: Carrier


class Settle(msgspec.Struct, frozen=True, kw_only=True):
    """Wait a moment for the forge to compute a carrier's mergeability, then examine it again."""

    carrier: Carrier


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a carrier that cannot merge now; `final`: not before its branch changes."""

    carrier: Carrier
    reason: str
    final: bool = False


class Defer(msgspec.Struct, frozen=True, kw_only=True):
    """Defer a task to a later wave: its branch conflicts, or changes paths that another task changed first.

    `exclusive`: it merges, but only one task at a time may change these paths.
    """

    task: TaskId
    paths: tuple[str, ...]
    onto: Oid
    problem: str = ""
    exclusive: bool = False
    failure: CheckFailure | None = None
    """The failed check, if the branch merges but its merged tree fails."""


class Prove(msgspec.Struct, frozen=True, kw_only=True):
    """Run the check on the base with a carrier."""

    carrier: Carrier


class Merge(msgspec.Struct, frozen=True, kw_only=True):
    """Merge a carrier at the head that was checked; `tree` is the base's expected tree afterwards."""

    carrier: Carrier
    tree: Oid


class MergeTogether(msgspec.Struct, frozen=True, kw_only=True):
    """Merge carriers one after the other and move the base only once: to `tree`, which was checked."""

    carriers: tuple[Carrier, ...]
    tree: Oid

    @property
    def carrier(self) -> Carrier:
        """The first carrier."""
        return self.carriers[0]


class HandOver(msgspec.Struct, frozen=True, kw_only=True):
    """Ask the forge to merge a carrier automatically, at the head that was checked."""

    carrier: Carrier
    way: Way


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """Wait: no step is possible now, but there is time left."""


class Finish(msgspec.Struct, frozen=True, kw_only=True):
    """Finish: there is no step left for now."""


ForgeStep = Examine | Settle | Hold | OpenPull | Merge | MergeTogether | HandOver
"""The steps on a carrier's pull request."""


Step = (
    RecordRollback
    | RecordLanding
    | Retarget
    | RecordRejections
    | Adopt
    | Fold
    | Rebuild
    | Update
    | CommitGenerated
    | Defer
    | Prove
    | ForgeStep
    | Wait
    | Finish
)
