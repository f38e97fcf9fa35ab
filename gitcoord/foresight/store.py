"""The index of messages and contents, in SQLite under the git directory that all worktrees share.

Commits and blobs never change, so an entry stays valid, and an index only grows. It may be deleted at any
time. An index that is damaged, mostly unused or of another version is built again; if the file cannot be used
(full disk, no permission), the index is built in memory. Nothing in it is ever executed.
"""

import contextlib
import sqlite3
import sys
from array import array
from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from pathlib import Path
from typing import Final

import msgspec

_VERSION: Final = 3
"""Increase it whenever the same commit or blob would be indexed differently."""
_FILE: Final = Path("gitcoord") / "foresight.sqlite"
_WAIT: Final = 60.0
"""Seconds to wait for another process that updates the index."""
_MOST_SEGMENTS: Final = 256
_SCHEMA: Final = """
CREATE TABLE documents (number INTEGER PRIMARY KEY, kind INTEGER NOT NULL, key TEXT NOT NULL,
  size INTEGER NOT NULL, length INTEGER NOT NULL, data BLOB, UNIQUE (kind, key));
CREATE TABLE postings (kind INTEGER NOT NULL, term TEXT NOT NULL, segment INTEGER NOT NULL,
  data BLOB NOT NULL, PRIMARY KEY (kind, term, segment)) WITHOUT ROWID;
"""
# Numbers are stored in this machine's byte order.
_STAMP: Final = _VERSION * 2 + (sys.byteorder == "big")
_NUMBER: Final = "I"


class Kind(IntEnum):
    """The kind of a document, and of postings."""

    CONTENT = 1
    DEFINITION = 2
    CHANGE = 3


class NewDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A blob or commit to index: `size` in bytes, `data` for the reader."""

    key: str
    size: int = 0
    terms: Mapping[str, int]
    definitions: Iterable[str] = ()
    data: bytes = b""


class StoredDocument(msgspec.Struct, frozen=True):
    """An indexed document: number, size in bytes, number of terms (with repetitions), data for the reader."""

    number: int
    size: int
    length: int
    data: bytes


class DamagedIndexError(Exception):
    """The index has to be built again: it has data that gitcoord did not write, or is spent."""


class IndexStore:
    """The stored documents by key, and the postings of each term."""

    def __init__(self, connection: sqlite3.Connection, path: Path | None) -> None:
        self._connection = connection
        self.path = path

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Opens an exclusive transaction: other processes wait, so no work is done twice."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.rollback()
            raise
        self._connection.commit()

    def documents(self, kind: Kind, *, data: bool = False) -> dict[str, StoredDocument]:
        """Returns every document of a kind by key, with its data if `data`."""
        column = "data" if data else "x''"
        rows = self._connection.execute(
            f"SELECT key, number, size, length, {column} FROM documents WHERE kind = ?",  # noqa: S608
            (int(kind),),
        )
        return {key: StoredDocument(number, size, length, found) for key, number, size, length, found in rows}

    def postings(self, kind: Kind, term: str) -> "array[int]":
        """Returns pairs: a document's number and the term's occurrences in it. Raises DamagedIndexError."""
        found = array(_NUMBER)
        rows = self._connection.execute(
            "SELECT data FROM postings WHERE kind = ? AND term = ? ORDER BY segment", (int(kind), term)
        )
        try:
            for (data,) in rows:
                found.frombytes(data)
        except (TypeError, ValueError) as error:
            raise DamagedIndexError from error
        if len(found) % 2:
            raise DamagedIndexError
        return found

    def add(self, kind: Kind, documents: Iterable[NewDocument]) -> None:
        """Adds documents that the index does not have, as one segment. Call it only inside `writing`."""
        ask = self._connection.execute
        number = ask("SELECT coalesce(max(number), 0) FROM documents").fetchone()[0]
        segment = ask("SELECT coalesce(max(segment), 0) FROM postings").fetchone()[0] + 1
        rows: list[tuple[int, int, str, int, int, bytes]] = []
        terms: dict[str, array[int]] = {}
        definitions: dict[str, array[int]] = {}
        for document in documents:
            number += 1
            length = 0
            for term, count in document.terms.items():
                length += count
                entry = terms.get(term)
                if entry is None:
                    entry = terms[term] = array(_NUMBER)
                entry.append(number)
                entry.append(count)
            for name in document.definitions:
                definitions.setdefault(name, array(_NUMBER)).extend((number, 1))
            rows.append((number, int(kind), document.key, document.size, length, document.data))
        self._connection.executemany("INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?)", rows)
        for of, entries in ((kind, terms), (Kind.DEFINITION, definitions)):
            self._connection.executemany(
                "INSERT INTO postings VALUES (?, ?, ?, ?)",
                ((int(of), term, segment, entries[term].tobytes()) for term in sorted(entries)),
            )

    def is_spent(self, live: int) -> bool:
        """Whether most of the index is no longer used, or it has too many segments."""
        ask = self._connection.execute
        count = ask("SELECT count(*) FROM documents").fetchone()[0]
        segments = ask("SELECT coalesce(max(segment), 0) FROM postings").fetchone()[0]
        return bool(count > 6 * live + 20_000 or segments > _MOST_SEGMENTS)


def open_store(common_dir: Path | None) -> IndexStore:
    """Opens the repository's index; without a directory, or if the file does not work, one in memory."""
    if common_dir is None:
        return _in_memory()
    path = common_dir / _FILE
    try:
        path.parent.mkdir(exist_ok=True)
        try:
            return _open(path)
        except sqlite3.OperationalError:
            # The disk is full, there is no permission, or another process does not finish.
            return _in_memory()
        except sqlite3.DatabaseError:
            discard(path)
            return _open(path)
    except (OSError, sqlite3.Error):
        return _in_memory()


def discard(path: Path | None) -> None:
    """Deletes a damaged index."""
    if path is not None:
        for suffix in ("", "-journal"):
            with contextlib.suppress(OSError):
                path.with_name(path.name + suffix).unlink(missing_ok=True)


def _open(path: Path) -> IndexStore:
    connection = sqlite3.connect(path, timeout=_WAIT, isolation_level=None)
    try:
        if connection.execute("PRAGMA user_version").fetchone()[0] != _STAMP:
            _begin(connection)
    except BaseException:
        connection.close()
        raise
    return IndexStore(connection, path)


def _in_memory() -> IndexStore:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    _begin(connection)
    return IndexStore(connection, None)


def _begin(connection: sqlite3.Connection) -> None:
    """Creates the tables, unless another process has; drops those of another version."""
    connection.execute("BEGIN IMMEDIATE")
    if connection.execute("PRAGMA user_version").fetchone()[0] != _STAMP:
        connection.execute("DROP TABLE IF EXISTS documents")
        connection.execute("DROP TABLE IF EXISTS postings")
        for statement in _SCHEMA.split(";\n"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {_STAMP}")
    connection.commit()
