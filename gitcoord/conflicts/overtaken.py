"""Finds branches whose exclusive paths have changed in the base meanwhile: they cannot land as they are."""

from collections.abc import Mapping

from gitcoord.conflicts.branch_facts import BranchFacts
from gitcoord.conflicts.changes import changes_between
from gitcoord.conflicts.exclusive_paths import differing, places_of, shared_paths
from gitcoord.conflicts.regenerated import changed_alone
from gitcoord.conflicts.rules import Rulebook
from gitcoord.git.git_cli import Git, Oid


def find_overtaken(
    git: Git, book: Rulebook, base: Oid, branch_facts: Mapping[Oid, BranchFacts]
) -> dict[Oid, tuple[str, ...]]:
    """Returns the tips that change exclusive places that the base has changed too, with the paths of both."""
    if not book.keeps_apart:
        return {}
    behind = {
        tip: facts
        for tip, facts in branch_facts.items()
        if facts.fork.merge_bases and not facts.fork.inside and base not in facts.fork.merge_bases
    }
    mine = {tip: places for tip, one in behind.items() if (places := places_of(book, one.own))}
    alone = {tip: paths for tip, one in behind.items() if (paths := changed_alone(book, one.own))}
    since = {tip: behind[tip].fork.merge_bases[0] for tip in (*mine, *alone)}
    starts = sorted(set(since.values()))
    moved = dict(zip(starts, changes_between(git, [(start, base) for start in starts]), strict=True))
    theirs = {start: places_of(book, changes) for start, changes in moved.items()}
    found = {
        tip: shared_paths(mine.get(tip, {}), theirs[start])
        or differing(alone.get(tip, ()), behind[tip].own, moved[start])
        for tip, start in since.items()
    }
    return {tip: paths for tip, paths in found.items() if paths}
