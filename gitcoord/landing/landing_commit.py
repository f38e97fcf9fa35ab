"""Finds the commit of the base's first-parent line that landed another commit."""

from gitcoord.git.git_cli import Oid
from gitcoord.git.repository import Repository

_NEAR = 200
"""The number of the base's commits to read in-process before calling git."""


def landing_commit(repository: Repository, base_commit: Oid, commit: Oid) -> Oid:
    """Returns the oldest commit of the base's first-parent line that contains `commit`, and so landed it.

    Returns `commit` itself if there is none.
    """
    git = repository.git
    near = _nearby(repository, base_commit, commit)
    if near is not None:
        return near
    line = git.lines("rev-list", "--first-parent", f"{commit}..{base_commit}")
    if not line or git.probe("rev-parse", "--verify", "--quiet", f"{line[-1]}^1") == commit:
        return commit
    above = set(git.lines("rev-list", "--ancestry-path", f"{commit}..{base_commit}"))
    return next((one for one in reversed(line) if one in above), commit)


def _nearby(repository: Repository, tip: Oid, commit: Oid) -> Oid | None:
    """Finds the same commit in-process.

    Returns None without a reader, if `tip` does not contain `commit`, or after `_NEAR` commits.
    """
    reader = repository.git.commits
    for _ in range(_NEAR if reader is not None and repository.ancestry.contains(tip, commit) else 0):
        above = reader.commit(tip) if reader is not None else None
        if tip == commit or above is None:
            return None if above is None else tip
        if not above.parents or not repository.ancestry.contains(above.parents[0], commit):
            return tip
        tip = above.parents[0]
    return None
