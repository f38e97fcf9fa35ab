"""Restores a task's work after a rollback, to repair it and land it again.

Merging the old branch again would restore nothing: the base contains its commits. So the branch first merges
the current base, without the work, and then gets the work again as one new commit on top.
"""

import msgspec

from gitcoord.git.ancestry import merge_base
from gitcoord.git.commit_facts import tree_of
from gitcoord.git.git_cli import Oid
from gitcoord.git.merge_tree import merge_tree
from gitcoord.git.repository import Repository
from gitcoord.git.write_commits import commit_tree

TO_COME = "Gitcoord-Work-To-Come"
"""The trailer of a commit on which a task's work must still be restored."""


class RevivedBranch(msgspec.Struct, frozen=True, kw_only=True):
    """The new commits of a branch: `without` has the base without the work, `work` restores it on top.

    If that conflicts, `work` is None, and merging `former` into `without` gives the conflict in a working
    tree. If the base has the work by now, `work` is `without`.
    """

    without: Oid
    former: Oid
    work: Oid | None


def revive(
    repository: Repository,
    *,
    task: str,
    branch: str,
    tip: Oid,
    former: Oid,
    start: Oid,
    base: str,
    base_commit: Oid,
) -> RevivedBranch:
    """Restores the work of `former` (the branch's `tip`, or below it), which had landed on top of `start`."""
    git, who = repository.git, repository.identity
    tree = tree_of(git, base_commit)
    fork = merge_base(git, start, former) or start
    # The task's changes as a commit whose history does not contain the landing.
    alone = commit_tree(
        git, tree_of(git, former), [fork], f"Task {task} before its rollback", environment=who
    )
    ours = commit_tree(git, tree, [fork], f"{base} now", environment=who)
    merged = merge_tree(git, ours, alone)
    nothing = merged.clean and merged.tree == tree
    text = f"Merge {base} into {branch}, without the rolled-back work\n"
    text += "" if nothing else f"\n{TO_COME}: {task}\n"
    without = commit_tree(git, tree, [tip, base_commit], text, environment=who, sign=repository.signs)
    if not merged.clean:
        return RevivedBranch(without=without, former=alone, work=None)
    if nothing:
        return RevivedBranch(without=without, former=alone, work=without)
    text = f"Restore the work of task {task} after its rollback\n"
    work = commit_tree(git, merged.tree, [without], text, environment=who, sign=repository.signs)
    return RevivedBranch(without=without, former=alone, work=work)
