"""Undoes a shallow fetch in a repository that has the whole history.

After `git fetch --depth 1` in one checkout, git shows and merges all branches as if they began there: all
checkouts share the file with these boundaries.
"""

import os
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path

from gitcoord.git.git_cli import Git, Oid

SHALLOW = "shallow"
# Otherwise git would fetch missing commits in a partial clone.
_NO_FETCH = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": ""}


def restore_history(git: Git, common_dir: Path) -> bool:
    """Removes each boundary whose parents the repository has. Returns whether it removed any.

    A shallow clone keeps its boundaries, because it lacks their parents.
    """
    file = common_dir / SHALLOW
    try:
        ends = file.read_text("ascii", "replace").split()
    except OSError:
        return False
    git = git.with_environment(_NO_FETCH)
    parents = {end: _parents(git, end) for end in ends}
    lacking = _lacking(git, set(ends) | {one for before in parents.values() for one in before})
    kept = [end for end in ends if not lacking.isdisjoint((end, *parents[end]))]
    removed = [end for end in ends if end not in kept]
    if not removed or not _write(file, kept):
        return False
    if git.run("rev-list", "--quiet", *removed, "--", ok=()).code != 0:
        # Something older is missing: they were boundaries of a shallow clone after all.
        _write(file, ends)
        return False
    return True


def _parents(git: Git, commit: Oid) -> list[Oid]:
    """Returns the parents that the commit names, whether or not it is a boundary."""
    header = git.run("cat-file", "commit", commit, ok=()).text.partition("\n\n")[0]
    return [line.partition(" ")[2] for line in header.split("\n") if line.startswith("parent ")]


def _lacking(git: Git, commits: Collection[Oid]) -> set[Oid]:
    asked = "".join(f"{commit}\n" for commit in commits).encode()
    told = git.run("cat-file", "--batch-check=%(objectname)", input=asked, ok=()).text
    # Git prints `ID missing` for a missing object.
    return set(commits) - set(told.split("\n"))


def _write(file: Path, ends: Iterable[Oid]) -> bool:
    """Replaces the file under git's own lock, or deletes it if there are no `ends`.

    Returns False if it cannot take the lock, for example because another process has it.
    """
    lock = file.with_name(f"{SHALLOW}.lock")
    try:
        opened = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except OSError:
        return False
    try:
        with os.fdopen(opened, "w") as written:
            written.writelines(f"{end}\n" for end in ends)
        if lock.stat().st_size:
            lock.replace(file)
        else:
            file.unlink(missing_ok=True)
        return True
    finally:
        with suppress(OSError):
            lock.unlink()
