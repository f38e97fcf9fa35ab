"""The values of evidence: landings and rollbacks."""

from collections.abc import Mapping, Sequence

import msgspec

from gitcoord.git.git_cli import Oid
from gitcoord.tasks.model import TaskId


class Landing(msgspec.Struct, frozen=True, kw_only=True):
    """A task that is in the base: `commit` is the base's commit that brought it, `head` what was landed."""

    commit: Oid
    head: Oid


class Rollback(msgspec.Struct, frozen=True, kw_only=True):
    """The base's commit `commit` took the landing of `head` back; `start` was the base before it."""

    commit: Oid
    head: Oid
    start: Oid
    recorded: bool = False


Rollbacks = Mapping[TaskId, Sequence[Rollback]]
