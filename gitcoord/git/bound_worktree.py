"""Binds git to one worktree, so that it never uses another repository, whatever happened to `.git`.

Git looks for a repository in the current directory and in those above. In a checkout whose `.git` was
removed, it would use the index and the branch of the repository around the checkout.
"""

import os
from pathlib import Path

from gitcoord.errors import GitcoordError
from gitcoord.git.git_cli import Git
from gitcoord.path_search import matching_paths


def bound(git: Git, directory: Path, common_dir: Path | None = None) -> Git:
    """Returns a git for the worktree at `directory` of the repository of `git` (at `common_dir`).

    Raises `no-worktree` if there is no such worktree.
    """
    common_dir = common_dir or Path(git.text("rev-parse", "--path-format=absolute", "--git-common-dir"))
    own = administration(common_dir, directory)
    if own is not None:
        return git.within(own, directory)
    here = git.at(directory)
    asked = here.probe("rev-parse", "--path-format=absolute", "--show-prefix", "--git-common-dir")
    prefix, _, found = (asked or "").partition("\n")
    if prefix or Path(found).resolve() != common_dir.resolve():
        raise GitcoordError(
            "no-worktree",
            f"{directory} is not a worktree of the repository at {common_dir} (any more).",
            hint="Its `.git`, or git's own record of it, was removed or replaced; `git worktree list` shows "
            "the worktrees that git knows.",
        )
    return here


def administration(common_dir: Path, directory: Path) -> Path | None:
    """Returns the directory with index and HEAD of the linked worktree at `directory`; None if git has none.

    Source: https://git-scm.com/docs/gitrepository-layout (`worktrees/<id>/gitdir`).
    """
    wanted = directory.resolve()
    for record in matching_paths(common_dir / "worktrees", "*/gitdir"):
        try:
            link = os.fsdecode(record.read_bytes()).rstrip("\n")
        except OSError:
            continue  # The worktree is being removed.
        if (record.parent / link).parent.resolve() == wanted:
            return record.parent
    return None


def damage(common_dir: Path, directory: Path) -> str:
    """Describes the damage to the `.git` of the linked worktree at `directory`; empty if there is none."""
    own, link = administration(common_dir, directory), directory / ".git"
    if own is None:
        return "git's own record of it was removed"
    if not os.path.lexists(link):
        return "its .git was removed"
    found = Git(directory).at(directory).probe("rev-parse", "--path-format=absolute", "--git-dir")
    if found is None or Path(found).resolve() != own.resolve():
        elsewhere = found is not None and not Path(found).resolve().is_relative_to(directory.resolve())
        return f"its .git was replaced, and leads to {found}" if elsewhere else "its .git was replaced"
    return ""
