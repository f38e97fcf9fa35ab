"""The values of the conflict check: its input for each branch, and its report."""

from typing import Literal

import msgspec

from gitcoord.conflicts.rules import RuleMatch
from gitcoord.git.git_cli import Oid
from gitcoord.settings import SerializeOn as SerializeOn
from gitcoord.tasks.model import TaskId

Grade = Literal["", "same file", "same symbol", "adjacent"]
BranchState = Literal["missing", "empty", "landed", "ready", "unknown"]
Verdict = Literal["clean", "conflict", "unknown"]
DecidedBy = Literal["", "merge", "exclusive", "serialize-on", "case-clash"]


class BranchInput(msgspec.Struct, frozen=True, kw_only=True):
    """A task's branch: `commit` is its tip (None: the branch does not exist).

    `unknown` says why the branch's own changes cannot be determined, if that is so.
    """

    task: TaskId
    branch: str
    commit: Oid | None = None
    landed: bool = False
    unknown: str = ""


class BranchReport(msgspec.Struct, frozen=True, kw_only=True):
    """A branch, and its changes since its merge base with the base.

    `base_conflicts` are the paths in which it conflicts with the present base; it cannot land before its
    worker has resolved that. `reason` says why the state is `unknown`.
    """

    task: TaskId
    branch: str
    commit: Oid | None
    state: BranchState
    changed_paths: tuple[str, ...] = ()
    base_conflicts: tuple[str, ...] = ()
    reason: str = ""
    scratch: tuple[str, ...] = ()
    """Files that it adds and that, according to a rule, must not land."""
    overtaken: tuple[str, ...] = ()
    """Exclusive paths that it and the base changed: its worker has to merge the base first."""


class Side(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One task's part in a conflict: the lines of the base's file that it changed, and the commits.

    `path` is the file's name in the base if one side has renamed it.

    `lines` are counted from 1, both ends included; `(7, 6)` is an insertion before line 7. They are empty for
    a new, removed, renamed or binary file.
    """

    task: TaskId
    lines: tuple[tuple[int, int], ...] = ()
    commits: tuple[Oid, ...] = ()
    path: str = ""


class PathConflict(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A path in which two tasks conflict; `kind` is git's term: `content`, `add/add`, `modify/delete` …"""

    path: str
    kind: str
    sides: tuple[Side, Side]


class PairReport(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """Two branches that overlap, or that do not merge.

    `ignored` are overlapping paths that match an ignore pattern; a merge can still fail in them.
    `case_clashes` are names that one of the two adds and that differ from the other's only in case or
    Unicode form: git merges them, but some systems cannot check them out. `clash`: the two go into different
    waves.
    """

    tasks: tuple[TaskId, TaskId]
    overlap: tuple[str, ...]
    verdict: Verdict
    conflicted_paths: tuple[str, ...] = ()
    clash: bool = False
    ignored: tuple[str, ...] = ()
    only_ignored: bool = False
    """The merge fails, but only in ignored paths."""
    case_clashes: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    """Git's words for the conflicts: `contents`, `modify/delete`, `file/directory` …"""
    warnings: tuple[str, ...] = ()
    reason: str = ""
    """Why the verdict is unknown."""
    fails_after: tuple[TaskId, ...] = ()
    """The tasks that make the other one fail if they land first: some pairs fail in one order only."""
    hub: tuple[str, ...] = ()
    """Overlapping paths that are hubs by rule: they count only if the merge fails."""
    union: tuple[str, ...] = ()
    """Overlapping paths in which a merge keeps the lines of both sides by rule."""
    exclusive: tuple[str, ...] = ()
    """Paths that an exclusive rule keeps apart, even if they merge or are different files."""
    decided_by: DecidedBy = ""
    """Why the two clash; empty if they do not."""
    rules: tuple[RuleMatch, ...] = ()
    """The rules for the paths of this pair."""
    conflicts: tuple[PathConflict, ...] = ()
    """Each conflicted path, with the lines and commits of both sides."""
    grade: Grade = ""
    """How close the changes of two that merge are: `adjacent` hunks have at most three lines between them."""
    symbols: tuple[str, ...] = ()
    """Functions or sections that both change, by git's hunk headers."""
    settled_by: Literal["lines", "merge"] = "merge"
    """Whether git merged the two, or the distance of their lines proves that they merge."""
    regenerated: tuple[str, ...] = ()
    """Overlapping paths that a command generates, by rule."""


class JointReport(msgspec.Struct, frozen=True, kw_only=True):
    """Branches that merge in pairs but fail together: the last one onto the others."""

    tasks: tuple[TaskId, ...]
    conflicted_paths: tuple[str, ...]


class ProvedStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the landing order: merging the task's `head` gives `tree`.

    `tree` is empty in a large wave, which is proved in parts.
    """

    task: TaskId
    head: Oid
    tree: Oid


class ConflictMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """Counts over pairs of ready branches; `conflict_rate` is the share of conflicting pairs."""

    pairs: int = 0
    overlapping: int = 0
    conflicting: int = 0
    conflict_rate: float = 0.0


class ConflictReport(msgspec.Struct, frozen=True, kw_only=True):
    """The conflicts between the branches of one level, and the waves that follow.

    `waves` and `landing_order` contain only ready tasks. `proof` has the steps of each wave, merged one after
    another onto the base. No order of these branches has fewer than `at_least` waves.
    """

    level: str
    base: str
    base_commit: Oid
    serialize_on: SerializeOn
    branches: tuple[BranchReport, ...]
    pairs: tuple[PairReport, ...] = ()
    joint: tuple[JointReport, ...] = ()
    waves: tuple[tuple[TaskId, ...], ...] = ()
    landing_order: tuple[TaskId, ...] = ()
    proof: tuple[tuple[ProvedStep, ...], ...] = ()
    at_least: int = 0
    metrics: ConflictMetrics = ConflictMetrics()

    def one_wave(self) -> bool:
        """Whether all branches can land as one wave."""
        stuck = any(b.base_conflicts or b.overtaken or b.state == "unknown" for b in self.branches)
        return len(self.waves) <= 1 and not stuck
