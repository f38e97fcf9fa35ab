"""Keeps changes to the task list out of task branches, unless the settings allow them.

Each agent sets its task's status in the list, so all branches would conflict in that one file. The
branch keeps its commits; one more commit restores the list. The file on disk stays as it is.
"""

import fnmatch
import glob
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import msgspec

from gitcoord.conflicts.fork_points import find_forks
from gitcoord.conflicts.model import BranchInput
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.remote_refs import HEADS, RefUpdate
from gitcoord.git.repository import Repository
from gitcoord.git.stacks import Stacks
from gitcoord.git.worktree import WorkingCopy
from gitcoord.git.worktree_list import worktrees
from gitcoord.git.write_commits import commit_tree, fixed_author
from gitcoord.settings import Settings
from gitcoord.worker.own_work import began_at
from gitcoord.worker.task_context import TaskContext
from gitcoord.worker.worktree_snapshots import know_the_repository

_USUAL = (".taskmaster/tasks/tasks.json", ".taskmaster/state.json")
_GENERATED = ("task_[0-9]*.md", "task_[0-9]*.txt")
"""The files that `task-master generate` writes: one for each task, with the status of its dependencies."""
_MESSAGE = "Leave the task list as it was"
_DATE = "@0 +0000"


def list_paths(settings: Settings, source: str) -> tuple[str, ...]:
    """Patterns of TaskMaster's files and of the task list `source`; empty if changes to lists are kept.

    Leaves out a `source` with one file for each task: changes of status cause no conflicts there, and land.
    """
    if settings.task_list_changes == "keep":
        return ()
    own = [source] if source and source not in _USUAL and not source.endswith("/") else []
    folders = [PurePosixPath(path).parent for path in (_USUAL[0], *own) if path.endswith("tasks/tasks.json")]
    generated = [f"{glob.escape(str(folder))}/{name}" for folder in folders for name in _GENERATED]
    return (*_USUAL, *map(glob.escape, own), *generated)


def paths_at(context: TaskContext) -> tuple[str, ...]:
    """The patterns for the context's plan."""
    return list_paths(context.settings, context.plan.source)


def changed_lists(context: TaskContext, head: Oid | None) -> tuple[str, ...]:
    """The files of the task list that `head` changes."""
    since = None if head is None else began_at(context, head)
    return (
        ()
        if since is None or head is None
        else _changed(context.repository.git, since, head, paths_at(context))
    )


def list_note(paths: Sequence[str]) -> list[str]:
    """The note for the worker that `paths` of the list were restored; empty without paths."""
    if not paths:
        return []
    return [
        f"left out changes to the task list ({', '.join(paths)}): one more commit restores it, and "
        'the file on disk stays as it is; `task-list-changes = "keep"` lands them'
    ]


def put_lists_back(context: TaskContext) -> tuple[str, ...]:
    """Restores the list on the task's branch with one more commit; returns the restored files.

    Does nothing while changes are staged or a merge is in progress there.
    """
    head = context.local_tip or context.shared_tip
    found = changed_lists(context, head)
    since = None if head is None else began_at(context, head)
    if not found or head is None or since is None:
        return ()
    ref, git = HEADS + context.task.branch, context.repository.git
    place = worktrees(git).get(ref)
    here = git.at(place) if place is not None else None
    if here is not None and (
        here.lines("diff", "--cached", "--name-only") or here.probe("rev-parse", "MERGE_HEAD")
    ):
        return ()
    commit = _without(git, since, head, found, _MESSAGE, context.repository.identity)
    if context.local_tip is None:
        context.shared.publish([RefUpdate(ref, head, commit)])
        return found
    git.run("update-ref", "-m", _MESSAGE, ref, commit, head)
    if here is not None:
        # Change only the index: a person may work with the files on disk.
        here.run("--literal-pathspecs", "reset", "--quiet", "--", *found, ok=(0, 1))
    if context.shared.remote is None:
        context.shared.refresh()
    return found


def as_handed_in(context: TaskContext, git: Git, head: Oid) -> Oid:
    """A commit with the files that a submit of `head` would push; `git` writes it if it is not `head`."""
    since, found = began_at(context, head), changed_lists(context, head)
    return (
        _without(git, since, head, found, _MESSAGE, fixed_author(_DATE))
        if found and since is not None
        else head
    )


def put_back_in(
    repository: Repository, copy: WorkingCopy, since: Oid, settings: Settings, source: str
) -> tuple[str, ...]:
    """Restores the list in a worker's checkout, also on disk, where only its agent uses the files.

    Returns the restored files.
    """
    head = copy.git.text("rev-parse", "--verify", "HEAD")
    found = _changed(copy.git, since, head, list_paths(settings, source))
    if found:
        commit = _without(copy.git, since, head, found, _MESSAGE, repository.identity)
        copy.git.run("merge", "--quiet", "--ff-only", commit)
    return found


def beside_lists(copy: WorkingCopy, unclean: Iterable[str], lists: Sequence[str]) -> list[str]:
    """The changed paths of a working copy that are not part of the task list."""
    return [path for path in unclean if not _is_list(path, lists) and not _only_lists(copy, path, lists)]


@contextmanager
def without_lists(
    repository: Repository, base: Oid, branches: Sequence[BranchInput], stacks: Stacks, lists: Sequence[str]
) -> Iterator[tuple[Repository, list[BranchInput], Mapping[Oid, Oid]]]:
    """Yields the branches as a submit would push them, and the tip from which each new commit was made.

    The new commits exist only in the repository that it yields first, in a quarantine.
    """
    git = repository.git
    tips = [branch.commit for branch in branches if branch.commit is not None and not branch.landed]
    forks = find_forks(git, base, tips, stacks.find(git, tips)) if lists else {}
    begun = {tip: fork.merge_bases[0] for tip, fork in forks.items() if fork.merge_bases and not fork.inside}
    changed = {tip: found for tip, since in begun.items() if (found := _changed(git, since, tip, lists))}
    if not changed:
        yield repository, list(branches), {}
        return
    with git.quarantine() as aside:
        know_the_repository(git, aside)
        inside = Repository(aside, repository.root, repository.common_dir, repository.remote)
        anew = {
            tip: _without(aside, begun[tip], tip, found, _MESSAGE, fixed_author(_DATE))
            for tip, found in changed.items()
        }
        seen = [
            msgspec.structs.replace(one, commit=anew.get(one.commit or "", one.commit)) for one in branches
        ]
        yield inside, seen, {commit: tip for tip, commit in anew.items()}


def _changed(git: Git, since: Oid, head: Oid, lists: Sequence[str]) -> tuple[str, ...]:
    if not lists:
        return ()
    options = ("-r", "--name-only", "-z", "--no-renames", "--ignore-submodules=none")
    told = git.text("diff-tree", *options, since, head, "--", *(f":(glob){one}" for one in lists))
    return tuple(filter(None, told.split("\0")))


def _without(
    git: Git, since: Oid, head: Oid, paths: Sequence[str], message: str, who: Mapping[str, str]
) -> Oid:
    """Makes a commit on top of `head` in which `paths` are as they were at `since`."""
    with tempfile.TemporaryDirectory(prefix="gitcoord-index-") as scratch:
        environment = {"GIT_INDEX_FILE": str(Path(scratch, "index"))}
        git.run("read-tree", head, environment=environment)
        listed = git.run("--literal-pathspecs", "ls-tree", "-z", since, "--", *paths).stdout
        gone = b"".join(b"0 %b\t%b\0" % (b"0" * len(head), os.fsencode(path)) for path in paths)
        git.run("update-index", "-z", "--index-info", input=gone + listed, environment=environment)
        tree = git.run("write-tree", environment=environment).text
    return commit_tree(git, tree, [head], message, environment=who)


def _only_lists(copy: WorkingCopy, path: str, lists: Sequence[str]) -> bool:
    """Whether an untracked directory contains only the task list."""
    if not path.endswith("/") or not any(one.startswith(glob.escape(path)) for one in lists):
        return False
    listed = copy.git.text(
        "--literal-pathspecs", "ls-files", "--others", "--exclude-standard", "-z", "--", path
    )
    return all(_is_list(one, lists) for one in listed.split("\0") if one)


def _is_list(path: str, lists: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(path, one) and path.count("/") == one.count("/") for one in lists)
