"""Proofs by content: merges in memory show whether a commit contains the changes of a branch."""

from collections.abc import Sequence

from gitcoord.evidence.taken_back import lacks_taken_back
from gitcoord.git.commit_facts import first_parents, trees_of
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.merge_tree import merge_trees


def holds(git: Git, pairs: Sequence[tuple[Oid, Oid]]) -> list[bool]:
    """Returns, for each pair (commit, head), whether the commit provably contains the head's changes.

    It does if merging the head into the commit changes nothing, and if the commit also lacks the changes that
    the head made and reverted. A merge that conflicts proves nothing: False.
    """
    trees = trees_of(git, {commit for commit, _ in pairs})
    with git.quarantine() as aside:
        merges = merge_trees(aside, pairs)
    return [
        bool(merged.clean) and merged.tree == trees[commit] and not lacks_taken_back(git, commit, head)
        for merged, (commit, head) in zip(merges, pairs, strict=True)
    ]


def proved_commit(git: Git, commits: Sequence[Oid], head: Oid, *, copies: bool = False) -> Oid | None:
    """Returns the commit in `commits` (newest first) that landed the changes of `head`; None without proof.

    A commit is a candidate if it contains the head's changes, or equals the merge of the head onto its first
    parent. Returns the newest candidate whose first parent lacks the changes; if there is none, the oldest
    candidate.

    `copies`: the commits are copies of the head's own. A copy without the head's changes then disproves all
    older ones: it is newer, and may have restored changes that a later commit of the head undid.
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
        holding = exact or (more.clean is True and more.tree == after)
        if not holding or lacks_taken_back(git, commit, head):
            if copies:
                break
            continue
        if not (made.clean and made.tree == before):
            return commit
        oldest = commit
    return oldest
