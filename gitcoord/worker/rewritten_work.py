"""Distinguishes a worker's own rewrites of pushed commits (amend, rebase, reset) from others' work."""

from contextlib import suppress
from pathlib import Path

from gitcoord.git.ancestry import Ancestry
from gitcoord.git.bound_worktree import administration
from gitcoord.git.git_cli import Oid
from gitcoord.git.remote_refs import HEADS
from gitcoord.git.repository import Repository


def was_here(
    repository: Repository, ancestry: Ancestry, branch: str, commit: Oid, directory: Path | None = None
) -> bool:
    """Whether the branch here, or HEAD in `directory`, once was at `commit` or at a descendant of it."""
    listing = ("reflog", "show", "--format=%H", HEADS + branch, "--")
    been = set(repository.git.run(*listing, ok=()).text.split())
    place = None if directory is None else administration(repository.common_dir, directory)
    if place is not None:
        with suppress(OSError):
            lines = (place / "logs/HEAD").read_text("utf-8", "replace").splitlines()
            been |= {line.split(" ", 2)[1] for line in lines}
    return any(ancestry.contains(one, commit) for one in ancestry.existing(been))
