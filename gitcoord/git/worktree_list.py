"""Lists the worktrees of a repository from git, whichever tool made them."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.worktree_sync import worktree_fields


class ListedWorktree(msgspec.Struct, frozen=True, kw_only=True):
    """A linked worktree: `branch` is a full ref name (None: HEAD is detached).

    `own` is git's directory for it. `locked` is the reason, which may be "". `missing`: its directory is
    gone, or no longer belongs to this repository.
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
    for record in (common_dir / "worktrees").glob("*/gitdir"):
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
