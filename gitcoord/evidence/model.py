"""The values of evidence: landings and rollbacks."""

from collections.abc import Mapping, Sequence

import msgspec

from gitcoord.git.git_cli import Oid
from gitcoord.tasks.model import TaskId


class Landing(msgspec.Struct, frozen=True, kw_only=True):
    """A landing: the base's commit `commit` landed the task's `head`."""

    commit: Oid
    head: Oid


class Rollback(msgspec.Struct, frozen=True, kw_only=True):
    """A rollback: the base's commit `commit` reverted the landing of `head`.

    `start` was the base before that landing. `recorded`: the journal has the rollback.
    """

    commit: Oid
    head: Oid
    start: Oid
    recorded: bool = False


Rollbacks = Mapping[TaskId, Sequence[Rollback]]
