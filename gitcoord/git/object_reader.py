"""Reads the object database in-process through pygit2, without starting git."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pygit2
from pygit2.enums import DiffOption, FileMode, ObjectType

from gitcoord.git.commit_facts import tree_of
from gitcoord.git.commits import Commit, TreeEntryChange, parse
from gitcoord.git.git_cli import Git, Oid


class Objects:
    """Reads the commits of one repository.

    libgit2 opens neither SHA-256 repositories nor partial clones; for these, and for missing objects, the
    caller asks git. Commits are parsed here: libgit2's own parents follow grafts.
    """

    def __init__(self, git: Git, common_dir: Path) -> None:
        self._git = git
        self._known: dict[Oid, Commit] = {}
        try:
            self._repository: pygit2.Repository | None = pygit2.Repository(str(common_dir))
        except pygit2.GitError:
            self._repository = None

    def commit(self, oid: Oid) -> Commit | None:
        """Returns a commit; None if libgit2 does not find one, and git has to be asked."""
        if oid not in self._known and self._repository is not None:
            try:
                kind, content = self._repository.read(oid)
            except (KeyError, ValueError, pygit2.GitError):
                return None
            if kind == ObjectType.COMMIT:
                self._known[oid] = parse(content)
        return self._known.get(oid)

    def tree(self, commit: Oid) -> Oid:
        """Returns the id of the commit's tree.

        Raises GitcoordError if `commit` is not a commit of this repository.
        """
        found = self.commit(commit)
        return found.tree if found is not None else tree_of(self._git, commit)

    def diff(self, before: Oid, after: Oid) -> list[TreeEntryChange] | None:
        """Returns the changes that `git diff-tree -r -t --no-renames` lists between two commits, unordered.

        None if libgit2 does not find all objects or cannot read a name, and git has to be asked.
        """
        old, new = self.commit(before), self.commit(after)
        if self._repository is None or old is None or new is None:
            return None
        try:
            one, other = self._repository[old.tree], self._repository[new.tree]
            if not (isinstance(one, pygit2.Tree) and isinstance(other, pygit2.Tree)):
                return None
            return list(_changes(one, other))
        except (KeyError, ValueError, pygit2.GitError):
            return None


def _changes(old: pygit2.Tree, new: pygit2.Tree) -> Iterator[TreeEntryChange]:
    """Yields the files that differ, then the directories that only one of the trees has."""
    # A type change is one change in git. libgit2 reports two without this option.
    found = old.diff_to_tree(new, flags=DiffOption.INCLUDE_TYPECHANGE, context_lines=0)
    gone, added = set[str](), set[str]()
    for delta in found.deltas:
        before, after = delta.old_file, delta.new_file
        path = os.fsdecode(after.raw_path)
        parents = {str(parent) for parent in PurePosixPath(path).parents} - {"."}
        gone |= parents if not after.mode else set()
        added |= parents if not before.mode else set()
        yield TreeEntryChange(f"{before.mode:06o}", f"{after.mode:06o}", str(before.id), str(after.id), path)
    for path in gone:
        if not _has_directory(new, path):
            yield TreeEntryChange(f"{FileMode.TREE:06o}", "000000", "", "", path)
    for path in added:
        if not _has_directory(old, path):
            yield TreeEntryChange("000000", f"{FileMode.TREE:06o}", "", "", path)


def _has_directory(tree: pygit2.Tree, path: str) -> bool:
    try:
        return isinstance(tree[path], pygit2.Tree)
    except KeyError:
        return False
