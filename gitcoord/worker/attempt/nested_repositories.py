"""Repositories that an agent made inside its checkout: their files are work, and git would pass over them."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from gitcoord.errors import GitcoordError
from gitcoord.git.git_cli import Git
from gitcoord.git.repository import Repository
from gitcoord.git.worktree import WorkingCopy
from gitcoord.text_lists import some
from gitcoord.worker.attempt.kept_commits import put_aside


class NestedResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of them: a `problem`, or `notes` on those whose files are the checkout's own now."""

    problem: str = ""
    notes: tuple[str, ...] = ()


def take_in(
    repository: Repository, copy: WorkingCopy, passed_over: Sequence[str], *, add: bool
) -> NestedResult:
    """Makes ordinary files of the repositories at the paths `passed_over`; their `.git` is kept elsewhere.

    A repository that has a remote is somebody else's, and one that is a worktree may hold what is nowhere
    else: they are a problem, and so are all without `add`. Nothing has been changed then.
    """
    found = [link for path in passed_over for link in _links(copy.directory / path)]
    foreign = [_named(copy, link) for link in found if not add or _is_foreign(copy.git, link)]
    if foreign:
        return NestedResult(
            problem=f"it left repositories of their own, which no commit can hold: {some(foreign)}"
        )
    notes = []
    # The inner ones first: they are below what is moved.
    for link in reversed(found):
        aside = put_aside(repository, link, link.parent.name)
        notes.append(
            f"the files of the repository {_named(copy, link)} are committed; its .git is in {aside}"
        )
    return NestedResult(notes=tuple(notes))


def move_out(repository: Repository, directory: Path) -> tuple[Path, ...]:
    """Moves repositories out of a checkout that is to go, into the git directory; returns where they are.

    Git's stash passes over them, too.
    """
    copy = WorkingCopy(repository, directory)
    with suppress(GitcoordError):  # half taken away
        listed = copy.git.text("ls-files", "--others", "--exclude-standard", "-z").split("\0")
        found = [copy.directory / path for path in listed if path.endswith("/")]
        return tuple(put_aside(repository, path, directory.name) for path in found)
    return ()


def _links(top: Path) -> Iterator[Path]:
    """Every `.git` at `top` and below."""
    for directory, names, files in os.walk(top):
        if ".git" in names or ".git" in files:
            yield Path(directory, ".git")
        names[:] = [name for name in names if name != ".git"]


def _is_foreign(git: Git, link: Path) -> bool:
    inside = git.at(link.parent)
    if not link.is_dir():
        return True  # the worktree of a repository that is somewhere else
    return inside.probe("rev-parse", "--git-dir") is not None and bool(inside.probe("remote"))


def _named(copy: WorkingCopy, link: Path) -> str:
    return str(link.parent.relative_to(copy.directory))
