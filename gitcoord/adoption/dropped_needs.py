"""Finds heads that contain rejected work, or work that is no longer requested."""

from collections.abc import Iterator, Mapping, Sequence

from gitcoord.adoption.candidates import HeadCandidate
from gitcoord.adoption.model import KnownHead
from gitcoord.evidence.proof_by_content import holds
from gitcoord.forge.pull_requests import Forge, Pull
from gitcoord.git.git_cli import Oid
from gitcoord.git.repository import Repository


def built_on_closed(
    repository: Repository, base: Oid, heads: Mapping[str, HeadCandidate], closed: Sequence[Pull]
) -> Iterator[tuple[str, str]]:
    """Yields the heads that contain commits of a requested but closed pull request, with the reason."""
    inside = repository.ancestry.contained(base, {pull.head_commit for pull in closed})
    for branch, one in heads.items():
        for pull in closed:
            own = pull.head == branch or pull.head_commit in inside
            if not own and repository.ancestry.contains(one.commit, pull.head_commit):
                yield branch, f"it contains the commits of pull request {pull.number}, which is closed"
                break


def built_on_dropped(
    repository: Repository,
    forge: Forge,
    base: tuple[str, Oid],
    heads: Mapping[str, HeadCandidate],
    known: Mapping[str, KnownHead],
    tips: Mapping[str, Oid],
) -> Iterator[tuple[str, str]]:
    """Yields each head that contains commits of a dropped dependency, with the reason.

    A dropped dependency was needed when the head was adopted, has not landed, and is no longer in `heads`:
    somebody closed its pull request or removed its label. `base` is the base branch and its commit.
    """
    missing = {
        branch: [need for need in known[branch].needs if need not in heads and not known[need].landed]
        for branch in heads
        if branch in known
    }
    needed = sorted({need for needs in missing.values() for need in needs})
    pulls = forge.find_pulls(needed, base[0]) if needed else {}
    commits: dict[str, Oid] = {}
    for need in needed:
        found = pulls.get(need)
        merged = found is not None and found.current is not None and found.current.state == "merged"
        newest = found.others[0].head_commit if found is not None and found.others else None
        commit = tips.get(need) or newest
        if not merged and commit is not None and not _is_landed_or_gone(repository, base[1], commit):
            commits[need] = commit
    for branch, needs in missing.items():
        for need in needs:
            if need in commits and repository.ancestry.contains(heads[branch].commit, commits[need]):
                yield branch, f"it contains the commits of {need}, which is no longer requested"
                break


def _is_landed_or_gone(repository: Repository, base: Oid, commit: Oid) -> bool:
    if not repository.ancestry.existing([commit]) or repository.ancestry.contains(base, commit):
        return True
    return holds(repository.git, [(base, commit)])[0]
