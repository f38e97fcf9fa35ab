"""Commits as git stores them, and the walks that need a few of them, without a process for each.

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
    """An entry that differs between two trees: modes as git prints them (`000000`: absent), ids, the path."""

    before: str
    after: str
    old: Oid
    new: Oid
    path: str


class CommitReader(Protocol):
    """Whatever reads single commits faster than a git process does."""

    def commit(self, oid: Oid) -> Commit | None:
        """Return a commit, or None when git has to be asked."""

    def diff(self, before: Oid, after: Oid) -> list[TreeEntryChange] | None:
        """Return what `git diff-tree -r -t --no-renames` lists for two commits; None: git has to be asked."""


def parse(content: bytes) -> Commit:
    """Return the commit that `content` is, as git's object database holds it."""
    header = content.partition(b"\n\n")[0].decode("utf-8", "replace").split("\n")
    fields = [line.partition(" ") for line in header]
    parents = tuple(value for key, _, value in fields if key == "parent")
    return Commit(next((value for key, _, value in fields if key == "tree"), ""), parents)


def walk(reader: CommitReader, tip: Oid, stop: Callable[[Oid], bool], most: int) -> bool:
    """Go from `tip` by parents to commits that `stop` accepts; it may be asked about one more than once.

    Return whether that came to an end: False when a commit is not found, or when there are more than `most`.
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
