"""The values of proving a combination before the base becomes it."""

from collections.abc import Callable
from typing import Literal

import msgspec

from gitcoord.checks.model import CheckCommand, CheckResult
from gitcoord.conflicts.rules import Rulebook
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.stacks import Stacks
from gitcoord.landing.remade import FilesMaker, remade
from gitcoord.settings import Prove
from gitcoord.state.store import Store
from gitcoord.tasks.model import TaskId

ResultOf = Callable[[Oid], CheckResult | None]
"""The result of the check of a tree, if there is one."""


class CheckOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The check that what lands has to pass, and how it is looked for.

    `window` is how many branches ahead are checked (None: by the last failures), `flaky` how often a
    failure is checked again before a task is blamed. With `allow_red_base` a base that fails itself keeps
    nothing from landing that fails in the same way. `prove` says what has to pass where pull requests land
    one after the other: each tree that the base becomes, or the last of a row that was checked as a whole.
    """

    command: CheckCommand
    window: int | None = None
    flaky: int = 1
    allow_red_base: bool = False
    prove: Prove = "each"
    status: str = ""
    """The name of the commit status that says how a combination came out (empty: none)."""


class CheckFailure(msgspec.Struct, frozen=True, kw_only=True):
    """Why a task does not land: its check fails on `tree`, together with `others`, or on the base without
    them.

    `alone`: its own branch fails. `whole` is False where it takes more than `others`, which could not be
    told.
    """

    command: CheckCommand
    tree: Oid
    reason: str
    output: str = ""
    others: tuple[TaskId, ...] = ()
    commits: tuple[Oid, ...] = ()
    """Commits of the base that belong to no task, and that it takes as well."""
    alone: bool = False
    whole: bool = True


class CheckScene(msgspec.Struct, frozen=True, kw_only=True):
    """The base that combinations are made on, at `base_commit`, and what is known of tasks."""

    git: Git
    store: Store
    stacks: Stacks
    base: str
    base_commit: Oid
    book: Rulebook = Rulebook()
    maker: FilesMaker | None = None

    def remake(self, tree: Oid) -> Oid | None:
        """The tree with files made anew that the base would not merge; None where they cannot be made."""
        made = remade(self.git, self.maker, self.book, self.base_commit, tree)
        return None if made.problem else made.tree


class TaskHead(msgspec.Struct, frozen=True, kw_only=True):
    """A task and the commit of it that would land."""

    task: TaskId
    head: Oid


class FailingTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task whose check fails, and why."""

    task: TaskId
    failure: CheckFailure


class LevelProof(msgspec.Struct, frozen=True, kw_only=True):
    """Which tasks may land together; which fail, and with whom; which have no clear result, and why.

    `base` says why nothing can be told of any.
    """

    passed: tuple[TaskId, ...] = ()
    failing: tuple[FailingTask, ...] = ()
    unclear: tuple[tuple[TaskId, str], ...] = ()
    base: str = ""


class CombinationProof(msgspec.Struct, frozen=True, kw_only=True):
    """What checking a carrier's combination brought.

    `state`: it may land as `tree`; the tasks of `failing` do not; it cannot be told now, for `reason`; or
    nothing can be told, because of the base. What passed is the combination of `works`, in this order; the
    base may become each of its `trees` on the way, the last of which was checked.
    """

    state: Literal["passed", "failed", "held", "stopped"]
    tree: Oid = ""
    works: tuple[TaskHead, ...] = ()
    trees: tuple[Oid, ...] = ()
    failing: tuple[FailingTask, ...] = ()
    reason: str = ""
