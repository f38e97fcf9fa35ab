"""Verifies that a merge went into the intended base: GitHub's merge request does not name the base."""

from gitcoord.errors import GitcoordError
from gitcoord.forge.pull_requests import Forge
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.git_cli import Oid


def base_holds(
    forge: Forge, ancestry: Ancestry, base: str, tip: Oid | None, number: int, commit: Oid
) -> bool:
    """Whether the base, now at `tip`, contains the merge `commit`; False if the merge may appear there later.

    Raises `merged-elsewhere` if the pull request's base was changed before the forge merged it.
    """
    if tip is not None and ancestry.contains(tip, commit):
        return True
    pull = forge.read_pull(number)
    if pull.base == base:
        return False
    raise GitcoordError(
        "merged-elsewhere",
        f"The base of pull request {number} was changed from {base} to {pull.base} during the merge: it is "
        f"merged into {pull.base} as {commit[:12]}, not into {base}.",
        hint=f"Revert {commit[:12]} on {pull.base} if it should not be there. To land it on {base}, open a "
        f"pull request onto {base} yourself, or submit new commits.",
    )
