"""Writes many small objects into a quarantine; a process for each object would take far too long."""

import threading
import zlib
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec

from gitcoord.git.git_cli import Git, Oid

_DIRECTORY = "40000"
_WHO = b"gitcoord <gitcoord@localhost>"
_SHA1_LENGTH = 40


class TreeEntry(msgspec.Struct, frozen=True):
    """A file of a tree: git's mode, such as `100644`, and its blob."""

    mode: str
    oid: Oid


class Writer:
    """Writes trees and commits into the quarantine of `git`, from any thread; equal ones only once."""

    def __init__(self, git: Git, like: Oid) -> None:
        """`like`: any id of the repository; its length shows the hash algorithm."""
        if git.scratch is None:
            raise ValueError("git has no quarantine to write objects into")
        import hashlib  # Imported here: it loads OpenSSL.

        self._place = git.scratch
        sha1 = partial(hashlib.sha1, usedforsecurity=False)
        self._hash = sha1 if len(like) == _SHA1_LENGTH else hashlib.sha256
        self._written: set[Oid] = set()
        self._folders: set[str] = set()
        self._writing = threading.Lock()

    def commit(self, tree: Oid, parents: Sequence[Oid] = (), *, when: int = 0) -> Oid:
        """Writes a synthetic commit without a message, and returns its id."""
        lines = [f"tree {tree}\n", *(f"parent {parent}\n" for parent in parents)]
        who = b"%b %d +0000\n" % (_WHO, when)
        return self._write(
            b"commit", "".join(lines).encode() + b"author " + who + b"committer " + who + b"\n"
        )

    def blob(self, content: bytes) -> Oid:
        """Writes a file's content, and returns its id."""
        return self._write(b"blob", content)

    def tree(self, files: Mapping[str, TreeEntry]) -> Oid:
        """Writes a tree with exactly the `files`, by path, and returns its id."""
        return self._tree([(_encoded(path), entry) for path, entry in files.items()])

    def _tree(self, files: Iterable[tuple[bytes, TreeEntry]]) -> Oid:
        below: dict[bytes, list[tuple[bytes, TreeEntry]]] = {}
        entries: list[tuple[bytes, bytes]] = []
        for path, entry in files:
            name, slash, rest = path.partition(b"/")
            if slash:
                below.setdefault(name, []).append((rest, entry))
            else:
                entries.append((name, _line(entry.mode, name, entry.oid)))
        for name, inside in below.items():
            # Git orders a directory as if its name ended in a slash.
            entries.append((name + b"/", _line(_DIRECTORY, name, self._tree(inside))))
        return self._write(b"tree", b"".join(line for _, line in sorted(entries)))

    def _write(self, kind: bytes, content: bytes) -> Oid:
        raw = b"%b %d\0%b" % (kind, len(content), content)
        oid = self._hash(raw).hexdigest()
        # Return an id only when its object exists: another thread's git reads it at once.
        with self._writing:
            if oid not in self._written:
                folder = oid[:2]
                if folder not in self._folders:
                    Path(self._place, folder).mkdir(exist_ok=True)
                    self._folders.add(folder)
                with open(f"{self._place}/{folder}/{oid[2:]}", "wb") as file:  # noqa: PTH123 - thousands
                    file.write(zlib.compress(raw, 0))
                self._written.add(oid)
        return oid


def _encoded(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")


def _line(mode: str, name: bytes, oid: Oid) -> bytes:
    return b"%b %b\0%b" % (mode.encode(), name, bytes.fromhex(oid))
