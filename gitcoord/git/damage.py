"""Recognizes a repository that git does not accept because a part of it is gone, and names that part.

Source: https://git-scm.com/docs/gitrepository-layout (`HEAD`, `objects` and `refs` make a repository).
"""

import os
from contextlib import suppress
from pathlib import Path

from gitcoord.errors import GitcoordError
from gitcoord.git.failures import failure_of

_PARTS = ("HEAD", "objects", "refs")


def git_failed(what: str, said: str, directory: Path, git_directory: str) -> GitcoordError:
    """Makes the error with the message `what` for a git command that failed with the output `said`.

    If the repository at `directory` is damaged, makes that error instead.
    """
    failure = failure_of(said)
    broken = damaged(directory, git_directory) if failure.cause == "no-repository" else None
    return broken or GitcoordError("git-failed", what, passing=failure.passing)


def damaged(start: Path, git_directory: str = "") -> GitcoordError | None:
    """Makes the error `damaged-repository` for the repository around `start`, or at `git_directory`.

    Returns None if there is no repository, or nothing is missing.
    """
    found = Path(git_directory) if git_directory else _link_above(start)
    place = None if found is None else _common(found)
    # Any directory may be named `.git`; one with a `config` was a repository.
    if place is None or not (place / "config").is_file():
        return None
    gone = [part for part in _PARTS if not os.path.lexists(place / part)]
    if not gone:
        return None
    verb = "is" if len(gone) == 1 else "are"
    return GitcoordError(
        "damaged-repository",
        f"The repository at {place} is damaged: {' and '.join(gone)} {verb} gone.",
        hint="Restore that from a backup, or clone again. The files of your working tree and of the agents' "
        "checkouts are untouched.",
        passing="never",
    )


def _link_above(start: Path) -> Path | None:
    places = (path / ".git" for path in (start.absolute(), *start.absolute().parents))
    return next((place for place in places if os.path.lexists(place)), None)


def _common(place: Path) -> Path:
    """Returns the git directory that all worktrees share, from the `.git` of one of them."""
    with suppress(OSError, ValueError):
        if place.is_file():
            place = place.parent / os.fsdecode(place.read_bytes()).strip().removeprefix("gitdir: ")
        common = place / "commondir"
        if common.is_file():
            place = Path(os.path.normpath(place / os.fsdecode(common.read_bytes()).strip()))
    return place
