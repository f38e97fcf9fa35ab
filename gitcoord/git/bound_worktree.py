"""Git bound to one worktree: whatever lies at its `.git`, no other repository is ever read or written.

Git finds the repository by going upwards from where it runs. A checkout whose `.git` somebody removed would
then be taken for a part of whatever repository lies around it, with that one's index and branch.
"""

import os
from pathlib import Path

from gitcoord.errors import GitcoordError
from gitcoord.git.git_cli import Git


def bound(git: Git, directory: Path, common_dir: Path | None = None) -> Git:
    """The git of the worktree at `directory`, which belongs to the repository of `git` (at `common_dir`).

    Raises `no-worktree` when it does not, or not any more.
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
            hint="Its `.git` was removed or replaced, or git's own record of it; `git worktree list` shows "
            "which there are.",
        )
    return here


def administration(common_dir: Path, directory: Path) -> Path | None:
    """Where git keeps index and HEAD of the linked worktree at `directory`; None when it knows none there.

    Source: https://git-scm.com/docs/gitrepository-layout (`worktrees/<id>/gitdir`).
    """
    wanted = directory.resolve()
    for record in (common_dir / "worktrees").glob("*/gitdir"):
        try:
            link = os.fsdecode(record.read_bytes()).rstrip("\n")
        except OSError:
            continue  # just being removed
        if (record.parent / link).parent.resolve() == wanted:
            return record.parent
    return None


def damage(common_dir: Path, directory: Path) -> str:
    """What is wrong with the `.git` of the linked worktree at `directory`, in words; or nothing."""
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
