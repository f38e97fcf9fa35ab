"""Whether a merge went where it was meant to go: nothing guards the base of GitHub's merge request."""

from gitcoord.errors import GitcoordError
from gitcoord.forge.pull_requests import Forge
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.git_cli import Oid


def base_holds(
    forge: Forge, ancestry: Ancestry, base: str, tip: Oid | None, number: int, commit: Oid
) -> bool:
    """Whether the base, now at `tip`, holds the merge `commit`; False when it may only not show it yet.

    Raises `merged-elsewhere` when the pull request was moved to another base before the forge merged it.
    """
    if tip is not None and ancestry.contains(tip, commit):
        return True
    pull = forge.read_pull(number)
    if pull.base == base:
        return False
    raise GitcoordError(
        "merged-elsewhere",
        f"Pull request {number} was moved from {base} to {pull.base} while it was being merged: it is merged "
        f"into {pull.base} as {commit[:12]}, and not into {base}.",
        hint=f"Revert {commit[:12]} on {pull.base} if it should not be there. To land it on {base}, open a "
        f"pull request onto {base} by hand, or submit new commits.",
    )
