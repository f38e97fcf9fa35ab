"""Lists the worktrees of a repository from git, whichever tool made them."""

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from gitcoord.git.git_cli import Git, Oid
from gitcoord.path_search import matching_paths

_PAUSES = (0.02, 0.1, 0.5)
"""Seconds to wait before the list is read again."""


class ListedWorktree(msgspec.Struct, frozen=True, kw_only=True):
    """A linked worktree: `branch` is a full ref name (None: HEAD is detached).

    `own` is git's directory for it. `locked` is the reason, which may be "" (None: not locked).
    """

    path: Path
    own: Path | None = None
    head: Oid | None = None
    branch: str | None = None
    locked: str | None = None

    @property
    def missing(self) -> bool:
        """Whether there is no worktree at the recorded path."""
        return self.own is None or not (self.path / ".git").is_file()


def linked_worktrees(git: Git, common_dir: Path) -> list[ListedWorktree]:
    """Returns all worktrees except the main one.

    Source: https://git-scm.com/docs/git-worktree (porcelain format),
    https://git-scm.com/docs/gitrepository-layout (`worktrees/<id>/gitdir`).
    """
    own = dict(_own_directories(common_dir))
    return list(_parsed(worktree_fields(git), own))[1:]


def _own_directories(common_dir: Path) -> Iterator[tuple[Path, Path]]:
    for record in matching_paths(common_dir / "worktrees", "*/gitdir"):
        try:
            link = os.fsdecode(record.read_bytes()).rstrip("\n")
        except OSError:
            continue  # The worktree is being removed.
        yield (record.parent / link).parent.resolve(), record.parent


def _parsed(fields: list[str], own: dict[Path, Path]) -> Iterator[ListedWorktree]:
    told: dict[str, str] = {}
    for field in fields:
        if field:
            key, _, value = field.partition(" ")
            told[key] = value
        elif told:
            path = Path(told["worktree"])
            yield ListedWorktree(
                path=path,
                own=own.get(path.resolve()),
                head=told.get("HEAD"),
                branch=told.get("branch"),
                locked=told.get("locked"),
            )
            told = {}


def worktrees(git: Git) -> dict[str, Path]:
    """Returns the worktree of every checked-out branch, by full ref name; skips missing directories."""
    found: dict[str, Path] = {}
    path = None
    for field in worktree_fields(git):
        kind, _, value = field.partition(" ")
        if kind == "worktree":
            path = Path(value)
        elif kind == "branch" and path is not None and path.is_dir():
            found[value] = path
    return found


def linked_branches(git: Git) -> dict[str, Path]:
    """Returns the branches (short names) that linked worktrees have checked out."""
    fields = worktree_fields(git)
    main = Path(fields[0].partition(" ")[2])
    return {name.removeprefix("refs/heads/"): path for name, path in worktrees(git).items() if path != main}


def place_of(git: Git, branches: Mapping[str, Oid | None]) -> Path | None:
    """Returns a worktree on one of these branches (full names), else at one of their tips, else None."""
    places = worktrees(git)
    on_it = next((places[name] for name in branches if name in places), None)
    if on_it is not None:
        return on_it
    path, wanted = None, set(filter(None, branches.values()))
    for field in worktree_fields(git):
        kind, _, value = field.partition(" ")
        path = Path(value) if kind == "worktree" else path
        if kind == "HEAD" and value in wanted and path is not None and path.is_dir():
            return path
    return None


def worktree_fields(git: Git) -> list[str]:
    """Returns git's list of all worktrees; retries if git cannot read one that is being made."""
    listing = ("worktree", "list", "--porcelain", "-z")
    for seconds in _PAUSES:
        said = git.probe(*listing)
        if said is not None:
            return said.split("\0")
        time.sleep(seconds)
    return git.text(*listing).split("\0")
