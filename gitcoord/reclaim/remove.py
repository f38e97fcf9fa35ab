"""Removes worktrees and branches, each only if it has not changed since the survey."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from gitcoord.git.git_cli import Oid
from gitcoord.git.remote_refs import HEADS
from gitcoord.git.repository import Repository
from gitcoord.reclaim.model import Holding
from gitcoord.reclaim.users import users_of


class Removal(msgspec.Struct, frozen=True, kw_only=True):
    """The result for one worktree or branch; `problem`: why it, or the worktree's branch, was not removed."""

    holding: Holding
    removed: bool
    branch_deleted: bool = False
    problem: str = ""


def remove_all(repository: Repository, holdings: Sequence[Holding]) -> Iterator[Removal]:
    """Removes worktrees with their branches, and branches, one by one.

    Git itself refuses to remove a worktree with changed files, or to delete a branch that has moved since.
    """
    users = users_of([Path(one.path) for one in holdings if one.path is not None])
    for holding in holdings:
        user = users.get(Path(holding.path)) if holding.path is not None else None
        if user is not None:
            yield Removal(holding=holding, removed=False, problem=f"{user} works in it")
        else:
            yield _remove(repository, holding)


def _remove(repository: Repository, holding: Holding) -> Removal:
    if holding.kind == "worktree" and holding.path is not None:
        git = repository.git
        there = git.at(Path(holding.path)).probe("rev-parse", "--verify", "--quiet", "HEAD")
        if there != holding.tip:
            return Removal(holding=holding, removed=False, problem="it has moved since it was examined")
        # Without --force git refuses a worktree with changed or untracked files, and a locked one.
        ended = git.run("worktree", "remove", "--", holding.path, ok=())
        if ended.code != 0:
            return Removal(holding=holding, removed=False, problem=ended.reason)
    if holding.branch is None:
        return Removal(holding=holding, removed=True)
    problem = _delete(repository, holding.branch, holding.tip)
    gone = not problem
    return Removal(
        holding=holding,
        removed=gone or holding.kind == "worktree",
        branch_deleted=gone,
        problem=problem,
    )


def _delete(repository: Repository, branch: str, tip: Oid) -> str:
    """Deletes a branch if it is still at `tip`; returns the problem, or ""."""
    git = repository.git
    ended = git.run("update-ref", "--no-deref", "-d", HEADS + branch, tip, ok=())
    if ended.code != 0:
        return f"the branch {branch} is kept: {ended.reason}"
    git.run("config", "--remove-section", f"branch.{branch}", ok=())
    return ""
