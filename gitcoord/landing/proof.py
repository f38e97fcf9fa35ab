"""The values of checking a combination before the base moves to it."""

from collections.abc import Callable
from typing import Literal

import msgspec

from gitcoord.checks.model import CheckCommand, CheckResult
from gitcoord.conflicts.rules import Rulebook
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.stacks import Stacks
from gitcoord.landing.generated_files import FilesMaker, with_generated_files
from gitcoord.settings import Prove
from gitcoord.state.store import Store
from gitcoord.tasks.model import TaskId

ResultOf = Callable[[Oid], CheckResult | None]
"""Returns the result of a tree's check, if there is one."""


class CheckOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The check that work must pass to land, and how to search for the work that passes.

    `window`: how many branches to check ahead (None: computed from recent failures). `flaky`: the maximum
    number of repetitions of a failed check before blaming a task. With `allow_red_base`, if the base itself
    fails, work that fails in the same way may land. `prove`: whether the base's tree after each pull request
    must pass, or only that after the last of several.
    """

    command: CheckCommand
    window: int | None = None
    flaky: int = 1
    allow_red_base: bool = False
    prove: Prove = "each"
    status: str = ""
    """The name of the commit status for the result of a combination (empty: none)."""


class CheckFailure(msgspec.Struct, frozen=True, kw_only=True):
    """Why a task does not land: the check fails on `tree`, with the task and `others` on the base.

    `alone`: its own branch fails by itself. `complete` is False if more than `others` is needed for the
    failure, and the search could not find the rest.
    """

    command: CheckCommand
    tree: Oid
    reason: str
    output: str = ""
    others: tuple[TaskId, ...] = ()
    commits: tuple[Oid, ...] = ()
    """Commits of the base that belong to no task and are needed for the failure, too."""
    alone: bool = False
    complete: bool = True


class CheckContext(msgspec.Struct, frozen=True, kw_only=True):
    """The context of checks: the base at `base_commit`, the journal, and the generation of files."""

    git: Git
    store: Store
    stacks: Stacks
    base: str
    base_commit: Oid
    book: Rulebook = Rulebook()
    maker: FilesMaker | None = None

    def regenerate(self, tree: Oid) -> Oid | None:
        """Returns the tree with its generated files updated; None if they cannot be generated."""
        made = with_generated_files(self.git, self.maker, self.book, self.base_commit, tree)
        return None if made.problem else made.tree


class TaskHead(msgspec.Struct, frozen=True, kw_only=True):
    """A task and its commit that would land."""

    task: TaskId
    head: Oid


class FailingTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task whose check fails, and why."""

    task: TaskId
    failure: CheckFailure


class LevelProof(msgspec.Struct, frozen=True, kw_only=True):
    """The tasks that may land together, those that fail, and those without a clear result, with the reason.

    `base`: why no task has a verdict, if the base itself fails or is unclear.
    """

    passed: tuple[TaskId, ...] = ()
    failing: tuple[FailingTask, ...] = ()
    unclear: tuple[tuple[TaskId, str], ...] = ()
    base: str = ""


class CombinationProof(msgspec.Struct, frozen=True, kw_only=True):
    """The result of checking a carrier's combination.

    `state`: `passed`: it may land as `tree` (empty: it cannot merge yet); `failed`: the tasks of `failing`
    cannot land; `held`: there is no verdict now, for `reason`; `stopped`: there is no verdict because of the
    base, for `reason`. The passed combination consists of `works`, in this order; the base may move to each
    of its `trees`. At least the last of them was checked. `failing` of a passed combination: later tasks that
    fail alone.
    """

    state: Literal["passed", "failed", "held", "stopped"]
    tree: Oid = ""
    works: tuple[TaskHead, ...] = ()
    trees: tuple[Oid, ...] = ()
    failing: tuple[FailingTask, ...] = ()
    reason: str = ""
