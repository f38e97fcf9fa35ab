"""Commits in test repositories without a process: what `git fast-import` makes of the same changes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pygit2
from pygit2 import GitError
from pygit2.enums import ObjectType

__all__ = ["GitError", "QuickCommits"]
DIRECTORY = b"40000"
_ID = 20
Entries = dict[bytes, "tuple[bytes, str] | Entries"]
"""The entries of a tree by name: git's mode and the id, or the entries of an opened directory."""


class QuickCommits:
    """Writes into one repository, if libgit2 can open it."""

    def __init__(self, path: Path) -> None:
        self._repository = pygit2.Repository(str(path))

    def head(self) -> str:
        """What HEAD is: a full branch name, or a commit."""
        return str(self._repository.references["HEAD"].target)

    def find(self, ref: str) -> str:
        """The commit of a ref; "" if there is none, or only git can tell."""
        found = self._repository.references.get(ref)
        target = found.target if found is not None else ""
        return str(target) if isinstance(target, pygit2.Oid) else ""

    def commit(
        self,
        ref: str,
        parents: Sequence[str],
        stamp: bytes,
        message: bytes,
        changes: Mapping[bytes, tuple[bytes, bytes] | None],
    ) -> str:
        """Makes a commit of `changes` (mode and content, or None) to the first parent, and moves `ref`."""
        root = self._entries(self._tree_of(parents[0])) if parents else {}
        for path, change in changes.items():
            entry = None if change is None else (change[0], self._blob(*change))
            self._put(root, path.split(b"/"), entry)
        tree = self._written(root) or self._write(ObjectType.TREE, b"")
        lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
        header = "\n".join(lines).encode() + b"\nauthor " + stamp + b"committer " + stamp + b"\n"
        new = self._write(ObjectType.COMMIT, header + message)
        self._repository.references.create(ref, new, force=True)
        return new

    def _blob(self, mode: bytes, content: bytes) -> str:
        return content.decode() if mode == b"160000" else self._write(ObjectType.BLOB, content)

    def _put(self, entries: Entries, path: Sequence[bytes], entry: tuple[bytes, str] | None) -> None:
        """Puts `entry` at `path`, in place of what is in its way; None removes what is there."""
        name, *below = path
        if not below:
            entries.pop(name, None)
            if entry is not None:
                entries[name] = entry
            return
        inside = entries.get(name)
        if isinstance(inside, tuple):
            inside = self._entries(inside[1]) if inside[0] == DIRECTORY else None
        if inside is None and entry is None:
            return
        entries[name] = inside = inside or {}
        self._put(inside, below, entry)

    def _written(self, entries: Entries) -> str:
        """Writes what has changed, and returns the tree's id; "" if nothing is left in it."""
        whole: dict[bytes, tuple[bytes, str]] = {}
        for name, entry in entries.items():
            found = entry if isinstance(entry, tuple) else (DIRECTORY, self._written(entry))
            if found[1]:
                whole[name] = found
        # Git orders a directory as if its name ended in a slash.
        ordered = sorted(whole.items(), key=lambda one: one[0] + b"/" * (one[1][0] == DIRECTORY))
        lines = (mode + b" " + name + b"\0" + bytes.fromhex(oid) for name, (mode, oid) in ordered)
        return self._write(ObjectType.TREE, b"".join(lines)) if whole else ""

    def _tree_of(self, commit: str) -> str:
        return self._repository.read(commit)[1][5:45].decode()

    def _entries(self, tree: str) -> Entries:
        left = self._repository.read(tree)[1] if tree else b""
        found: Entries = {}
        while left:
            entry, _, rest = left.partition(b"\0")
            mode, _, name = entry.partition(b" ")
            found[name] = (mode, rest[:_ID].hex())
            left = rest[_ID:]
        return found

    def _write(self, kind: ObjectType, content: bytes) -> str:
        return str(self._repository.write(kind, content))
