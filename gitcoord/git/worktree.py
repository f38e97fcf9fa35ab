"""The working copy: switches branches without losing anything, and leaves conflicted merges for a person."""

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import msgspec

from gitcoord.errors import Exit, GitcoordError, Passing, answer_no
from gitcoord.git.bound_worktree import administration, bound, damage
from gitcoord.git.failures import failure_of, in_the_way_of_checkout
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.git_result import GitResult
from gitcoord.git.hooked_commits import commit_with_hooks
from gitcoord.git.merge_tree import unmerged_spec
from gitcoord.git.remote_refs import HEADS
from gitcoord.git.repository import Repository
from gitcoord.git.worktree_list import worktrees
from gitcoord.text_lists import some

_OPERATIONS = {
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
}


class MergeState(msgspec.Struct, frozen=True, kw_only=True):
    """A merge in a working copy: whether one is in progress, and which paths are in conflict.

    `sides` maps these paths to the blobs of our and their side (`None`: deleted); `resolved` are the paths
    that were in conflict and have been staged since.
    """

    running: bool
    sides: Mapping[str, tuple[Oid | None, Oid | None]] = {}
    resolved: tuple[str, ...] = ()

    @property
    def unmerged(self) -> tuple[str, ...]:
        """The paths that are still in conflict."""
        return tuple(self.sides)


class WorkingCopy:
    """One working tree of the repository; git is bound to it."""

    def __init__(self, repository: Repository, directory: Path) -> None:
        self.directory = directory
        self._repository = repository

    @cached_property
    def git(self) -> Git:
        """The git of this working tree only; raises `no-worktree`."""
        return bound(self._repository.git, self.directory, self._repository.common_dir)

    def administration(self) -> Path | None:
        """Returns git's directory with index and HEAD of this linked worktree; None if git has none."""
        return administration(self._repository.common_dir, self.directory)

    def damage(self) -> str:
        """Describes the damage to the `.git` of this linked worktree; empty if there is none."""
        return damage(self._repository.common_dir, self.directory)

    def branch(self) -> str | None:
        """Returns the branch that is checked out, or None if HEAD is detached."""
        # Not `--short`: it answers `heads/main` if a tag has the same name.
        ref = self.git.probe("symbolic-ref", "--quiet", "HEAD")
        return None if ref is None else ref.removeprefix(HEADS)

    def operation(self) -> str | None:
        """Returns an unfinished `rebase`, `cherry-pick` or `revert`; None if there is none."""
        place = Path(self.git.text("rev-parse", "--absolute-git-dir"))
        return next((name for file, name in _OPERATIONS.items() if (place / file).exists()), None)

    def changes(self, *, untracked: bool) -> list[str]:
        """Returns the paths with uncommitted changes, with `untracked` also the untracked ones."""
        return [path for _, path in self._status(untracked=untracked)]

    def unstaged(self) -> list[str]:
        """Returns the paths that a commit would leave out: changed and not staged, or untracked."""
        return [path for state, path in self._status(untracked=True) if state[1] != " "]

    def show_hidden(self) -> list[str]:
        """Makes git examine files that somebody marked as unchanged; returns those files.

        The marks are `assume-unchanged`, and `skip-worktree` on files that exist. Does nothing in the main or
        a damaged worktree.
        """
        place = self.administration()
        if place is None or self.damage():
            return []
        listed = self.git.text("ls-files", "-v", "-z").split("\0")
        hidden = [entry[2:] for entry in listed if entry[:1].islower()]
        skipped = [entry[2:] for entry in listed if entry[:1] in ("S", "s")]
        skipped = [path for path in skipped if os.path.lexists(self.directory / path)]
        for option, files in (("--no-assume-unchanged", hidden), ("--no-skip-worktree", skipped)):
            if files:
                paths = b"\0".join(map(os.fsencode, files))
                self.git.run("update-index", option, "-z", "--stdin", input=paths)
        return list(dict.fromkeys((*hidden, *skipped)))

    def merge_state(self) -> MergeState:
        """Returns the state of the merge in progress."""
        if self.git.probe("rev-parse", "--verify", "--quiet", "MERGE_HEAD") is None:
            return MergeState(running=False)
        unmerged, undone = self._sides("--unmerged"), self._sides("--resolve-undo")
        sides = {path: (found.get("2"), found.get("3")) for path, found in unmerged.items()}
        resolved = tuple(path for path in undone if path not in sides)
        return MergeState(running=True, sides=sides, resolved=resolved)

    def switch(self, branch: str, start: Oid | None) -> None:
        """Checks out `branch`, created at `start` if that is given.

        Raises `unclean`, `in-use` or `git-failed`.
        """
        options = ("--no-track", "--create", branch, start) if start else ("--no-guess", branch)
        ended = self.git.run("switch", "--quiet", *options, ok=(), hooks=True)
        # A failing post-checkout hook makes git fail after the switch.
        if ended.code != 0 and self.branch() != branch:
            raise self._cannot_move(branch, ended)

    def fast_forward(self, commit: Oid) -> None:
        """Moves the checked-out branch forward to `commit`; raises `unclean` or `git-failed`."""
        ended = self.git.run("merge", "--quiet", "--ff-only", commit, ok=())
        if ended.code != 0:
            raise self._cannot_move(self.branch() or "HEAD", ended)

    def merge(self, commit: Oid, message: str, *, like: Oid | None = None) -> MergeState:
        """Merges `commit`; a conflict stays in the working copy.

        With `like`, a commit with the same tree but other parents, git merges `like`, and the merge commit
        names `commit` as its second parent. Files that match the `unmerged` patterns of `git` and conflict
        get the version in `commit`, unless a side deleted them. Raises `unclean` (exit 1), or `git-failed`
        if git cannot start the merge.
        """
        unclean = self.changes(untracked=False)
        if unclean:
            raise answer_no(
                "unclean",
                f"{self.directory} has uncommitted changes in the way of a merge: {', '.join(unclean[:5])}.",
                "Commit them first, then run the command again.",
            )
        other = like is not None and like != commit
        options = ("--no-ff", *(["--no-commit"] if other else []), "-m", message, like or commit)
        ended = self.git.run("merge", *options, ok=(), environment=self._repository.identity)
        state = self.merge_state()
        if ended.code != 0 and not state.running:
            raise self._cannot_move(self.branch() or "HEAD", ended)
        taken = self._take_theirs(state)
        if taken:
            state = self.merge_state()
        if other and state.running:
            place = Path(self.git.text("rev-parse", "--path-format=absolute", "--git-path", "MERGE_HEAD"))
            place.write_text(f"{commit}\n")
        if state.running and ((other and ended.code == 0) or (taken and not state.unmerged)):
            self.conclude_merge(())
            return self.merge_state()
        return state

    def _take_theirs(self, state: MergeState) -> list[str]:
        """Takes the other side's version of conflicting `unmerged` files, and returns their paths."""
        if not self.git.unmerged:
            return []
        spec = unmerged_spec(self.git)
        paths = [path for path, sides in state.sides.items() if None not in sides and spec.match_file(path)]
        if paths:
            literal = [f":(top,literal){path}" for path in paths]
            self.git.run("checkout", "--theirs", "--", *literal)
            self.git.run("add", "--", *literal)
        return paths

    def conclude_merge(self, paths: tuple[str, ...]) -> None:
        """Stages the resolved `paths` and commits the merge in progress; raises `git-failed`."""
        if paths:
            self.git.run("add", "--", *(f":(literal){path}" for path in paths))
        if refused := commit_with_hooks(self.git, "--no-edit", environment=self._repository.identity):
            raise GitcoordError(
                "git-failed", f"The merge in {self.directory} could not be committed: {refused}."
            )

    def unresolved(self, state: MergeState) -> list[str]:
        """Returns the paths of a merge that still need a decision.

        For a path that is not staged, git does not record whether somebody has resolved it. Such a path
        counts as resolved only if both sides had a file, and the present file differs from our side's and has
        no conflict markers.
        """
        unmerged = [path for path in state.unmerged if not self._was_edited(path, *state.sides[path])]
        marked = [path for path in (*state.unmerged, *state.resolved) if self._has_markers(path)]
        return list(dict.fromkeys(unmerged + marked))

    def _status(self, *, untracked: bool) -> list[tuple[str, str]]:
        which = "normal" if untracked else "no"
        options = ("--porcelain", "-z", "--no-renames", f"--untracked-files={which}")
        fields = self.git.text("status", *options).split("\0")
        return [(field[:2], field[3:]) for field in fields if field]

    def _sides(self, which: str) -> dict[str, dict[str, Oid]]:
        found: dict[str, dict[str, Oid]] = {}
        for line in filter(None, self.git.text("ls-files", which, "--full-name", "-z").split("\0")):
            entry, _, path = line.partition("\t")
            _, oid, number = entry.split(" ")
            found.setdefault(path, {})[number] = oid
        return found

    def _was_edited(self, path: str, ours: Oid | None, theirs: Oid | None) -> bool:
        file = self.directory / path
        if ours is None or theirs is None or file.is_symlink() or not file.is_file():
            return False
        return self.git.text("hash-object", "--", path) != ours

    def _has_markers(self, path: str) -> bool:
        file = self.directory / path
        if file.is_symlink() or not file.is_file():
            return False
        starts = {line[:8] for line in file.read_bytes().splitlines()}
        return b"<<<<<<< " in starts or b">>>>>>> " in starts

    def _cannot_move(self, branch: str, ended: GitResult) -> GitcoordError:
        place = worktrees(self.git).get(HEADS + branch)
        if place is not None and place != self.directory:
            return in_use(branch, place)
        lines = in_the_way_of_checkout(ended.stderr)
        if lines:
            return answer_no(
                "unclean",
                f"Updating {self.directory} for {branch} would overwrite {some(lines)}.",
                "Commit or move these files first, then run the command again.",
            )
        return GitcoordError(
            "git-failed",
            f"Git could not update {self.directory} for {branch}: {ended.reason}",
            passing=failure_of(ended.stderr).passing,
        )


def in_use(branch: str, place: Path) -> GitcoordError:
    """Makes the error (exit 1) for a branch that is checked out somewhere else."""
    return answer_no(
        "in-use",
        f"{branch} is already checked out in {place}.",
        f"Work in {place}, or switch to another branch there.",
    )


def add_worktree(repository: Repository, directory: Path, branch: str, start: Oid | None) -> Path:
    """Makes `directory` a worktree on `branch`, created at `start` if that is given.

    One at a time: git itself fails when it adds worktrees in parallel. Raises `in-use` or `worktree-failed`
    (exit 1).
    """
    from filelock import FileLock

    options = ("--no-track", "-b", branch) if start else ()
    target = (str(directory), start) if start else (str(directory), branch)
    place = worktrees(repository.git).get(HEADS + branch)
    if place is not None:
        raise in_use(branch, place)
    with FileLock(repository.common_dir / "gitcoord-worktree.lock"):
        # Check first, because git makes the branch before it looks at the directory.
        if directory.exists() and not (directory.is_dir() and not any(directory.iterdir())):
            raise _no_worktree(directory, branch, "it exists and is not empty.")
        if not directory.exists():
            # A worktree whose directory was deleted stays on git's list, and keeps its branch.
            repository.git.run("worktree", "remove", "--", str(directory), ok=())
        ended = repository.git.run("worktree", "add", "--quiet", *options, "--", *target, ok=())
    if ended.code != 0:
        raise _no_worktree(directory, branch, ended.reason, failure_of(ended.stderr).passing)
    return directory


def _no_worktree(directory: Path, branch: str, why: str, passing: Passing | None = None) -> GitcoordError:
    return GitcoordError(
        "worktree-failed",
        f"{directory} cannot become a worktree on {branch}: {why}",
        hint="Choose another directory, or remove what is there; `git worktree prune` removes missing "
        "worktrees from git's list.",
        exit=Exit.NO,
        passing=passing,
    )
