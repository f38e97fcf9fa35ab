"""Reads a repository that cannot be written: through a copy of its refs, with its own objects."""

import os
from pathlib import Path

import msgspec

from gitcoord.errors import GitcoordError
from gitcoord.git.locate_repository import RepositoryPlace

_COPIED = ("config", "config.worktree", "info", "packed-refs", "refs", "reftable", "shallow")
_LINKED = ("gitcoord/conflicts", "gitcoord/run")


def is_writable(place: RepositoryPlace) -> bool:
    """Whether refs and objects can be written; the file system decides, also for root."""
    needed = (place.common_dir, place.common_dir / "objects", place.common_dir / "refs")
    return all(os.access(directory, os.W_OK) for directory in needed if directory.exists())


def cannot_write(place: RepositoryPlace) -> GitcoordError:
    """Makes the error for a command that has to write."""
    return GitcoordError(
        "read-only",
        f"The repository at {place.common_dir} cannot be written to.",
        hint="`gitcoord status`, `log`, `report`, `show` and `check-conflicts` work here; for everything "
        "else, use a clone that you may write to.",
    )


def copied(place: RepositoryPlace) -> RepositoryPlace:
    """Returns `place` with a temporary copy of its refs. Fetches write to the copy; it is removed at exit."""
    import atexit  # Imported here: only a read-only repository needs it.
    import shutil
    from contextlib import ExitStack

    from gitcoord.git.object_quarantine import scratch_directory

    stack = ExitStack()
    copy = Path(stack.enter_context(scratch_directory()))
    atexit.register(stack.close)
    head = Path(place.git.text("rev-parse", "--absolute-git-dir")) / "HEAD"
    shutil.copyfile(head, copy / "HEAD")
    for name in _COPIED:
        source = place.common_dir / name
        if source.is_dir():
            shutil.copytree(source, copy / name, copy_function=shutil.copyfile)
        elif source.exists():
            shutil.copyfile(source, copy / name)
    for name in ("refs", "objects/info", "gitcoord"):
        (copy / name).mkdir(parents=True, exist_ok=True)
    for name in _LINKED:
        if (place.common_dir / name).is_dir():
            (copy / name).symlink_to(place.common_dir / name)
    (copy / "objects/info/alternates").write_bytes(os.fsencode(place.common_dir / "objects") + b"\n")
    tree = {} if place.root is None else {"GIT_WORK_TREE": str(place.root)}
    git = place.git.with_environment({"GIT_DIR": str(copy), **tree})
    return msgspec.structs.replace(place, git=git, common_dir=copy)
