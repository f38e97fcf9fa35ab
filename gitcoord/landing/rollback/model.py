"""The values of a rollback: its context, a snapshot, and the report."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from gitcoord.evidence.model import Landing, Rollback
from gitcoord.forge.pull_requests import Forge, Method
from gitcoord.git.git_cli import Oid
from gitcoord.git.remote_refs import SharedRefs
from gitcoord.git.repository import Repository
from gitcoord.landing.generated_files import FilesMaker
from gitcoord.landing.rollback.unowned import UnownedChanges
from gitcoord.planning.model import Plan
from gitcoord.settings import RuleSettings
from gitcoord.state.store import Store
from gitcoord.tasks.model import TaskId


class RollbackContext(msgspec.Struct, frozen=True, kw_only=True):
    """The context and the options of a rollback; `levels` are numbers, `wait` is in seconds."""

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
    """Generates the files under `regenerate`; None: generates none."""


class RollbackSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The observed state: `wanted` are the landings to revert, `others` those that stay."""

    base_commit: Oid
    levels: tuple[str, ...]
    numbers: tuple[int, ...]
    wanted: Mapping[TaskId, Landing]
    others: Mapping[TaskId, Landing]
    undone: Mapping[TaskId, tuple[Rollback, ...]]
    """The rollbacks that the base contains already."""


class RolledBackTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task of a rollback: `head` had landed, and `commit` has reverted it, if the rollback is done."""

    task: TaskId
    head: Oid
    commit: Oid | None


class RollbackReport(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a rollback. `reverted`: the base's commits that it reverts, newest first.

    `unowned`: the reverted changes that belong to no task, so no task restores them. `unchanged`: no file
    changes, because the landings changed none or somebody had already reverted them.

    `state`: `done` by this run; `already` done before; `waiting` for `reason`; `opened` as a pull request
    that somebody else merges; `planned` by a dry run.
    """

    levels: tuple[str, ...]
    base: str
    base_commit: Oid
    state: Literal["done", "already", "waiting", "opened", "planned"]
    tasks: tuple[RolledBackTask, ...]
    reverted: tuple[Oid, ...] = ()
    unowned: tuple[UnownedChanges, ...] = ()
    unchanged: bool = False
    tree: Oid | None = None
    branch: str | None = None
    pull: int | None = None
    url: str = ""
    reason: str = ""
