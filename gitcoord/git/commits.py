"""Parses commits as git stores them, and walks a few of them without a process for each.

The format: https://git-scm.com/docs/user-manual#commit-object and `git cat-file commit`.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import msgspec

Oid = str
"""A full object id in hex."""


class Commit(msgspec.Struct, frozen=True):
    """A commit: the ids of its tree and of its parents."""

    tree: Oid
    parents: tuple[Oid, ...]


class TreeEntryChange(NamedTuple):
    """An entry that differs between two trees: modes as git prints them (`000000`: absent), ids, path."""

    before: str
    after: str
    old: Oid
    new: Oid
    path: str


class CommitReader(Protocol):
    """Reads single commits without starting git."""

    def commit(self, oid: Oid) -> Commit | None:
        """Returns a commit; None if only git can read it."""

    def diff(self, before: Oid, after: Oid) -> list[TreeEntryChange] | None:
        """Returns the changes that `git diff-tree -r -t --no-renames` lists between two commits.

        Returns None if git has to be asked.
        """


def parse(content: bytes) -> Commit:
    """Parses a commit from `content`, in the format of git's object database."""
    header = content.partition(b"\n\n")[0].decode("utf-8", "replace").split("\n")
    fields = [line.partition(" ") for line in header]
    parents = tuple(value for key, _, value in fields if key == "parent")
    return Commit(next((value for key, _, value in fields if key == "tree"), ""), parents)


def walk(reader: CommitReader, tip: Oid, stop: Callable[[Oid], bool], most: int) -> bool:
    """Walks from `tip` along parents to commits that `stop` accepts; `stop` may get a commit twice.

    Returns whether the walk is complete: False if `reader` cannot read a commit, or there are more than
    `most`.
    """
    found = set[Oid]()
    todo = [tip]
    while todo:
        oid = todo.pop()
        if oid in found or stop(oid):
            continue
        commit = reader.commit(oid)
        if commit is None or len(found) == most:
            return False
        found.add(oid)
        todo += commit.parents
    return True
