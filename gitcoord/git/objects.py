"""The object database read in-process through pygit2: a second reader beside the git program, for proofs."""

from pathlib import Path

import pygit2

from gitcoord.git.commits import Commit, parse
from gitcoord.git.merges import tree_of
from gitcoord.git.run import Git, Oid


class Objects:
    """The commits of one repository.

    libgit2 opens neither SHA-256 repositories nor partial clones: there, and for what it does not find, git
    answers. Commits are read as they are stored: libgit2's own idea of their parents believes in grafts.
    """

    def __init__(self, git: Git, common_dir: Path) -> None:
        self._git = git
        self._known: dict[Oid, Commit] = {}
        try:
            self._repository: pygit2.Repository | None = pygit2.Repository(str(common_dir))
        except pygit2.GitError:
            self._repository = None

    def commit(self, oid: Oid) -> Commit | None:
        """Return a commit, or None when libgit2 finds no such commit: git has to be asked then."""
        if oid not in self._known and self._repository is not None:
            try:
                kind, content = self._repository.read(oid)
            except (KeyError, ValueError, pygit2.GitError):
                return None
            if kind == pygit2.enums.ObjectType.COMMIT:
                self._known[oid] = parse(content)
        return self._known.get(oid)

    def tree(self, commit: Oid) -> Oid:
        """Return the id of the commit's tree.

        Raises GitcoordError when `commit` is no commit of this repository.
        """
        found = self.commit(commit)
        return found.tree if found is not None else tree_of(self._git, commit)
