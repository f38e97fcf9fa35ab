"""The values of an observed landing; `steps` has the possible next steps. Landing merges `Carrier` values."""

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
"""The need of a waiting task: somebody's work, the landing of other tasks, or only time."""
KnownPulls = Mapping[str, BranchPulls]
"""The pull requests of each head branch, from the forge."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a landing. `wait` is in seconds; `closes_issues`: landing a task closes its issue."""

    strategy: Strategy
    method: Method = "merge"
    wait: float = 0.0
    partial: bool = False
    """Single-PR: land the submitted tasks without waiting for the rest of the wave."""
    all_or_nothing: bool = False
    auto: bool = False
    """Enable auto-merge for pull requests that wait for checks or reviews."""
    serialize_on: SerializeOn = "conflict"
    ignore: tuple[str, ...] = ()
    rules: RuleSettings = RuleSettings()
    pulls: PullRequestSettings = PullRequestSettings()
    closes_issues: bool = False
    delete_branches: bool = False
    foreign_commits: Literal["warn", "hold"] = "warn"
    """`warn`: work with commits of unsubmitted tasks lands, with a warning; `hold`: it is held."""
    check: CheckOptions | None = None
    """The check that a tree must pass before the base moves to it; None: only git's merge counts."""

    @property
    def book(self) -> Rulebook:
        """The rules for paths."""
        return rulebook(self.rules, self.ignore)


class TaskState(msgspec.Struct, frozen=True, kw_only=True):
    """One task of the level. `head` is the commit that would land; `reason` says why the task waits.

    From the journal: `recorded`, the submitted head (None: nothing was submitted); `recorded_pull`, the
    number of the pull request; `journaled`, whether the landing is recorded (also True if gitcoord must not
    write the record).
    """

    task: TaskId
    title: str
    branch: str
    wave: int
    standing: Standing
    reason: str = ""
    needs: Needs = "time"
    lacks: tuple[TaskId, ...] = ()  # the tasks that it builds on and that have not landed
    head: Oid | None = None
    recorded: Oid | None = None
    recorded_pull: int | None = None
    landing: Landing | None = None
    journaled: bool = False
    pull: Pull | None = None
    folded: bool = False
    held: bool = False
    """It waits only because another repository is not ready."""
    stacked: bool = False
    """Its branch is on top of work that landed by squash or rebase, and lacks the landing's commit."""
    waits_for: tuple[TaskId, ...] = ()
    """Others of its stack that must land before it is updated."""
    rejection: Rejection | None = None
    carries: str = ""
    """A message about commits of unsubmitted tasks in the head."""


class LevelBranch(msgspec.Struct, frozen=True, kw_only=True):
    """The level branch of the current round: each round has its own branch and pull request."""

    name: str
    tip: Oid | None
    pull: Pull | None = None
    folds: tuple[TaskId, ...] = ()
    """The tasks whose folds it contains and the base does not."""
    excess: tuple[TaskId, ...] = ()
    """Tasks with commits in the branch that must not land with it: deferred, or rewritten since."""
    by_hand: tuple[Oid, ...] = ()
    """Its commits that people made; gitcoord never drops them."""


class LandingSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The observed state of everything that landing depends on. `works` are in landing order."""

    level: str
    base: str
    base_commit: Oid
    works: tuple[TaskState, ...]
    level_branch: LevelBranch | None = None
    pulls: KnownPulls = {}
    undone: tuple[TaskRolledBack, ...] = ()
    landed_heads: Mapping[Oid, Oid] = {}
    """The landed heads, each with the base's commit that landed it; the base may lack the head's commits."""
    stranded: tuple[tuple[TaskId, Pull], ...] = ()
    """Open pull requests onto branches that have landed."""

    def work(self, task: TaskId) -> TaskState:
        """Returns the work of one task."""
        return next(work for work in self.works if work.task == task)


class Carrier(msgspec.Struct, frozen=True, kw_only=True):
    """The branch that one pull request merges: a task's branch, or the level branch with its tasks."""

    branch: str
    head: Oid
    tasks: tuple[TaskId, ...]
    wave: int
    pull: Pull | None


class MergeReadiness(msgspec.Struct, frozen=True, kw_only=True):
    """The examination of a carrier on the current base: git's merge, the forge's state, closed gates."""

    clean: bool
    tree: Oid = ""
    paths: tuple[str, ...] = ()
    problem: str = ""
    """Why git could not merge at all, such as unrelated histories."""
    exclusive: bool = False
    """It merges, but another task changed the exclusive `paths` first."""
    behind: bool = False
    """The branch must be updated first: it lacks an earlier wave, the landing of a parent, all of a strict
    base or generated files, or the forge would merge it differently.
    """
    made_anew: tuple[str, ...] = ()
    """The files that were generated again for the merged tree."""
    generated: Oid = ""
    """The tree with these files, if the head contains all of the base and lacks only them."""
    gates: tuple[Gate, ...] = ()
    settled: bool = True
    """False while the forge computes mergeability or lacks the head, and if the pull request is closed."""
    offer: Way | None = None
    """How the forge could merge the pull request itself; None if it cannot, or already will."""
    handed_over: bool = False
    """Whether the forge will merge it automatically."""
    ended: bool = False
    """Whether the pull request is no longer open, or has another base."""
