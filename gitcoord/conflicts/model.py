"""The values of the conflict check: what goes in about each branch, and the report that comes out."""

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
    """A task's branch as it stands: `commit` is its tip (None: there is no such branch).

    `unknown` says why it cannot be told what the branch itself changed, where that is so.
    """

    task: TaskId
    branch: str
    commit: Oid | None = None
    landed: bool = False
    unknown: str = ""


class BranchReport(msgspec.Struct, frozen=True, kw_only=True):
    """A branch and what it changed since its merge base with the base.

    `base_conflicts` holds the paths in which it does not even merge with the base as that is now; it
    cannot land before its worker has settled that.
    `reason` says why the state is `unknown`.
    """

    task: TaskId
    branch: str
    commit: Oid | None
    state: BranchState
    changed_paths: tuple[str, ...] = ()
    base_conflicts: tuple[str, ...] = ()
    reason: str = ""
    scratch: tuple[str, ...] = ()
    """Files that it brings and that a rule says must not land."""
    overtaken: tuple[str, ...] = ()
    """Exclusive paths of it and of what landed there since: its worker has to bring it up to date."""


class Side(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One task's part in a conflict: the lines of the base's file that it changed, and the commits.

    `path` is the file's name in the base where one side has renamed it.

    Lines are counted from 1, both ends included; `(7, 6)` is an insertion in front of line 7. None where
    there are no lines to tell of: a new, removed, renamed or binary file.
    """

    task: TaskId
    lines: tuple[tuple[int, int], ...] = ()
    commits: tuple[Oid, ...] = ()
    path: str = ""


class PathConflict(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where two tasks conflict; `kind` as git says it: `content`, `add/add`, `modify/delete` …"""

    path: str
    kind: str
    sides: tuple[Side, Side]


class PairReport(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """Two branches that overlap, or that do not merge.

    `ignored` holds overlapping paths that an ignore pattern names; a merge that fails in such a path
    fails all the same. `case_clashes` are names that one of the two adds and that differ from the
    other's only in case or Unicode form: git merges them, other systems cannot check them out.
    `clash`: the two go into different waves.
    """

    tasks: tuple[TaskId, TaskId]
    overlap: tuple[str, ...]
    verdict: Verdict
    conflicted_paths: tuple[str, ...] = ()
    clash: bool = False
    ignored: tuple[str, ...] = ()
    only_ignored: bool = False
    """The merge fails, and only in ignored paths."""
    case_clashes: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    """What git calls the conflicts: `contents`, `modify/delete`, `file/directory` …"""
    warnings: tuple[str, ...] = ()
    reason: str = ""
    """Why the verdict is unknown."""
    fails_after: tuple[TaskId, ...] = ()
    """Those of the two after which the other one no longer merges: some fail in one order only."""
    hub: tuple[str, ...] = ()
    """Overlapping paths that many tasks touch by rule: they count only when the merge fails."""
    union: tuple[str, ...] = ()
    """Overlapping paths in which a merge keeps the lines of both sides, by rule."""
    exclusive: tuple[str, ...] = ()
    """Paths of either that one rule keeps apart, even where they merge and where the files differ."""
    decided_by: DecidedBy = ""
    """Why the two clash; empty when they do not."""
    rules: tuple[RuleMatch, ...] = ()
    """The rules that hold for the paths of this pair."""
    conflicts: tuple[PathConflict, ...] = ()
    """Each conflicted path, with what both sides did there."""
    grade: Grade = ""
    """How near two that merge come: `adjacent` hunks have at most three lines between them."""
    symbols: tuple[str, ...] = ()
    """Functions or sections that both change, as git's hunk headers name them."""
    settled_by: Literal["lines", "merge"] = "merge"
    """Whether git merged the two, or their lines lie so far apart that there is nothing to merge."""


class JointReport(msgspec.Struct, frozen=True, kw_only=True):
    """Branches that merge two by two and fail together: the last one onto the others."""

    tasks: tuple[TaskId, ...]
    conflicted_paths: tuple[str, ...]


class ProvedStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the landing order: merging the task's `head` gives `tree`.

    Empty for the steps of a wave so large that it was proved in parts.
    """

    task: TaskId
    head: Oid
    tree: Oid


class ConflictMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """Counts over pairs of ready branches; `conflict_rate` is conflicting pairs per pair."""

    pairs: int = 0
    overlapping: int = 0
    conflicting: int = 0
    conflict_rate: float = 0.0


class ConflictReport(msgspec.Struct, frozen=True, kw_only=True):
    """What the branches of one level do to each other, and the waves that follow.

    `waves` and `landing_order` hold the ready tasks only. `proof` has for each wave its steps, merged
    one on another onto the base. No order of these branches has fewer than `at_least` waves.
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
        """Whether everything that is there can land as one wave."""
        stuck = any(b.base_conflicts or b.overtaken or b.state == "unknown" for b in self.branches)
        return len(self.waves) <= 1 and not stuck
