"""The working copy: switching without losing anything, merges left for a person, worktrees."""

from pathlib import Path

import msgspec

from gitcoord.errors import GitcoordError, answer_no
from gitcoord.git.checked_out import worktrees
from gitcoord.git.repository import Repository
from gitcoord.git.run import Git, Oid
from gitcoord.git.shared import HEADS


class MergeState(msgspec.Struct, frozen=True, kw_only=True):
    """A merge in a working copy: whether one is in progress, and which paths are still in conflict."""

    running: bool
    unmerged: tuple[str, ...] = ()


class WorkingCopy:
    """One working tree of the repository."""

    def __init__(self, repository: Repository, directory: Path) -> None:
        self.directory = directory
        self._repository = repository
        self.git: Git = repository.git.at(directory)

    def branch(self) -> str | None:
        """The branch that is checked out, or None when HEAD is detached."""
        return self.git.probe("symbolic-ref", "--quiet", "--short", "HEAD")

    def changes(self, *, untracked: bool) -> list[str]:
        """The paths with uncommitted changes, those git does not know included when asked."""
        which = "normal" if untracked else "no"
        fields = self.git.text("status", "--porcelain", "-z", f"--untracked-files={which}").split("\0")
        return [field[3:] for field in fields if len(field) > 3 and field[2] == " "]

    def merge_state(self) -> MergeState:
        """Whether a merge is in progress."""
        running = self.git.probe("rev-parse", "--verify", "--quiet", "MERGE_HEAD") is not None
        unmerged = self.git.text("diff", "--name-only", "--diff-filter=U", "-z").split("\0")
        return MergeState(running=running, unmerged=tuple(dict.fromkeys(filter(None, unmerged))))

    def switch(self, branch: str, start: Oid | None) -> None:
        """Checks out `branch`, made at `start` unless that is None. Raises `unclean` or `in-use` (exit 1)."""
        options = ("--create", branch, start) if start else (branch,)
        no_track = ("--no-track",) if start else ()
        ended = self.git.run("switch", "--quiet", *no_track, *options, ok=(), hooks=True)
        if ended.code != 0:
            raise self._cannot_switch(branch, ended.stderr)

    def fast_forward(self, commit: Oid) -> None:
        """Moves the checked-out branch ahead to `commit`; raises `unclean` (exit 1)."""
        ended = self.git.run("merge", "--quiet", "--ff-only", commit, ok=())
        if ended.code != 0:
            raise self._cannot_switch(self.branch() or "HEAD", ended.stderr)

    def merge(self, commit: Oid, message: str) -> MergeState:
        """Merges `commit`; a conflict stays in the working copy. Raises when git cannot even begin."""
        ended = self.git.run(
            "merge", "--no-ff", "-m", message, commit, ok=(), environment=self._repository.identity
        )
        state = self.merge_state()
        if ended.code != 0 and not state.running:
            raise GitcoordError("git-failed", f"Merging {commit[:12]} could not begin: {ended.reason}")
        return state

    def conclude_merge(self, paths: tuple[str, ...]) -> None:
        """Stages the resolved `paths` and commits the merge in progress."""
        if paths:
            self.git.run("add", "--", *(f":(literal){path}" for path in paths))
        who = self._repository.identity
        self.git.run("commit", "--quiet", "--no-edit", hooks=True, environment=who)

    def marked(self, paths: tuple[str, ...]) -> list[str]:
        """Those of `paths` whose file still holds a conflict marker, or that are gone."""
        left = []
        for path in paths:
            file = self.directory / path
            if file.is_symlink():
                continue
            if not file.is_file() or any(
                line.startswith((b"<<<<<<< ", b">>>>>>> ")) for line in file.read_bytes().splitlines()
            ):
                left.append(path)
        return left

    def _cannot_switch(self, branch: str, stderr: str) -> GitcoordError:
        place = worktrees(self.git).get(HEADS + branch)
        if place is not None and place != self.directory:
            return answer_no("in-use", f"{branch} is checked out in {place} already.", f"Work in {place}.")
        lines = [line.strip() for line in stderr.splitlines() if line.startswith("\t")]
        paths = ", ".join(lines[:5]) or stderr.strip().splitlines()[-1]
        return answer_no(
            "unclean",
            f"Switching {self.directory} to {branch} would lose uncommitted work: {paths}.",
            "Commit or stash it first.",
        )


def add_worktree(repository: Repository, directory: Path, branch: str, start: Oid | None) -> Path:
    """Makes `directory` a worktree on `branch`, made at `start` unless that is None.

    One at a time: adding worktrees in parallel fails in git itself.
    """
    from filelock import FileLock

    options = ("--no-track", "-b", branch) if start else ()
    target = (str(directory), start) if start else (str(directory), branch)
    with FileLock(repository.common_dir / "gitcoord-worktree.lock"):
        ended = repository.git.run("worktree", "add", "--quiet", *options, "--", *target, ok=())
    if ended.code != 0:
        raise answer_no(
            "worktree-failed",
            f"{directory} cannot become a worktree on {branch}: {ended.reason}",
            "Choose another directory, or remove what is there.",
        )
    return directory
