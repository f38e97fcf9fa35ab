"""Recognizes branches that may be deleted: the base provably contains all of their work."""

from collections.abc import Collection

from gitcoord.evidence.merged_pulls import merged_into
from gitcoord.evidence.model import Landing
from gitcoord.evidence.proof_by_content import holds
from gitcoord.forge.pull_requests import Pull
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.git_cli import Git, Oid


def is_spent(
    git: Git,
    ancestry: Ancestry,
    *,
    base_commit: Oid,
    tip: Oid,
    landing: Landing | None = None,
    pulls: Collection[Pull] = (),
) -> bool:
    """Whether a branch at `tip` may be deleted because the base provably has its work.

    It may if the base contains the tip, if one of `pulls` merged the tip into the base, or if the commit of
    the `landing` contains all changes of the tip.
    """
    if ancestry.contains(base_commit, tip):
        return True
    if any(ancestry.contains(pull.head_commit, tip) for pull, _ in merged_into(ancestry, base_commit, pulls)):
        return True
    if landing is None or not ancestry.contains(base_commit, landing.commit):
        return False
    pair = (landing.commit, tip)
    found = ancestry.remembered(("holds", *pair), lambda: tip if holds(git, [pair])[0] else None)
    return found is not None
