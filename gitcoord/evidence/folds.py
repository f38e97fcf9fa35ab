"""The folds of a level branch: its commits that merged a task's head and contain nothing else."""

from collections.abc import Mapping
from functools import partial

import msgspec

from gitcoord.evidence.trailer_syntax import FOLDED
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.commit_facts import paths_between, trees_of
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.merge_tree import merge_trees, unmerged_spec


class Folds(msgspec.Struct, frozen=True, kw_only=True):
    """The folds of a level branch as (task, head), and the commits that people made; both oldest first."""

    found: tuple[tuple[str, Oid], ...]
    by_hand: tuple[Oid, ...]


def folds(git: Git, ancestry: Ancestry, base: Oid, tip: Oid) -> Folds:
    """Returns the folds of the level branch at `tip` without those that the base contains.

    A fold that a person amended counts both as a fold and as a person's commit. An exact merge of the base,
    as made by GitHub's "Update branch", counts as neither; nor does a commit that changes only generated
    files.
    """
    fields = f"--format=%H%x1f%P%x1f%(trailers:key={FOLDED},valueonly,separator=%x20)"
    options = ("log", "--first-parent", "--reverse", "-z", fields)
    records = filter(None, git.text(*options, f"{base}..{tip}").split("\0"))
    texts = [record.strip("\n").split("\x1f") for record in records]
    told = {commit: value.rpartition(" ") for commit, _, value in texts if " " in value}
    parents = {commit: sides.split(" ") for commit, sides, _ in texts}
    merges = {commit: (sides[0], sides[1]) for commit, sides in parents.items() if len(sides) == 2}
    inside = ancestry.contained(
        base, {theirs for commit, (_, theirs) in merges.items() if commit not in told}
    )
    named = {c: two for c, two in merges.items() if (two[1] == told[c][2] if c in told else two[1] in inside)}
    own = {*_exact(git, ancestry, named)}
    own |= {
        c for c, sides in parents.items() if len(sides) == 1 and _only_unmerged(git, ancestry, sides[0], c)
    }
    found = tuple((task, head) for task, _, head in told.values())
    return Folds(found=found, by_hand=tuple(commit for commit, _, _ in texts if commit not in own))


def _only_unmerged(git: Git, ancestry: Ancestry, parent: str, commit: Oid) -> bool:
    """Whether a commit with a single parent changes only generated files."""
    if not git.unmerged or not parent or " " in parent:
        return False

    def told() -> Oid | None:
        return _if(all(map(unmerged_spec(git).match_file, paths_between(git, parent, commit))), commit)

    return ancestry.remembered(("unmerged", commit), told) is not None


def _exact(git: Git, ancestry: Ancestry, merges: Mapping[Oid, tuple[Oid, Oid]]) -> list[Oid]:
    """Returns the merge commits that equal the merge of their parents."""
    unknown = [commit for commit in merges if not ancestry.recalls(("exact", commit))]
    if unknown:
        trees = trees_of(git, unknown)
        with git.quarantine() as aside:
            made = merge_trees(aside, [merges[commit] for commit in unknown])
        for commit, merged in zip(unknown, made, strict=True):
            same = merged.clean is True and merged.tree == trees[commit]
            ancestry.remembered(("exact", commit), partial(_if, same, commit))
    return [commit for commit in merges if ancestry.remembered(("exact", commit), lambda: None)]


def _if(true: bool, commit: Oid) -> Oid | None:
    return commit if true else None
