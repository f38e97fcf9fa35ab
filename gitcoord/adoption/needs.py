"""Finds the dependencies between heads, from their commits and from pull requests' texts."""

from collections.abc import Mapping

from gitcoord.adoption.candidates import HeadCandidate
from gitcoord.adoption.model import KnownHead
from gitcoord.forge.pull_requests import Pull
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.git_cli import Oid
from gitcoord.git.repository import Repository
from gitcoord.tasks.sources.issue_texts import named_needs


def named_pulls(pull: Pull) -> tuple[int, ...]:
    """Returns the numbers of the pull requests that the text of `pull` names as dependencies.

    Ignores pull requests of other repositories than that in the URL of `pull`, which has the form
    `https://HOST/OWNER/NAME/pull/12`.
    """
    own = "/".join(pull.url.split("/")[-4:-2])
    return tuple(one.number for one in named_needs(pull.body) if one.is_in(own))


def built_on(ancestry: Ancestry, commits: Mapping[str, Oid]) -> dict[str, tuple[str, ...]]:
    """Returns the direct dependencies of each branch.

    A branch depends directly on a branch that it contains if no other branch in it contains that one, too.
    Branches at the same commit do not depend on each other.
    """
    tips = set(commits.values())
    inside = {tip: ancestry.contained(tip, tips - {tip}) for tip in tips}
    near = {tip: below - {far for one in below for far in inside[one]} for tip, below in inside.items()}
    return {
        branch: tuple(other for other, one in commits.items() if one in near[tip])
        for branch, tip in commits.items()
    }


def stacks(
    repository: Repository, base: Oid, heads: Mapping[str, HeadCandidate], known: Mapping[str, KnownHead]
) -> dict[str, tuple[str, ...]]:
    """Returns, for each head, the branches on which it is built, perhaps at an earlier commit of the branch.

    A branch may get new commits while the head on top of it keeps the old ones. The head then still depends
    on the branch, as at the last selection, until `base` contains the merge base of the two.
    """
    commits = {branch: one.commit for branch, one in heads.items()}
    stacked = built_on(repository.ancestry, commits)
    found = dict(stacked)
    for branch in known.keys() & commits.keys():
        for need in known[branch].needs:
            if need not in commits or need in stacked[branch] or branch in stacked[need]:
                continue
            shared = repository.git.probe("merge-base", commits[branch], commits[need])
            if shared and not repository.ancestry.contains(base, shared):
                found[branch] = (*found[branch], need)
    return found
