"""Finds heads that landed with a conflict that was resolved on the level branch.

Such a head alone conflicts with the commit that landed it: merging the two proves nothing. Instead, commits
of the level branch are merged into that commit, because they contain both the head and the resolution.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from gitcoord.evidence.copies import naming_commits
from gitcoord.evidence.proof_by_content import holds, proved_commit
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.commit_facts import first_parents
from gitcoord.git.git_cli import Git, Oid

_MOST_TRIED = 50
"""The largest number of commits of a branch to try, newest first."""


def find_resolved(git: Git, ancestry: Ancestry, base: Oid, tips: Mapping[Oid, Oid]) -> dict[Oid, Oid]:
    """Returns the commits of `base` that landed heads with a resolved conflict, by head.

    `tips` maps heads that `base` lacks to the tips of their level branches. The commit must name the head in
    a trailer, and must have landed all changes of a commit of the level branch that contains the head.
    """
    found: dict[Oid, Oid] = {}
    for head, tip in tips.items():
        if tip == head or not ancestry.contains(tip, head):
            continue
        key = ("resolved", base, head, tip)
        commit = ancestry.remembered(key, partial(_landing_commit, git, ancestry, base, head, tip))
        if commit is not None:
            found[head] = commit
    return found


def _landing_commit(git: Git, ancestry: Ancestry, base: Oid, head: Oid, tip: Oid) -> Oid | None:
    naming = naming_commits(git, ancestry, base, head)
    if not naming:
        return None
    line = git.lines("rev-list", "--first-parent", f"--max-count={_MOST_TRIED}", tip, f"^{base}")
    for carrier in line:
        if carrier == head or not ancestry.contains(carrier, head):
            break
        commit = _proved_landing(git, naming, carrier)
        if commit is not None:
            return commit
    return None


def _proved_landing(git: Git, naming: Sequence[Oid], carrier: Oid) -> Oid | None:
    """Returns the commit that landed the changes of `carrier`; None without proof.

    The commit's first parent must lack some of the changes. Otherwise any commit that quotes the trailer
    would prove a `carrier` that changes nothing.
    """
    commit = proved_commit(git, naming, carrier)
    if commit is None:
        return None
    before = first_parents(git, [commit])[commit]
    return None if holds(git, [(before, carrier)])[0] else commit
