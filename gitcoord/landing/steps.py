"""The steps of landing: each is one action that `decide` chooses and that is then performed."""

import msgspec

from gitcoord.forge.pull_requests import Pull, Way
from gitcoord.git.git_cli import Oid
from gitcoord.landing.model import Carrier
from gitcoord.landing.proof import CheckFailure
from gitcoord.tasks.model import TaskId


class RecordRollback(msgspec.Struct, frozen=True, kw_only=True):
    """Git or the forge shows that tasks were rolled back; the journal does not know yet."""

    tasks: tuple[TaskId, ...]


class RecordLanding(msgspec.Struct, frozen=True, kw_only=True):
    """Git shows that the tasks are in the base; the journal does not know yet."""

    tasks: tuple[TaskId, ...]


class RecordRejections(msgspec.Struct, frozen=True, kw_only=True):
    """People closed or moved the pull requests of tasks; the journal does not know yet."""

    tasks: tuple[TaskId, ...]


class Retarget(msgspec.Struct, frozen=True, kw_only=True):
    """Move the pull requests of tasks to the base: what they go onto has landed."""

    pulls: tuple[tuple[TaskId, Pull], ...]


class Adopt(msgspec.Struct, frozen=True, kw_only=True):
    """Record the tips of branches as the work of their tasks: made by hand, or pushed after handing in."""

    tasks: tuple[TaskId, ...]


class Fold(msgspec.Struct, frozen=True, kw_only=True):
    """Fold a task into the level branch."""

    task: TaskId


class Rebuild(msgspec.Struct, frozen=True, kw_only=True):
    """Make the level branch anew on the present base, from `tasks`."""

    tasks: tuple[TaskId, ...]


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """Bring a task's branch up to date with the base."""

    task: TaskId


class Remake(msgspec.Struct, frozen=True, kw_only=True):
    """Put files that were made anew on top of a level branch, so that it is `tree`."""

    carrier: Carrier
    tree: Oid
    paths: tuple[str, ...]


class OpenPull(msgspec.Struct, frozen=True, kw_only=True):
    """Open (or adopt) the carrier's pull request, and record it."""

    carrier: Carrier


class Examine(msgspec.Struct, frozen=True, kw_only=True):
    """Look closer at a carrier."""

    carrier: Carrier


class Settle(msgspec.Struct, frozen=True, kw_only=True):
    """Wait a moment for the forge to make up its mind about a carrier, then look again."""

    carrier: Carrier


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """A carrier cannot merge for the time being, or never as it is: then it is not tried again."""

    carrier: Carrier
    reason: str
    final: bool = False


class Defer(msgspec.Struct, frozen=True, kw_only=True):
    """A task's branch does not merge any more, or came second at an `exclusive` place: to a later wave."""

    task: TaskId
    paths: tuple[str, ...]
    onto: Oid
    problem: str = ""
    exclusive: bool = False
    failure: CheckFailure | None = None
    """It merges, and the check fails on what comes of that."""


class Prove(msgspec.Struct, frozen=True, kw_only=True):
    """Check what the base would become with a carrier."""

    carrier: Carrier


class Merge(msgspec.Struct, frozen=True, kw_only=True):
    """Merge a carrier: its head is what was checked, `tree` what the base has to look like afterwards."""

    carrier: Carrier
    tree: Oid


class MergeTogether(msgspec.Struct, frozen=True, kw_only=True):
    """Merge carriers one onto the other and move the base once: to `tree`, which was checked."""

    carriers: tuple[Carrier, ...]
    tree: Oid

    @property
    def carrier(self) -> Carrier:
        """The first of them."""
        return self.carriers[0]


class HandOver(msgspec.Struct, frozen=True, kw_only=True):
    """Let the forge merge a carrier by itself, with the head that was checked."""

    carrier: Carrier
    way: Way


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing can be done now, and there is time left."""


class Finish(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing is left to do for now."""


ForgeStep = Examine | Settle | Hold | OpenPull | Merge | MergeTogether | HandOver
"""The steps that ask the forge."""


Step = (
    RecordRollback
    | RecordLanding
    | Retarget
    | RecordRejections
    | Adopt
    | Fold
    | Rebuild
    | Update
    | Remake
    | Defer
    | Prove
    | ForgeStep
    | Wait
    | Finish
)
