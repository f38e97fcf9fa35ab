"""Proofs by content: merges in memory say whether a commit has what a branch did."""

from collections.abc import Sequence

from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.merge_tree import first_parents, merge_trees, trees_of


def holds(git: Git, pairs: Sequence[tuple[Oid, Oid]]) -> list[bool]:
    """For each (commit, head) whether merging the head into the commit changes nothing: it has all of it.

    False where that merge conflicts: nothing is proved then.
    """
    trees = trees_of(git, {commit for commit, _ in pairs})
    with git.quarantine() as aside:
        merges = merge_trees(aside, pairs)
    return [
        bool(merged.clean) and merged.tree == trees[commit]
        for merged, (commit, _) in zip(merges, pairs, strict=True)
    ]


def bringing_commit(git: Git, commits: Sequence[Oid], head: Oid) -> Oid | None:
    """Of `commits`, newest first, the one that brought what `head` did; None where none provably has it.

    That is the merge of the head onto its first parent, or has all of the head while its first parent has
    not. Where each had it before, the oldest counts.
    """
    parents = first_parents(git, commits)
    known = [commit for commit in commits if commit in parents]
    trees = trees_of(git, {*known, *parents.values()})
    with git.quarantine() as aside:
        onto = merge_trees(aside, [(parents[commit], head) for commit in known])
        again = merge_trees(aside, [(commit, head) for commit in known])
    oldest = None
    for commit, made, more in zip(known, onto, again, strict=True):
        before, after = trees[parents[commit]], trees[commit]
        exact = bool(made.clean) and made.tree == after
        if not exact and not (more.clean and more.tree == after):
            continue
        if not (made.clean and made.tree == before):
            return commit
        oldest = commit
    return oldest
