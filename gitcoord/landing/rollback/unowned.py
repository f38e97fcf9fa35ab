"""Finds the changes in landings that belong to no task, such as a person's commits on a level branch."""

from collections.abc import Mapping, Sequence

import msgspec

from gitcoord.git.ancestry import merge_base
from gitcoord.git.commit_facts import paths_between, tree_of
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.merge_tree import unmerged_spec
from gitcoord.git.remote_refs import SharedRefs
from gitcoord.git.repository import Repository
from gitcoord.git.stacks import Stacks
from gitcoord.git.write_commits import commit_to_merge_with
from gitcoord.landing.compare_merge import fetch_head
from gitcoord.landing.rollback.landed_commits import LandedChange


class UnownedChanges(msgspec.Struct, frozen=True, kw_only=True):
    """The `paths` that a landing changed for no task: after a rollback, no task restores them.

    `commit` is the landing's last commit on the base, from which the changes can be restored.
    """

    commit: Oid
    paths: tuple[str, ...]


def unowned(
    repository: Repository, shared: SharedRefs, units: Sequence[LandedChange], landed: Mapping[Oid, Oid]
) -> tuple[UnownedChanges, ...]:
    """Returns the changes of `units` that no task's head explains.

    `landed` has every landed head, with the commit of the base that landed it. Compares each landing with the
    merge of its tasks' heads. If the heads conflict, a person has resolved that, and only paths that no task
    changed count. Skips a landing whose heads cannot all be fetched.
    """
    found = []
    for unit in units:
        heads = list(dict.fromkeys(head for _, head in unit.tasks))
        if not unit.commits or not all(fetch_head(repository, shared, head) for head in heads):
            continue
        paths = _unexplained(repository, unit, heads, landed)
        if paths:
            found.append(UnownedChanges(commit=unit.commits[0], paths=tuple(sorted(paths))))
    return tuple(found)


def _unexplained(
    repository: Repository, unit: LandedChange, heads: Sequence[Oid], landed: Mapping[Oid, Oid]
) -> set[str]:
    git, tree = repository.git, tree_of(repository.git, unit.commits[0])
    # Ignore later landings: they may contain these heads. Only earlier ones can be in them as other commits.
    inside = repository.ancestry.contained(unit.start, set(landed.values()))
    before = {head: commit for head, commit in landed.items() if head not in heads and commit in inside}
    merged = _merged(repository, unit.start, heads, before)
    if merged is not None:
        paths = paths_between(git, merged, tree) if merged != tree else set[str]()
    else:
        touched = set[str]().union(*(_own_paths(git, unit.start, head) for head in heads))
        paths = paths_between(git, unit.start, unit.commits[0]) - touched
    return {path for path in paths if not (git.unmerged and unmerged_spec(git).match_file(path))}


def _merged(
    repository: Repository, start: Oid, heads: Sequence[Oid], landed: Mapping[Oid, Oid]
) -> Oid | None:
    """Returns the tree of `start` with all heads merged into it; None if they conflict."""
    git, current = repository.git, start
    for head in heads:
        merged = Stacks(repository.ancestry, current, landed).merge(git, head)
        if not merged.clean:
            return None
        current = commit_to_merge_with(git, merged.tree, [current, head])
    return tree_of(git, current)


def _own_paths(git: Git, start: Oid, head: Oid) -> set[str]:
    fork = merge_base(git, start, head)
    return paths_between(git, fork, head) if fork else set()
