"""Nested repositories that an agent made in its checkout: their files are work, but git would skip them."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from gitcoord.errors import GitcoordError
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.remote_refs import HEADS
from gitcoord.git.repository import Repository
from gitcoord.git.worktree import WorkingCopy
from gitcoord.text_lists import some
from gitcoord.worker.attempt.kept_commits import put_aside

_MOST_BRANCHES = 50


class NestedResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result: a `problem`, or `notes` on the repositories whose files now belong to the checkout."""

    problem: str = ""
    notes: tuple[str, ...] = ()


def absorb(
    repository: Repository, copy: WorkingCopy, passed_over: Sequence[str], *, add: bool
) -> NestedResult:
    """Turns the repositories at `passed_over` into ordinary files; moves their `.git` to the git directory.

    A repository with a remote, or one that is a worktree, is a problem; without `add` every repository is. If
    there is a problem, changes nothing.
    """
    found = [link for path in passed_over for link in _links(copy.directory / path)]
    foreign = [_named(copy, link) for link in found if not add or _is_foreign(copy.git, link)]
    if foreign:
        return NestedResult(
            problem=f"the agent left nested repositories, which no commit can contain: {some(foreign)}"
        )
    notes = []
    # Inner repositories first: they are below the outer ones.
    for link in reversed(found):
        aside = put_aside(repository, link, link.parent.name)
        notes.append(
            f"the files of the repository {_named(copy, link)} are committed; its .git is in {aside}"
        )
    return NestedResult(notes=tuple(notes))


def move_out(repository: Repository, directory: Path) -> tuple[Path, ...]:
    """Moves nested repositories to the git directory before a checkout is removed; returns their new paths.

    `keep_uncommitted` keeps their files and unpushed commits, but not the repositories.
    """
    copy = WorkingCopy(repository, directory)
    with suppress(GitcoordError):  # the checkout is half removed
        listed = copy.git.text("ls-files", "--others", "--exclude-standard", "-z").split("\0")
        found = [copy.directory / path for path in listed if path.endswith("/")]
        return tuple(put_aside(repository, path, directory.name) for path in found)
    return ()


def files_inside(copy: WorkingCopy, passed_over: Sequence[str]) -> list[str]:
    """The files of the nested repositories at `passed_over` that git does not ignore."""
    found = [
        os.path.relpath(Path(above, name), copy.directory)
        for path in passed_over
        for above, names, files in _walk(copy.directory / path)
        for name in (*files, *(name for name in names if Path(above, name).is_symlink()))
        if name != ".git"
    ]
    asked = b"\0".join(map(os.fsencode, found))
    shown = copy.git.run("check-ignore", "-z", "--stdin", input=asked, ok=()).stdout if found else b""
    ignored = set(shown.split(b"\0"))
    return [path for path in found if os.fsencode(path) not in ignored]


def commits_inside(copy: WorkingCopy, passed_over: Sequence[str]) -> tuple[list[Oid], list[str]]:
    """Fetches the commits of the nested repositories at `passed_over` that no remote of theirs has.

    Returns the fetched heads, and a sentence for each repository whose commits could not be fetched.
    """
    heads, notes = list[Oid](), list[str]()
    for link in [link for path in passed_over for link in _links(copy.directory / path)]:
        inside = copy.git.at(link.parent)
        # The branches of a worktree are in its repository, and stay there.
        listed = inside.probe("for-each-ref", "--format=%(refname)", HEADS) if _is_whole(link) else ""
        named = (listed or "").split("\n")[:_MOST_BRANCHES]
        head = inside.probe("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        wanted = [*(["HEAD"] if head else []), *filter(None, named)]
        own = inside.probe("rev-list", "--ignore-missing", *wanted, "--not", "--remotes", "--")
        if not wanted or own == "":  # None: git cannot tell.
            continue
        options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance")
        ended = copy.git.run("fetch", *options, "--", str(link.parent), *wanted, ok=())
        if ended.code:
            notes.append(f"the commits of the repository {_named(copy, link)} cannot be kept: {ended.reason}")
        else:
            heads += (inside.probe("rev-parse", *wanted) or "").split()
    return list(dict.fromkeys(heads)), notes


def _walk(top: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    for directory, names, files in os.walk(top):
        names[:] = [name for name in names if name != ".git"]
        yield directory, names, files


def _links(top: Path) -> Iterator[Path]:
    """Yields each `.git` in `top` and below."""
    for directory, names, files in os.walk(top):
        if ".git" in names or ".git" in files:
            yield Path(directory, ".git")
        names[:] = [name for name in names if name != ".git"]


def _is_whole(link: Path) -> bool:
    return link.is_dir() and not link.is_symlink()


def _is_foreign(git: Git, link: Path) -> bool:
    inside = git.at(link.parent)
    if not link.is_dir():
        return True  # a worktree of a repository elsewhere
    return inside.probe("rev-parse", "--git-dir") is not None and bool(inside.probe("remote"))


def _named(copy: WorkingCopy, link: Path) -> str:
    return str(link.parent.relative_to(copy.directory))
