"""Merges each branch onto the present base in memory, as landing does.

With a single merge base, a merge depends only on three trees. Therefore the merged commits are synthetic,
each with one parent, which has the merge base's tree. Git walks no history, and computes the same merge, even
if the branch and the base made the same change.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from gitcoord.conflicts.fork_points import Fork
from gitcoord.git.commit_facts import trees_of
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.merge_tree import merge_trees
from gitcoord.git.object_writer import Writer

_LATE = 2**31 - 1
"""A date later than any parent's; always the same, which gives equal commits equal ids."""
UNRELATED = "it has no commit in common with the base"


class RebasedBranch(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A branch merged onto the base: `tree` is the tree that the base would have if only this branch landed.

    It is empty if the branch does not merge with the base; then `paths` are those that conflict, or `problem`
    says why git failed.
    """

    tree: Oid = ""
    paths: tuple[str, ...] = ()
    problem: str = ""

    @property
    def lands(self) -> bool:
        """Whether it merges with the base."""
        return bool(self.tree)


class Trees(dict[Oid, Oid]):
    """The tree of each commit; `prepare` reads many at once."""

    def __init__(self, git: Git) -> None:
        super().__init__()
        self._git = git

    def prepare(self, commits: Iterable[Oid]) -> None:
        """Reads the trees of all commits at once."""
        missing = set(commits) - self.keys()
        if missing:
            self.update(trees_of(self._git, missing))

    def __missing__(self, commit: Oid) -> Oid:
        self.prepare([commit])
        return self[commit]


class MergeSequence(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The result of a merge sequence: the tree of each step that merged, and why the next one did not."""

    trees: tuple[Oid, ...]
    paths: tuple[str, ...] = ()
    problem: str = ""


class MergeContext:
    """Writes the commits to merge into a quarantine.

    `lost` are tips that were merged onto the base in an earlier quarantine, whose trees are gone. `plain` has
    the paths that are merged as plain text. `known` are the results of merge sequences by their digests, and
    `used` those that were looked up.
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
        self.lost: set[Oid] = set()

    def has_single_merge_base(self, tip: Oid) -> bool:
        """Whether the base and `tip` have a single merge base: trees then decide about their merge."""
        return len(self.forks[tip].merge_bases) == 1

    def above(self, tree: Oid, merge_base: Oid) -> Oid:
        """Makes a commit with `tree` whose only parent has the merge base's tree."""
        return self.writer.commit(tree, [self.writer.commit(self.trees[merge_base])])

    def onto(self, tree: Oid, tip: Oid) -> tuple[Oid, Oid]:
        """The commits to merge for `tip` into a base that now has `tree`, without more common history."""
        [merge_base] = self.forks[tip].merge_bases
        return self.above(tree, merge_base), self.above(self.trees[tip], merge_base)

    def next_merge(self, tree: Oid, before: Sequence[Oid], tip: Oid) -> tuple[Oid, Oid]:
        """The commits to merge for `tip` into the base after `before` have landed and made it `tree`."""
        if self.has_single_merge_base(tip) and self.forks[tip].kin.isdisjoint(before) and tip not in before:
            return self.onto(tree, tip)
        parents = self.forks[tip].parents
        return self.landed(tree, *before, *parents) if before or parents else self.base, tip

    def landed(self, tree: Oid, *heads: Oid) -> Oid:
        """Makes the commit that the base would be after `heads` have landed, with that history."""
        return self.writer.commit(tree, [self.base, *heads], when=_LATE)

    def alone(self, tip: Oid, rebased: RebasedBranch, other: Oid | None = None) -> Oid:
        """Returns the commit that the base would be if only `tip` landed, to merge `other` into it."""
        parents = self.forks[other].parents if other else ()
        ahead = self.forks[tip].merge_bases == (self.base,) and not parents
        return tip if ahead else self.landed(rebased.tree, tip, *parents)

    def restore_trees(self, tips: Iterable[Oid]) -> None:
        """Makes the trees of `tips` on the base again if they are gone."""
        wanted = self.lost.intersection(tips)
        self.lost -= wanted
        if wanted:
            rebase_onto_base(self, wanted)


def rebase_onto_base(context: MergeContext, tips: Collection[Oid] | None = None) -> dict[Oid, RebasedBranch]:
    """Merges each of `tips` (None: all) onto the base, except those that the base contains."""
    rebased: dict[Oid, RebasedBranch] = {}
    behind: dict[Oid, tuple[Oid, Oid]] = {}
    wanted = {tip: context.forks[tip] for tip in (context.forks if tips is None else tips)}
    context.trees.prepare({context.base, *wanted, *(m for fork in wanted.values() for m in fork.merge_bases)})
    for tip, fork in wanted.items():
        if fork.inside:
            continue
        if fork.merge_bases == (context.base,):
            rebased[tip] = RebasedBranch(tree=context.trees[tip])
        elif not fork.merge_bases:
            rebased[tip] = RebasedBranch(problem=UNRELATED)
        elif context.has_single_merge_base(tip):
            behind[tip] = context.onto(context.trees[context.base], tip)
        else:
            behind[tip] = context.next_merge(context.trees[context.base], (), tip)
    for (tip, asked), merge in zip(
        behind.items(), merge_trees(context.git, list(behind.values())), strict=True
    ):
        if merge.clean:
            rebased[tip] = RebasedBranch(tree=merge.tree)
        else:
            rebased[tip] = RebasedBranch(paths=plain_paths(merge.paths, asked), problem=merge.problem)
    return rebased


def plain_paths(paths: Sequence[str], merged: tuple[Oid, Oid]) -> tuple[str, ...]:
    """Returns the original paths: git appends a commit's id to a file that is in the way of a directory."""
    plain: dict[str, None] = {}
    for path in paths:
        stem, tilde, mark = path.rpartition("~")
        plain[stem if tilde and mark.startswith(merged) else path] = None
    return tuple(plain)
