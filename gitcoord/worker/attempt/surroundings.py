"""The state outside an attempt's checkout at one moment: worktrees, refs, the stash, hooks.

Skips checkouts in which another attempt is running, and worktrees and files above a limited number.
"""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path

import msgspec

from gitcoord.errors import GitcoordError
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.refs import read_refs
from gitcoord.git.remote_refs import HEADS
from gitcoord.git.repository import Repository
from gitcoord.landing.level_branch_names import round_names
from gitcoord.path_search import matching_paths
from gitcoord.planning.model import Plan
from gitcoord.worker.attempt.paths import newest_attempt
from gitcoord.worker.attempt.pid_file import died_here
from gitcoord.worker.unit import subtask_branch

REMOTES = "refs/remotes/"
_STASH = "refs/stash"
_MOST_FILES = 5000
_MOST_CHECKOUTS = 20
_BEFORE_PATH = {"1": 7, "u": 9}
"""Words between the kind of an entry and its path."""
_CLOCK = 20_000_000
"""Nanoseconds by which the clock of a file system may lag behind the system's."""

FileMark = tuple[str, int, int]
"""Git's status letters for a file, its ctime (ns), and its size (bytes)."""


class IdleCheckout(msgspec.Struct, frozen=True, kw_only=True):
    """A worktree without a running attempt.

    `attempts` is the number of its newest attempt (0: unknown; None: the worktree is not an attempt's).
    """

    head: str
    commit: Oid
    files: Mapping[str, FileMark]
    attempts: int | None = None


class SurroundingsLook(msgspec.Struct, frozen=True, kw_only=True):
    """The state outside the checkout `own` at the moment `at` (ns since the epoch)."""

    own: str
    branch: str
    at: int
    checkouts: Mapping[str, IdleCheckout]
    worktrees: frozenset[str]
    """The resolved paths of all worktrees."""
    refs: Mapping[str, Oid]
    in_use: frozenset[str]
    """The branches that attempts have checked out."""
    lands_on: str = ""
    """The base's ref, only set without a remote: then landing moves it in this repository."""
    stash: Mapping[Oid, str]
    hooks: Mapping[str, tuple[int, int]]


def observe_surroundings(repository: Repository, plan: Plan, own: Path, branch: str) -> SurroundingsLook:
    """Observes the state outside the checkout `own`, which is on `branch`.

    Raises `git-failed` if git cannot answer.
    """
    at = time.time_ns() - _CLOCK
    checkouts, in_use = _checkouts(repository, own)
    refs = read_refs(repository.git, HEADS, "refs/tags/", REMOTES, _STASH).targets
    stash = repository.git.text("stash", "list", "--format=%H %gs") if _STASH in refs else ""
    is_plans = _Names(plan)
    entries = (line.partition(" ") for line in stash.split("\n") if line)
    return SurroundingsLook(
        own=str(own),
        branch=branch,
        at=at,
        checkouts=checkouts,
        worktrees=frozenset(_plain(str(path.resolve())) for path, _ in worktree_places(repository)),
        refs={_plain(ref): oid for ref, oid in refs.items() if ref != _STASH and not is_plans.has(ref)},
        in_use=frozenset(in_use),
        lands_on="" if repository.remote is not None else HEADS + plan.base,
        stash={oid: _plain(message) for oid, _, message in entries},
        hooks=_hook_files(repository.common_dir),
    )


class _Names:
    """The plan's own branches, which do not count here: their changes are checked when they are submitted."""

    def __init__(self, plan: Plan) -> None:
        self._names = {task.branch for task in plan.tasks.values()}
        for task in plan.tasks.values():
            self._names |= {subtask_branch(task.branch, task.id, part.id) for part in task.subtasks}
        for level in plan.levels:
            # Each further round lands at least one deferred task, so these names are enough.
            self._names |= set(islice(round_names(level), len(level.tasks) + 1))

    def has(self, ref: str) -> bool:
        return ref.removeprefix(HEADS) in self._names


def _checkouts(repository: Repository, own: Path) -> tuple[dict[str, IdleCheckout], set[str]]:
    """Other worktrees without a running attempt, and the branches that other attempts have checked out."""
    found, in_use = dict[str, IdleCheckout](), set[str]()
    for path, place in islice(worktree_places(repository), _MOST_CHECKOUTS):
        if path.resolve() == own.resolve() or not path.is_dir():
            continue
        head = (place / "HEAD").read_text("utf-8", "replace").strip().removeprefix("ref: ")
        is_attempts = path.parent == own.parent
        newest = newest_attempt(repository.common_dir, path) if is_attempts else None
        if is_attempts:
            in_use.add(head)
            # An attempt that has just begun has no record yet.
            if newest is not None and not died_here(newest):
                continue
        made = int(newest.name.rpartition("-")[2]) if newest is not None else 0
        attempts = made if is_attempts else None
        with suppress(GitcoordError):  # a damaged worktree is left to its owner
            commit, files = _status(repository.git.within(place, path), path, own.parent)
            found[_plain(str(path))] = IdleCheckout(head=head, commit=commit, files=files, attempts=attempts)
    return found, in_use


def worktree_places(repository: Repository) -> Iterator[tuple[Path, Path]]:
    """Yields the main worktree and the linked ones, each with the directory of its HEAD and index.

    Reads git's own files, which needs no process.
    """
    if repository.common_dir.name == ".git":
        yield repository.common_dir.parent, repository.common_dir
    for record in sorted(matching_paths(repository.common_dir / "worktrees", "*/gitdir")):
        with suppress(OSError):  # git may be removing the record at this moment
            link = record.read_text("utf-8", "surrogateescape").rstrip("\n")
            yield (record.parent / link).parent, record.parent


def _status(git: Git, top: Path, checkouts: Path) -> tuple[Oid, dict[str, FileMark]]:
    """Returns the commit of a worktree, and its changed, untracked and ignored files, not directories.

    Source: https://git-scm.com/docs/git-status (porcelain format version 2).
    """
    options = ("--porcelain=v2", "--branch", "-z", "--no-renames", "--untracked-files=all")
    shown = git.text(
        *("--no-optional-locks", "status", *options, "--ignored=matching", "--ignore-submodules=dirty")
    )
    commit, files = "", dict[str, FileMark]()
    for field in islice(filter(None, shown.split("\0")), _MOST_FILES):
        kind, _, rest = field.partition(" ")
        if kind == "#":
            commit = rest.removeprefix("branch.oid ") if rest.startswith("branch.oid ") else commit
            continue
        words = rest.split(" ", _BEFORE_PATH.get(kind, 0))
        path, state = words[-1], words[0] if len(words) > 1 else kind
        here = top / path
        inside = top in checkouts.parents and (here == checkouts or checkouts in here.parents)
        if not inside and not (kind == "!" and path.endswith("/")):
            files[_plain(path)] = (state, *file_mark(here))
    return commit, files


def _plain(name: str) -> str:
    """Returns the name in a form that JSON can hold, whatever its bytes."""
    return os.fsencode(name).decode("utf-8", "replace")


def file_mark(path: Path) -> tuple[int, int]:
    """Returns the ctime (ns) and the size (bytes) of a file's entry; (0, 0) if there is no file."""
    try:
        entry = path.lstat()
    except OSError:
        return 0, 0
    return entry.st_ctime_ns, entry.st_size


def _hook_files(common_dir: Path) -> dict[str, tuple[int, int]]:
    """The marks of files in git's directory that affect all checkouts: hooks, replaced objects …"""
    files = ("info/exclude", "info/attributes", "info/grafts", "objects/info/alternates")
    paths = (
        *matching_paths(common_dir / "hooks", "*"),
        *matching_paths(common_dir / "refs/replace", "*"),
        *(common_dir / name for name in files),
    )
    return {str(path.relative_to(common_dir)): file_mark(path) for path in paths}
