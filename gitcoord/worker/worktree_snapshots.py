"""Snapshots of the work in this clone's worktrees, committed or not, as commits in a quarantine."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from gitcoord.conflicts.model import BranchInput
from gitcoord.git.bound_worktree import bound
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.remote_refs import HEADS
from gitcoord.git.repository import Repository
from gitcoord.git.worktree_list import worktrees
from gitcoord.git.write_commits import commit_tree, fixed_author
from gitcoord.tasks.model import TaskId


class WorktreeSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A task's worktree. `commit` has its files; `uncommitted`: that commit is in the quarantine only."""

    task: TaskId
    directory: str
    commit: Oid
    uncommitted: bool


_LARGEST, _ALTOGETHER = 16 << 20, 256 << 20
"""Maximum bytes of one uncommitted file, and of all: others are left out, because git copies each file."""

Seen = tuple[Repository, list[BranchInput], tuple[WorktreeSnapshot, ...]]


@contextmanager
def with_working_copies(repository: Repository, branches: Sequence[BranchInput]) -> Iterator[Seen]:
    """Yields the branches as they are in this clone's worktrees, and a repository with those commits.

    Writes neither to the user's repository nor to any index.
    """
    with repository.git.quarantine() as git:
        know_the_repository(repository.git, git)
        inside = Repository(git, repository.root, repository.common_dir, repository.remote)
        # The directory of the repository itself: `repository` may be a copy.
        here = repository.git.at(repository.git.directory)
        places = worktrees(here)
        common_dir = Path(here.text("rev-parse", "--path-format=absolute", "--git-common-dir"))
        copies = {
            branch.task: _copy(git, branch.task, places[HEADS + branch.branch], common_dir)
            for branch in branches
            if not branch.landed and HEADS + branch.branch in places
        }
        seen = [
            msgspec.structs.replace(branch, commit=copies[branch.task].commit)
            if branch.task in copies
            else branch
            for branch in branches
        ]
        yield inside, seen, tuple(copies.values())


def fingerprint(repository: Repository, branches: Sequence[BranchInput]) -> tuple[WorktreeSnapshot, ...]:
    """The current snapshots of the worktrees, to compare with later ones."""
    with with_working_copies(repository, branches) as (_, _, copies):
        return copies


def know_the_repository(git: Git, quarantined: Git) -> None:
    """Lets the quarantine `quarantined` find the objects of `git`, which may be a quarantine, too."""
    ask = ("rev-parse", "--path-format=absolute", "--git-path", "objects")
    info = Path(quarantined.text(*ask), "info")
    info.mkdir(exist_ok=True)
    (info / "alternates").write_bytes(os.fsencode(git.text(*ask)) + b"\n")


def _too_large(git: Git, directory: Path, environment: Mapping[str, str]) -> list[bytes]:
    """Returns pathspecs that exclude files above the limits."""
    which = ("--others", "--modified", "--exclude-standard", "-z")
    left, found = _ALTOGETHER, []
    listed = git.run("ls-files", *which, environment=environment, ok=()).stdout
    for path in filter(None, listed.split(b"\0")):
        try:
            size = (directory / os.fsdecode(path)).lstat().st_size
        except OSError:
            continue
        if size > min(left, _LARGEST):
            found.append(b":(exclude,top,literal)" + path)
        else:
            left -= size
    return found


def _copy(git: Git, task: TaskId, directory: Path, common_dir: Path) -> WorktreeSnapshot:
    here = bound(git, directory, common_dir)
    head = here.text("rev-parse", "--verify", "HEAD")
    with tempfile.TemporaryDirectory(prefix="gitcoord-index-") as scratch:
        index = Path(scratch, "index")
        own = Path(here.text("rev-parse", "--path-format=absolute", "--git-path", "index"))
        if own.is_file():
            shutil.copy(own, index)
        environment = {"GIT_INDEX_FILE": str(index)}
        wanted = b"\0".join([b".", *_too_large(here, directory, environment)])
        how = ("--all", "--ignore-errors", "--pathspec-from-file=-", "--pathspec-file-nul")
        here.run("add", *how, input=wanted, environment=environment, ok=())
        tree = here.run("write-tree", environment=environment).text
    uncommitted = tree != here.text("rev-parse", "--verify", f"{head}^{{tree}}")
    commit = head
    if uncommitted:
        # The same work gives the same commit, which shows whether anything has changed.
        who = fixed_author("@0 +0000")
        commit = commit_tree(git, tree, [head], "uncommitted work", environment=who)
    return WorktreeSnapshot(task=task, directory=str(directory), commit=commit, uncommitted=uncommitted)
