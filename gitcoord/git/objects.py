"""Objects read in-process through pygit2: many small questions without a process each."""

from collections.abc import Iterator
from pathlib import Path

import pygit2
from pygit2.enums import SortMode

from gitcoord.errors import GitcoordError
from gitcoord.git.run import Oid


class Objects:
    """The object database of one repository, for reading."""

    def __init__(self, common_dir: Path) -> None:
        try:
            self._repo = pygit2.Repository(str(common_dir))
        except pygit2.GitError as error:
            raise GitcoordError("no-repository", f"{common_dir} cannot be opened: {error}") from error

    def tree(self, commit: Oid) -> Oid:
        """The id of the commit's tree."""
        return str(self._commit(commit).tree_id)

    def parents(self, commit: Oid) -> tuple[Oid, ...]:
        """The ids of the commit's parents."""
        return tuple(str(parent) for parent in self._commit(commit).parent_ids)

    def ancestor(self, commit: Oid, generations: int) -> Oid | None:
        """The commit so many first parents before `commit`, or None when there are not so many."""
        found: Oid | None = commit
        for _ in range(generations):
            found = next(iter(self.parents(found)), None) if found else None
        return found

    def first_parents(self, tip: Oid, stop: Oid | None = None) -> Iterator[Oid]:
        """`tip` and its first parents, newest first, up to but without `stop` and its ancestors."""
        walker = self._repo.walk(pygit2.Oid(hex=tip), SortMode.TOPOLOGICAL)
        walker.simplify_first_parent()
        if stop is not None:
            walker.hide(pygit2.Oid(hex=stop))
        for commit in walker:
            yield str(commit.id)

    def _commit(self, oid: Oid) -> pygit2.Commit:
        try:
            return self._repo[oid].peel(pygit2.Commit)
        except (KeyError, ValueError, pygit2.InvalidSpecError) as error:
            raise GitcoordError("no-commit", f"{oid} is not a commit of this repository.") from error
