"""Moves a branch that is checked out in a worktree of this repository, without losing local changes."""

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from gitcoord.errors import GitcoordError, answer_no
from gitcoord.git.bound_worktree import bound
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.worktree_list import worktrees


class WorktreeSync:
    """Updates index and files of affected worktrees to the new commits before their refs move.

    Files first, refs second: after an interruption in between, the next run finds the files updated and does
    no harm. Without `keep()`, undoes the updates. Raises `worktree-in-the-way` if local changes would be
    lost, and `worktree-locked` if an index is locked; then nothing has changed.
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
            return  # Somebody was faster: the ref will not move, so leave the files.
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
