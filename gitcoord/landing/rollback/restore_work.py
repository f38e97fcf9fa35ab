"""Bringing a task's work back after a rollback, so that it can be repaired and landed anew.

Merging the old branch once more would bring nothing back: the base has had its commits. So the branch first
takes the base as it is now, without the work, and then the work again as one new commit on top.
"""

import msgspec

from gitcoord.git.git_cli import Oid
from gitcoord.git.merge_tree import commit_tree, merge_tree, tree_of
from gitcoord.git.repository import Repository

TO_COME = "Gitcoord-Work-To-Come"
"""The trailer of a commit on which a task's work has yet to be brought back."""


class RevivedBranch(msgspec.Struct, frozen=True, kw_only=True):
    """Where a branch goes on: `without` holds the base and not the work, `work` brings it back on top.

    When that conflicts, `work` is None and merging `former` into `without` leaves the conflict in a working
    copy. When the base has the work by now, `work` is `without`.
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
    """Brings the work of `former` (the `tip`, or below it) onto the base; its landing was on `start`."""
    git, who = repository.git, repository.identity
    tree = tree_of(git, base_commit)
    fork = git.probe("merge-base", start, former) or start
    # What the task did, as if it had never landed: without the landing in its history.
    alone = commit_tree(
        git, tree_of(git, former), [fork], f"Task {task} before its rollback", environment=who
    )
    ours = commit_tree(git, tree, [fork], f"{base} now", environment=who)
    merged = merge_tree(git, ours, alone)
    nothing = merged.clean and merged.tree == tree
    text = f"Merge {base} into {branch}, without what was rolled back\n"
    text += "" if nothing else f"\n{TO_COME}: {task}\n"
    without = commit_tree(git, tree, [tip, base_commit], text, environment=who, sign=repository.signs)
    if not merged.clean:
        return RevivedBranch(without=without, former=alone, work=None)
    if nothing:
        return RevivedBranch(without=without, former=alone, work=without)
    text = f"Bring the work of task {task} back after its rollback\n"
    work = commit_tree(git, merged.tree, [without], text, environment=who, sign=repository.signs)
    return RevivedBranch(without=without, former=alone, work=work)
