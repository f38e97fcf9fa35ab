"""Proves that a commit also lacks the changes that a branch made and later reverted.

A merge sees only a branch's net changes since the merge base. If the base has the branch's earlier commits as
other commits (a squashed parent of a stack), and later commits of the branch reverted a part of them, that
part is no net change: by the merge, the base has all of the branch, although it still has the reverted part.
"""

from collections.abc import Callable, Collection, Sequence

from gitcoord.git.commit_facts import paths_between, trees_of
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.merge_tree import TreeMerge, merge_trees
from gitcoord.git.write_commits import commit_to_merge_with

MergeAll = Callable[[Git, Sequence[tuple[Oid, Oid]]], list[TreeMerge]]
_MOST_STEPS = 60
"""The largest number of additional merges; if more are needed, nothing is proved."""


def lacks_taken_back(git: Git, commit: Oid, head: Oid, merge_all: MergeAll = merge_trees) -> bool:
    """Whether `commit`, into which merging `head` changes nothing, may still have a change that `head`
    reverted.

    For each of the head's commits that a later commit may have reverted, merges the head once more as if
    `commit` contained that commit. Returns True if such a merge changes something or conflicts.
    """
    twice = _changed_twice(git, commit, head)
    differing = twice.keys() & paths_between(git, commit, head) if twice else set[str]()
    steps = sorted({step for path in differing for step in twice[path]} - {head})
    if not steps:
        return False
    if len(steps) > _MOST_STEPS:
        return True
    tree = trees_of(git, [commit])[commit]
    with git.quarantine() as aside:
        bases = [commit_to_merge_with(aside, tree, [commit, step]) for step in steps]
        merges = merge_all(aside, [(base, head) for base in bases])
    return not all(merged.clean and merged.tree == tree for merged in merges)


def _changed_twice(git: Git, commit: Oid, head: Oid) -> dict[str, Collection[Oid]]:
    """Returns the paths that several of the head's own commits changed, each with these commits."""
    options = ("--cc", "--no-renames", "--name-only", "--no-show-signature", "--format=%x01%H")
    told = git.text("log", "-z", *options, head, f"^{commit}")
    found: dict[str, list[Oid]] = {}
    for record in told.split("\x01")[1:]:
        step, _, rest = record.partition("\0")
        for path in filter(None, (one.removeprefix("\n") for one in rest.split("\0"))):
            found.setdefault(path, []).append(step.strip())
    return {path: steps for path, steps in found.items() if len(steps) > 1}
