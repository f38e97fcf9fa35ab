"""Keeps uncommitted work in a checkout as a commit under a ref, before others may destroy it.

The commit has the form of an entry in the stash, so that `git stash show` and `git stash apply` accept it:
its first parent is HEAD, its second one has the index.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from gitcoord.conflicts.rules import Rulebook
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.repository import Repository
from gitcoord.git.worktree import WorkingCopy
from gitcoord.git.write_commits import commit_tree
from gitcoord.settings import RuleSettings
from gitcoord.text_lists import some
from gitcoord.worker.attempt.given_files import ProvidedFiles
from gitcoord.worker.attempt.held_back_store import copy_before_next
from gitcoord.worker.attempt.kept_commits import KEPT
from gitcoord.worker.attempt.nested_repositories import commits_inside, files_inside
from gitcoord.worker.hold_back_rules import unwanted_files

_PATHS = ("--pathspec-from-file=-", "--pathspec-file-nul")


class KeptWork(msgspec.Struct, frozen=True, kw_only=True):
    """The ref with the work; empty if there was none. `new`: this call made the commit, not an earlier one.

    `aside` has copies of files that must not be committed, such as `.env`; None if there are none, or if they
    were copied before. `notes` name files that could not be kept.
    """

    ref: str = ""
    new: bool = False
    aside: Path | None = None
    notes: tuple[str, ...] = ()


def changed_entries(copy: WorkingCopy) -> list[str]:
    """The entries of `git status` for the checkout, without the files that it was given."""
    options = ("--porcelain", "-z", "--no-renames", "--untracked-files=all")
    given = ProvidedFiles(copy)
    fields = (field for field in copy.git.text("status", *options).split("\0") if field)
    return [field for field in fields if not (field.startswith("??") and given.holds(field[3:]))]


def keep_uncommitted(repository: Repository, directory: Path, ref: str, rules: RuleSettings) -> KeptWork:
    """Keeps changed, staged and new files of a checkout, and nested repositories, under `ref`.

    Checkout and index stay as they are. Ignored files and scratch files are not work. Nor are conflicts that
    a merge left, if nobody has changed the files since. Raises `git-failed`.
    """
    copy = WorkingCopy(repository, directory)
    if not directory.is_dir() or copy.administration() is None or not (entries := changed_entries(copy)):
        return KeptWork()
    git = copy.git
    unknown = [entry[3:] for entry in entries if entry.startswith("??")]
    scratch = set(Rulebook(rules).by("scratch", unknown))
    nested = [path for path in unknown if path.endswith("/") and path not in scratch]
    staged = [entry[3:] for entry in entries if entry.startswith("A")]
    added = [path for path in (*unknown, *staged) if path not in scratch and path not in nested]
    inside = files_inside(copy, nested)
    unwanted = list(unwanted_files(directory, [*added, *inside], rules))
    aside = copy_before_next(repository, copy, unwanted)
    left_out = {*scratch, *unwanted, *nested}
    wanted = [entry[3:] for entry in entries if entry[1] != " " and entry[3:] not in left_out]
    held = [path for path in unwanted if path in staged]
    head = git.text("rev-parse", "--verify", "HEAD")
    heads, notes = commits_inside(copy, nested)
    with scratch_index(git) as indexed:
        if held:
            indexed.run(
                "--literal-pathspecs", "rm", "--cached", "-fq", "--sparse", *_PATHS, input=path_lines(held)
            )
        index = indexed.run("write-tree", ok=())
        if wanted:
            how = ("add", "--all", "--sparse", "--ignore-errors")
            ended = indexed.run("--literal-pathspecs", *how, *_PATHS, input=path_lines(wanted), ok=())
            notes += [f"not all of {some(wanted)} can be kept: {ended.reason}"] if ended.code else []
        if inside := [path for path in inside if path not in left_out]:
            ended = indexed.run("update-index", "--add", "-z", "--stdin", input=path_lines(inside), ok=())
            notes += [f"not all of {some(nested)} can be kept: {ended.reason}"] if ended.code else []
        tree = indexed.text("write-tree")
    staged_tree = index.text if index.code == 0 else git.text("rev-parse", f"{head}^{{tree}}")
    kept = _kept(repository, copy, ref, _Snapshot(head, staged_tree, tree, tuple(heads)))
    return msgspec.structs.replace(kept, aside=aside, notes=tuple(notes))


class _Snapshot(msgspec.Struct, frozen=True):
    """The trees of the index and of the files on top of `head`, with the `heads` of nested repositories."""

    head: Oid
    index: Oid
    tree: Oid
    heads: tuple[Oid, ...]


def _kept(repository: Repository, copy: WorkingCopy, ref: str, now: _Snapshot) -> KeptWork:
    git = copy.git
    committed = git.text("rev-parse", f"{now.head}^{{tree}}")
    automatic = git.probe("rev-parse", "--verify", "--quiet", "AUTO_MERGE^{tree}")
    plain = now.index in (committed, now.tree, automatic)
    if plain and not now.heads and now.tree in (committed, automatic):
        return KeptWork()
    shown = git.lines("for-each-ref", "--format=%(tree) %(refname)", KEPT)
    before = dict(line.split(" ", 1) for line in shown)
    if plain and not now.heads and now.tree in before:
        return KeptWork(ref=before[now.tree])
    merging = git.probe("rev-parse", "--verify", "--quiet", "MERGE_HEAD")
    old = repository.resolve(ref)
    # Git's stash reads three parents at most.
    below = list(dict.fromkeys(filter(None, (now.head, merging, *now.heads, old))))
    who, name = repository.identity, copy.directory.name
    index = commit_tree(git, now.index, below, f"The index of the checkout {name}", environment=who)
    what = f"Uncommitted work in the checkout {name}"
    git.run("update-ref", ref, commit_tree(git, now.tree, [now.head, index], what, environment=who))
    return KeptWork(ref=ref, new=True)


@contextmanager
def scratch_index(git: Git) -> Iterator[Git]:
    """Yields a git that uses a copy of the checkout's index."""
    own = Path(git.text("rev-parse", "--path-format=absolute", "--git-path", "index"))
    with TemporaryDirectory(prefix="gitcoord-index-") as scratch:
        copied = Path(scratch, "index")
        if own.exists():
            shutil.copy2(own, copied)
        yield git.with_environment({"GIT_INDEX_FILE": str(copied)})


def path_lines(paths: list[str]) -> bytes:
    """Encodes paths for git's options `--pathspec-file-nul` and `-z`."""
    return b"\0".join(map(os.fsencode, paths))
