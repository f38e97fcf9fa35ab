"""The values of a rollback: what was asked, what was seen, and how it stands afterwards."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from gitcoord.evidence.model import Landing, Rollback
from gitcoord.forge.pull_requests import Forge, Method
from gitcoord.git.git_cli import Oid
from gitcoord.git.remote_refs import SharedRefs
from gitcoord.git.repository import Repository
from gitcoord.landing.remade import FilesMaker
from gitcoord.planning.model import Plan
from gitcoord.settings import RuleSettings
from gitcoord.state.store import Store
from gitcoord.tasks.model import TaskId


class RollbackContext(msgspec.Struct, frozen=True, kw_only=True):
    """Where and how a rollback takes place; `levels` are numbers, `wait` is in seconds."""

    repository: Repository
    shared: SharedRefs
    store: Store
    forge: Forge
    plan: Plan
    levels: tuple[int, ...]
    include_later: bool = False
    method: Method = "merge"
    merge: bool = True
    wait: float = 0.0
    rules: RuleSettings = RuleSettings()
    maker: FilesMaker | None = None
    """What makes files anew that rules keep from being merged."""


class RollbackSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One look: `wanted` are the landings to take back, `others` those that are to stay."""

    base_commit: Oid
    levels: tuple[str, ...]
    numbers: tuple[int, ...]
    wanted: Mapping[TaskId, Landing]
    others: Mapping[TaskId, Landing]
    undone: Mapping[TaskId, tuple[Rollback, ...]]
    """The rollbacks that the base holds already."""


class RolledBackTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task that is not in the base any more: `head` had landed, `commit` took it back."""

    task: TaskId
    head: Oid
    commit: Oid | None


class RollbackReport(msgspec.Struct, frozen=True, kw_only=True):
    """How a rollback stands. `reverted` holds the base's commits that it takes back, newest first.

    `state`: `done` by this run, `already` before it, `waiting` for what `reason` says, `opened` as a pull
    request that somebody else merges, `planned` by a dry run.
    """

    levels: tuple[str, ...]
    base: str
    base_commit: Oid
    state: Literal["done", "already", "waiting", "opened", "planned"]
    tasks: tuple[RolledBackTask, ...]
    reverted: tuple[Oid, ...] = ()
    tree: Oid | None = None
    branch: str | None = None
    pull: int | None = None
    url: str = ""
    reason: str = ""
