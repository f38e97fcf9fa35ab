"""Moves a branch that is checked out in a worktree of this repository, without losing local changes."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from gitcoord.errors import GitcoordError, answer_no
from gitcoord.git.bound_worktree import bound
from gitcoord.git.git_cli import Git, Oid

_PAUSES = (0.02, 0.1, 0.5)


def worktrees(git: Git) -> dict[str, Path]:
    """Returns the worktree of every checked-out branch, by full ref name; skips missing directories."""
    found: dict[str, Path] = {}
    path = None
    for field in worktree_fields(git):
        kind, _, value = field.partition(" ")
        if kind == "worktree":
            path = Path(value)
        elif kind == "branch" and path is not None and path.is_dir():
            found[value] = path
    return found


def linked_branches(git: Git) -> dict[str, Path]:
    """Returns the branches (short names) that linked worktrees have checked out."""
    fields = worktree_fields(git)
    main = Path(fields[0].partition(" ")[2])
    return {name.removeprefix("refs/heads/"): path for name, path in worktrees(git).items() if path != main}


def place_of(git: Git, branches: Mapping[str, Oid | None]) -> Path | None:
    """Returns the worktree on one of these branches (full names), else one at one of their commits."""
    places = worktrees(git)
    on_it = next((places[name] for name in branches if name in places), None)
    if on_it is not None:
        return on_it
    path, wanted = None, set(filter(None, branches.values()))
    for field in worktree_fields(git):
        kind, _, value = field.partition(" ")
        path = Path(value) if kind == "worktree" else path
        if kind == "HEAD" and value in wanted and path is not None and path.is_dir():
            return path
    return None


def worktree_fields(git: Git) -> list[str]:
    """Returns git's list of all worktrees; retries if git cannot read one that is being made."""
    listing = ("worktree", "list", "--porcelain", "-z")
    for seconds in _PAUSES:
        said = git.probe(*listing)
        if said is not None:
            return said.split("\0")
        time.sleep(seconds)
    return git.text(*listing).split("\0")


class WorktreeSync:
    """Updates index and files of affected worktrees to the new commits before their refs move.

    Files first, ref second: a run that is interrupted in between finds the files updated, and repeats
    harmlessly. Without `keep()`, undoes the updates. Raises `worktree-in-the-way` if local changes would be
    lost; then nothing has changed.
    """

    def __init__(
        self, git: Git, moves: Sequence[tuple[str, Oid | None, Oid | None]], common_dir: Path | None = None
    ) -> None:
        self._git = git
        self._common_dir = common_dir
        self._moves = moves
        self._moved: list[tuple[str, Path, Oid, Oid]] = []
        self._kept = False

    def keep(self) -> None:
        """Keeps the updates: the refs have moved."""
        self._kept = True

    def __enter__(self) -> "WorktreeSync":
        heads = [move for move in self._moves if move[0].startswith("refs/heads/") and move[1] and move[2]]
        places = worktrees(self._git) if heads else {}
        try:
            for ref, old, new in heads:
                if ref in places and old is not None and new is not None:
                    self._move(ref, places[ref], old, new)
        except BaseException:
            self._bring_back()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._kept:
            self._bring_back()

    def _move(self, ref: str, place: Path, old: Oid, new: Oid) -> None:
        if self._git.probe("rev-parse", "--verify", "--quiet", ref) != old:
            return  # Somebody was faster: the files follow that commit, and the ref will not move.
        ended = self._read_tree(place, old, new)
        if not ended:
            self._moved.append((ref, place, old, new))
            return
        branch = ref.removeprefix("refs/heads/")
        if "index.lock" in ended:
            raise GitcoordError(
                "worktree-locked",
                f"{branch} is checked out in {place}, and its index is locked: {ended}",
                hint="Wait until no git process works there; if none does, delete that lock file.",
            )
        raise answer_no(
            "worktree-in-the-way",
            f"{branch} is checked out in {place} with changes in the way: {ended}",
            "Commit or stash the changes there, then run the command again.",
        )

    def _bring_back(self) -> None:
        while self._moved:
            ref, place, old, new = self._moved.pop()
            # Keep files whose ref has moved after all: they match it.
            if self._git.probe("rev-parse", "--verify", "--quiet", ref) != new:
                self._read_tree(place, new, old)

    def _read_tree(self, place: Path, old: Oid, new: Oid) -> str:
        git = bound(self._git, place, self._common_dir)
        git.run("update-index", "-q", "--refresh", ok=(), environment={"GIT_OPTIONAL_LOCKS": "1"})
        ended = git.run("read-tree", "-m", "-u", old, new, ok=())
        return "" if ended.code == 0 else ended.reason.replace(os.linesep, " ")
