"""Finds the dependencies between heads, from their commits and from pull requests' texts."""

from collections.abc import Mapping

from gitcoord.forge.pull_requests import Pull
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.git_cli import Oid
from gitcoord.tasks.sources.issue_texts import named_needs


def named_pulls(pull: Pull) -> tuple[int, ...]:
    """Returns the numbers of the pull requests that the text of `pull` names as dependencies.

    Ignores other repositories. The URL has the repository: `https://HOST/OWNER/NAME/pull/12`.
    """
    own = "/".join(pull.url.split("/")[-4:-2])
    return tuple(one.number for one in named_needs(pull.body) if one.is_in(own))


def built_on(ancestry: Ancestry, commits: Mapping[str, Oid]) -> dict[str, tuple[str, ...]]:
    """Returns the direct dependencies of each branch: branches that it contains, and no other of these does.

    Branches at the same commit do not build on each other.
    """
    tips = set(commits.values())
    inside = {tip: ancestry.contained(tip, tips - {tip}) for tip in tips}
    near = {tip: below - {far for one in below for far in inside[one]} for tip, below in inside.items()}
    return {
        branch: tuple(other for other, one in commits.items() if one in near[tip])
        for branch, tip in commits.items()
    }
