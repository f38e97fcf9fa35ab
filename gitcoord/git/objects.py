"""The object database read in-process through pygit2: a second reader beside the git program, for proofs."""

from pathlib import Path

import pygit2

from gitcoord.git.merges import tree_of
from gitcoord.git.run import Git, Oid


class Objects:
    """The commits of one repository.

    libgit2 opens neither SHA-256 repositories nor partial clones: there, and for what it does not find, git
    answers. Parents are not asked for here: libgit2 believes in grafts.
    """

    def __init__(self, git: Git, common_dir: Path) -> None:
        self._git = git
        try:
            self._repository: pygit2.Repository | None = pygit2.Repository(str(common_dir))
        except pygit2.GitError:
            self._repository = None

    def tree(self, commit: Oid) -> Oid:
        """The id of the commit's tree. Raises GitcoordError when `commit` is no commit of this repository."""
        found = self._repository.get(commit) if self._repository is not None else None
        return str(found.tree_id) if isinstance(found, pygit2.Commit) else tree_of(self._git, commit)
