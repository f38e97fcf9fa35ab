"""The folds of a level branch: which commits of it merged a task's head, and nothing else."""

from collections.abc import Mapping
from functools import partial

import msgspec

from gitcoord.evidence.trailers import FOLDED
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.merge_tree import merge_trees, trees_of


class Folds(msgspec.Struct, frozen=True, kw_only=True):
    """What was folded into a level branch, as (task, head); `by_hand`: it holds other commits too."""

    found: tuple[tuple[str, Oid], ...]
    by_hand: bool


def folds(git: Git, ancestry: Ancestry, base: Oid, tip: Oid) -> Folds:
    """The folds of a level branch that the base does not contain, oldest first.

    One that somebody amended is a fold still, and by hand as well.
    """
    fields = f"--format=%H%x1f%P%x1f%(trailers:key={FOLDED},valueonly,separator=%x20)"
    options = ("log", "--first-parent", "--reverse", "-z", fields)
    records = filter(None, git.text(*options, f"{base}..{tip}").split("\0"))
    texts = [record.strip("\n").split("\x1f") for record in records]
    told = {commit: value.rpartition(" ") for commit, _, value in texts if " " in value}
    sides = {commit: parents for commit, parents, _ in texts if commit in told}
    merges = {commit: parents.split(" ") for commit, parents in sides.items() if " " in parents}
    exact = _exact(git, ancestry, {c: (ours, theirs) for c, (ours, theirs, *_) in merges.items()})
    own = [commit for commit in exact if merges[commit][1:] == [told[commit][2]]]
    found = tuple((task, head) for task, _, head in told.values())
    return Folds(found=found, by_hand=len(own) < len(texts))


def _exact(git: Git, ancestry: Ancestry, merges: Mapping[Oid, tuple[Oid, Oid]]) -> list[Oid]:
    """Those merge commits that hold just what merging their parents gives."""
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
