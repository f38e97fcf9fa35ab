"""Bringing every branch onto the base as it is now, in memory: the question that landing asks.

A merge depends on three trees alone where there is one merge base. So the commits that are merged are
synthetic, one deep: a branch on top of its own merge base. No history is walked, and yet the merge is the
real one; where a branch and the base made the same change, git sees two changes and not none.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from gitcoord.conflicts.fork_points import Fork
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.merge_tree import merge_trees, trees_of
from gitcoord.git.object_writer import Writer

_LATE = 2**31 - 1
"""A date later than any parent's, and always the same, so that equal commits have equal ids."""
UNRELATED = "it has no commit in common with the base"


class RebasedBranch(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A branch on the base: `tree` is what the base would hold if only this branch landed.

    No tree when it does not merge with the base; `paths` then says where, or `problem` why git could
    not try.
    """

    tree: Oid = ""
    paths: tuple[str, ...] = ()
    problem: str = ""

    @property
    def lands(self) -> bool:
        """Whether it merges with the base."""
        return bool(self.tree)


class Trees(dict[Oid, Oid]):
    """The tree of every commit, asked for in bulk where it is known which will be needed."""

    def __init__(self, git: Git) -> None:
        super().__init__()
        self._git = git

    def prepare(self, commits: Iterable[Oid]) -> None:
        """Asks for all of them at once."""
        missing = set(commits) - self.keys()
        if missing:
            self.update(trees_of(self._git, missing))

    def __missing__(self, commit: Oid) -> Oid:
        self.prepare([commit])
        return self[commit]


class MergeSequence(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What came of merging one after another: the tree of each step that merged, why the next one did not."""

    trees: tuple[Oid, ...]
    paths: tuple[str, ...] = ()
    problem: str = ""


class MergeContext:
    """Writes the commits that are merged, into a quarantine.

    `gone` are the tips that were brought onto the base in an earlier quarantine, which took the trees along.
    `plain` says of paths whether they are merged as plain text. `known` is what came of orders of merges, by
    their digests, and `used` what was asked for of it.
    """

    def __init__(self, git: Git, base: Oid, forks: Mapping[Oid, Fork]) -> None:
        self.git = git
        self.plain: dict[str, bool] = {}
        self.known: Mapping[str, MergeSequence] = {}
        self.used: dict[str, MergeSequence] = {}
        self.base = base
        self.forks = forks
        self.writer = Writer(git, base)
        self.trees = Trees(git)
        self.gone: set[Oid] = set()

    def lone(self, tip: Oid) -> bool:
        """Whether the base and `tip` have one merge base, so that trees say everything about merging them."""
        return len(self.forks[tip].merge_bases) == 1

    def above(self, tree: Oid, merge_base: Oid) -> Oid:
        """A commit of `tree` whose only parent is a commit of the merge base's tree."""
        return self.writer.commit(tree, [self.writer.commit(self.trees[merge_base])])

    def onto(self, tree: Oid, tip: Oid) -> tuple[Oid, Oid]:
        """The merge of `tip` into a base that has come to hold `tree` and shares no more history with it."""
        [merge_base] = self.forks[tip].merge_bases
        return self.above(tree, merge_base), self.above(self.trees[tip], merge_base)

    def next_merge(self, tree: Oid, before: Sequence[Oid], tip: Oid) -> tuple[Oid, Oid]:
        """The merge of `tip` into the base after `before` have landed and made it `tree`."""
        if self.lone(tip) and self.forks[tip].kin.isdisjoint(before) and tip not in before:
            return self.onto(tree, tip)
        parents = self.forks[tip].parents
        return self.landed(tree, *before, *parents) if before or parents else self.base, tip

    def landed(self, tree: Oid, *heads: Oid) -> Oid:
        """What the base would be after `heads` landed, with the history that it would have."""
        return self.writer.commit(tree, [self.base, *heads], when=_LATE)

    def alone(self, tip: Oid, brought: RebasedBranch, other: Oid | None = None) -> Oid:
        """What the base would be if only `tip` landed, which merges with it; to merge `other` with."""
        parents = self.forks[other].parents if other else ()
        ahead = self.forks[tip].merge_bases == (self.base,) and not parents
        return tip if ahead else self.landed(brought.tree, tip, *parents)

    def bring_back(self, tips: Iterable[Oid]) -> None:
        """Makes sure that the trees of `tips` on the base are there."""
        wanted = self.gone.intersection(tips)
        self.gone -= wanted
        if wanted:
            bring_onto(self, wanted)


def bring_onto(bench: MergeContext, tips: Collection[Oid] | None = None) -> dict[Oid, RebasedBranch]:
    """Every tip that the base lacks, or those of `tips`, brought onto it."""
    brought: dict[Oid, RebasedBranch] = {}
    behind: dict[Oid, tuple[Oid, Oid]] = {}
    wanted = {tip: bench.forks[tip] for tip in (bench.forks if tips is None else tips)}
    bench.trees.prepare({bench.base, *wanted, *(m for fork in wanted.values() for m in fork.merge_bases)})
    for tip, fork in wanted.items():
        if fork.inside:
            continue
        if fork.merge_bases == (bench.base,):
            brought[tip] = RebasedBranch(tree=bench.trees[tip])
        elif not fork.merge_bases:
            brought[tip] = RebasedBranch(problem=UNRELATED)
        elif bench.lone(tip):
            behind[tip] = bench.onto(bench.trees[bench.base], tip)
        else:
            behind[tip] = bench.next_merge(bench.trees[bench.base], (), tip)
    for (tip, asked), merge in zip(
        behind.items(), merge_trees(bench.git, list(behind.values())), strict=True
    ):
        if merge.clean:
            brought[tip] = RebasedBranch(tree=merge.tree)
        else:
            brought[tip] = RebasedBranch(paths=plain_paths(merge.paths, asked), problem=merge.problem)
    return brought


def plain_paths(paths: Sequence[str], merged: tuple[Oid, Oid]) -> tuple[str, ...]:
    """Paths as the branches know them: git marks a file that is in a directory's way with a commit's id."""
    plain: dict[str, None] = {}
    for path in paths:
        stem, tilde, mark = path.rpartition("~")
        plain[stem if tilde and mark.startswith(merged) else path] = None
    return tuple(plain)
