"""The index of messages and contents, kept in SQLite under the git directory that all worktrees share.

Commits and blobs never change, so that what is indexed once stays right: an index only grows. It may be
deleted at any time. One that is damaged or of another version is made anew, and where it cannot be used
(no room, no permission) the index is made in memory. Nothing in it is ever executed.
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

_VERSION: Final = 2
"""Raise it whenever the same commit or blob would be indexed in another way."""
_FILE: Final = Path("gitcoord") / "foresight.sqlite"
_WAIT: Final = 60.0
"""Seconds in which another process may finish the same index."""
_MOST_SEGMENTS: Final = 256
_SCHEMA: Final = """
CREATE TABLE documents (number INTEGER PRIMARY KEY, kind INTEGER NOT NULL, key TEXT NOT NULL,
  size INTEGER NOT NULL, length INTEGER NOT NULL, data BLOB, UNIQUE (kind, key));
CREATE TABLE postings (kind INTEGER NOT NULL, term TEXT NOT NULL, segment INTEGER NOT NULL,
  data BLOB NOT NULL, PRIMARY KEY (kind, term, segment)) WITHOUT ROWID;
"""
# Numbers are stored as this machine writes them.
_STAMP: Final = _VERSION * 2 + (sys.byteorder == "big")
_NUMBER: Final = "I"


class Kind(IntEnum):
    """What a document is, and whose terms postings are."""

    CONTENT = 1
    DEFINITION = 2
    CHANGE = 3


class NewDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A blob or commit to be indexed: `size` in bytes, `data` for whoever reads it again."""

    key: str
    size: int = 0
    terms: Mapping[str, int]
    definitions: Iterable[str] = ()
    data: bytes = b""


class StoredDocument(msgspec.Struct, frozen=True):
    """An indexed one: its number, its bytes, and how many terms it has, each as often as it occurs."""

    number: int
    size: int
    length: int
    data: bytes


class DamagedIndexError(Exception):
    """The index holds what was never written."""


class IndexStore:
    """Documents by key, and where each term occurs."""

    def __init__(self, connection: sqlite3.Connection, path: Path | None) -> None:
        self._connection = connection
        self.path = path

    def close(self) -> None:
        """Ends the use of the file."""
        self._connection.close()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Other processes wait, so that no two make the same; all is kept, or nothing."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.rollback()
            raise
        self._connection.commit()

    def documents(self, kind: Kind, *, data: bool = False) -> dict[str, StoredDocument]:
        """Every document of a kind by its key; with its data where that is wanted."""
        column = "data" if data else "x''"
        rows = self._connection.execute(
            f"SELECT key, number, size, length, {column} FROM documents WHERE kind = ?",  # noqa: S608
            (int(kind),),
        )
        return {key: StoredDocument(number, size, length, found) for key, number, size, length, found in rows}

    def postings(self, kind: Kind, term: str) -> "array[int]":
        """Numbers of documents and how often the term occurs in each, in turn. Raises DamagedIndexError."""
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
        """Indexes documents that are not there yet, as one segment. Only while `writing`."""
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
        """Whether most of what is kept is of no more use, or it lies in too many pieces."""
        ask = self._connection.execute
        count = ask("SELECT count(*) FROM documents").fetchone()[0]
        segments = ask("SELECT coalesce(max(segment), 0) FROM postings").fetchone()[0]
        return bool(count > 6 * live + 20_000 or segments > _MOST_SEGMENTS)


def open_store(common_dir: Path | None) -> IndexStore:
    """The index of the repository; an empty one in memory where there is no place, or none that works."""
    if common_dir is None:
        return _in_memory()
    path = common_dir / _FILE
    try:
        path.parent.mkdir(exist_ok=True)
        try:
            return _open(path)
        except sqlite3.OperationalError:
            return _in_memory()  # no room, no permission, or others do not finish
        except sqlite3.DatabaseError:
            discard(path)
            return _open(path)
    except (OSError, sqlite3.Error):
        return _in_memory()


def discard(path: Path | None) -> None:
    """Deletes an index that is of no use."""
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
    """Makes the tables, unless another process has meanwhile; those of another version go."""
    connection.execute("BEGIN IMMEDIATE")
    if connection.execute("PRAGMA user_version").fetchone()[0] != _STAMP:
        connection.execute("DROP TABLE IF EXISTS documents")
        connection.execute("DROP TABLE IF EXISTS postings")
        for statement in _SCHEMA.split(";\n"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {_STAMP}")
    connection.commit()
