"""What heads need of each other, by their commits and by what is written in pull requests."""

from collections.abc import Mapping

from gitcoord.forge.pull_requests import Pull
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.git_cli import Oid
from gitcoord.tasks.sources.issue_texts import named_needs


def named_pulls(pull: Pull) -> tuple[int, ...]:
    """The numbers that a pull request says it depends on, those of its own repository.

    Its address tells which that is: `https://HOST/OWNER/NAME/pull/12`.
    """
    own = "/".join(pull.url.split("/")[-4:-2])
    return tuple(one.number for one in named_needs(pull.body) if one.is_in(own))


def built_on(ancestry: Ancestry, commits: Mapping[str, Oid]) -> dict[str, tuple[str, ...]]:
    """For each branch, the others whose commits it contains, without those that come with one of them.

    Of branches at the same commit none builds on another.
    """
    tips = set(commits.values())
    inside = {tip: ancestry.contained(tip, tips - {tip}) for tip in tips}
    near = {tip: below - {far for one in below for far in inside[one]} for tip, below in inside.items()}
    return {
        branch: tuple(other for other, one in commits.items() if one in near[tip])
        for branch, tip in commits.items()
    }
