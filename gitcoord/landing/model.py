"""The values of landing: the world as it was observed. `steps` has what landing can do next.

Under both strategies it is a `Carrier` that lands.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from gitcoord.conflicts.rules import Rulebook, rulebook
from gitcoord.events import TaskRolledBack
from gitcoord.evidence.model import Landing
from gitcoord.forge.pull_requests import BranchPulls, Gate, Method, Pull, Way
from gitcoord.git.git_cli import Oid
from gitcoord.landing.proof import CheckOptions
from gitcoord.landing.rejections import Rejection
from gitcoord.planning.model import Strategy
from gitcoord.settings import PullRequestSettings, RuleSettings, SerializeOn
from gitcoord.tasks.model import TaskId

Standing = Literal["landed", "ready", "waiting", "deferred"]
Needs = Literal["work", "landing", "time"]
"""What brings a waiting task on: somebody who works on it, others that land first, or time alone."""
KnownPulls = Mapping[str, BranchPulls]
"""What the forge has told of each head branch."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller asked for. `wait` is in seconds; `closes_issues`: of tasks that are issues."""

    strategy: Strategy
    method: Method = "merge"
    wait: float = 0.0
    partial: bool = False
    """Single-PR: land what has been handed in without waiting for the rest of the wave."""
    all_or_nothing: bool = False
    auto: bool = False
    """Let the forge merge by itself what waits for gates, where it can."""
    serialize_on: SerializeOn = "conflict"
    ignore: tuple[str, ...] = ()
    rules: RuleSettings = RuleSettings()
    pulls: PullRequestSettings = PullRequestSettings()
    closes_issues: bool = False
    delete_branches: bool = False
    foreign_commits: Literal["warn", "hold"] = "warn"
    """Whether work that carries commits of tasks not handed in lands."""
    check: CheckOptions | None = None
    """What a tree has to pass before the base becomes it; without one, only text is proved."""

    @property
    def book(self) -> Rulebook:
        """Which paths count how."""
        return rulebook(self.rules, self.ignore)


class TaskState(msgspec.Struct, frozen=True, kw_only=True):
    """One task of the level. `head` is the commit that would land; `reason` says why it is waiting.

    `recorded` is the head that the journal knows (None: a branch made by hand), `told` the number of the
    pull request, `journaled` whether the landing that git shows is in there.
    """

    task: TaskId
    title: str
    branch: str
    wave: int
    standing: Standing
    reason: str = ""
    needs: Needs = "time"
    lacks: tuple[TaskId, ...] = ()  # what it builds on and has not landed
    head: Oid | None = None
    recorded: Oid | None = None
    told: int | None = None
    landing: Landing | None = None
    journaled: bool = False
    pull: Pull | None = None
    folded: bool = False
    stacked: bool = False
    """Its branch builds on work that landed by a squash or a rebase, and lacks the base's commit of it."""
    waits_for: tuple[TaskId, ...] = ()
    """Others of its stack that have to land before it is brought up to date."""
    rejection: Rejection | None = None
    carries: str = ""
    """Which commits it has of tasks that were not handed in, in words."""


class LevelBranch(msgspec.Struct, frozen=True, kw_only=True):
    """The level branch of the present round: each round is a branch and a pull request of its own."""

    name: str
    tip: Oid | None
    pull: Pull | None = None
    folds: tuple[TaskId, ...] = ()
    """The tasks that were folded into it, as long as the base does not contain it."""
    excess: tuple[TaskId, ...] = ()
    """Tasks of which the branch holds something that is not to land with it: deferred, or rewritten since."""
    by_hand: tuple[Oid, ...] = ()
    """Its commits that are no folds; those are never dropped."""


class LandingSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One look at everything that landing depends on. `works` are in landing order."""

    level: str
    base: str
    base_commit: Oid
    works: tuple[TaskState, ...]
    level_branch: LevelBranch | None = None
    pulls: KnownPulls = {}
    undone: tuple[TaskRolledBack, ...] = ()
    landed_heads: Mapping[Oid, Oid] = {}
    """The heads that landed, each with the base's commit that brought it; the base may lack their commits."""
    stranded: tuple[tuple[TaskId, Pull], ...] = ()
    """Open pull requests onto branches of which the base has everything."""

    def work(self, task: TaskId) -> TaskState:
        """The work of one task."""
        return next(work for work in self.works if work.task == task)


class Carrier(msgspec.Struct, frozen=True, kw_only=True):
    """What one pull request merges: a task's branch, or the level branch with the tasks folded into it."""

    branch: str
    head: Oid
    tasks: tuple[TaskId, ...]
    wave: int
    pull: Pull | None


class MergeReadiness(msgspec.Struct, frozen=True, kw_only=True):
    """A closer look at a carrier on the present base: git's merge, the forge's opinion, closed gates."""

    clean: bool
    tree: Oid = ""
    paths: tuple[str, ...] = ()
    problem: str = ""
    """Why git could not even try, such as histories that have nothing in common."""
    exclusive: bool = False
    """It merges, and `paths` are where only one task at a time may work and another one was first."""
    behind: bool = False
    """The head lacks something that it has to contain first: an earlier wave, or all of a strict base."""
    made_anew: tuple[str, ...] = ()
    """The files of what it becomes that were made anew for it."""
    remade: Oid = ""
    """The tree with them, where the head contains all of the base, and lacks but these files."""
    gates: tuple[Gate, ...] = ()
    settled: bool = True
    """False while the forge still computes, or has not seen the head yet."""
    offer: Way | None = None
    """How the forge would take the pull request over, which it has not yet."""
    handed_over: bool = False
    """Whether the forge was told to merge it by itself."""
    ended: bool = False
    """Whether the forge says that the pull request is not open any more."""
