"""Reverts landings in memory, one by one, newest first; computes the resulting tree."""

from collections.abc import Sequence

import msgspec

from gitcoord.git.commit_facts import tree_of
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.merge_tree import merge_tree
from gitcoord.git.repository import Repository
from gitcoord.git.write_commits import commit_tree
from gitcoord.landing.rollback.landed_commits import LandedChange

_MOST_COMMITS = 200


class UndoResult(msgspec.Struct, frozen=True, kw_only=True):
    """The base's tree without the reverted changes."""

    tree: Oid


class UndoConflict(msgspec.Struct, frozen=True, kw_only=True):
    """Reverting `commit` conflicts in `paths`, which the later commits `since` (newest first) changed."""

    commit: Oid
    unit: LandedChange
    paths: tuple[str, ...]
    since: tuple[Oid, ...]


def undo(
    repository: Repository, base_commit: Oid, units: Sequence[LandedChange]
) -> UndoResult | UndoConflict:
    """Reverts `units` (newest first) one by one, as `git revert` would; changes no ref and no file."""
    git = repository.git
    tree = tree_of(git, base_commit)
    reverted: set[Oid] = set()
    for unit in units:
        ends = (*unit.commits[1:], unit.start)[: len(unit.commits)]
        for commit, before in zip(unit.commits, ends, strict=True):
            ours = commit_tree(git, tree, [commit], "reverted so far", environment=repository.identity)
            theirs = commit_tree(
                git, tree_of(git, before), [commit], "before it", environment=repository.identity
            )
            merged = merge_tree(git, ours, theirs)
            if not merged.clean:
                paths = merged.paths
                since = _changed_since(git, commit, base_commit, paths, reverted)
                return UndoConflict(commit=commit, unit=unit, paths=paths, since=since)
            tree = merged.tree
        reverted |= added_commits(git, unit)
    return UndoResult(tree=tree)


def added_commits(git: Git, unit: LandedChange) -> set[Oid]:
    """Returns every commit that a landed change added to the base's history."""
    return set(git.lines("rev-list", unit.commits[0], f"^{unit.start}")) if unit.commits else set()


def _changed_since(
    git: Git, commit: Oid, base_commit: Oid, paths: Sequence[str], reverted: set[Oid]
) -> tuple[Oid, ...]:
    options = ("--no-merges", f"--max-count={_MOST_COMMITS}", f"{commit}..{base_commit}")
    literal = [f":(top,literal){path}" for path in paths]
    found = git.lines("rev-list", *options, "--", *literal)
    return tuple(one for one in found if one not in reverted)
