"""What was found out about commits, kept under the git directory: commits never change, so answers don't.

Safe to delete, and safe with many processes: whoever writes last wins, and all write the same. A broken file
is thrown away. Whatever else an answer depends on (git's version, attributes, merge drivers) is in the keys.
"""

import contextlib
import hashlib
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from gitcoord.git.repository import Repository

Value = TypeVar("Value")

ENGINE = "2"
"""Raise it whenever the same commits may lead to another answer, or answers are written in another form."""
_FOLDER, _NAME = "gitcoord", "conflicts.sqlite"
_MOST_BYTES = 64 * 1024 * 1024
_KEYS_AT_ONCE = 500
_DIGEST = 8
_SCHEMA = "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, value BLOB, written REAL) WITHOUT ROWID"


class Cache:
    """Answers by kind and commits. Without a place, or when that cannot be used, it just forgets."""

    def __init__(self, place: Path | None, scope: str = "") -> None:
        self._scope = scope
        self._file = place / _FOLDER / _NAME if place else None

    def read(self, kind: str, keys: Iterable[str], form: type[Value]) -> dict[str, Value]:
        """The answers that are known, by their keys."""
        wanted = {self._key(kind, key): key for key in keys}
        rows: list[tuple[str, bytes]] = []
        if wanted and self._file is not None and self._file.exists():
            self._use(lambda database: rows.extend(_select(database, list(wanted))))
        found: dict[str, Value] = {}
        for name, value in rows:
            with contextlib.suppress(msgspec.MsgspecError, TypeError):
                if value[:_DIGEST] == _digest(value[_DIGEST:]):
                    found[wanted[name]] = msgspec.msgpack.decode(value[_DIGEST:], type=form)
        return found

    def write(self, kind: str, answers: Mapping[str, object]) -> bool:
        """Keeps answers; False when there are names in them that are not UTF-8, which cannot be kept."""
        rows = []
        for key, answer in answers.items():
            with contextlib.suppress(UnicodeEncodeError):
                value = msgspec.msgpack.encode(answer)
                rows.append((self._key(kind, key), _digest(value) + value, time.time()))
        if rows:
            self._use(lambda database: _insert(database, rows))
        return len(rows) == len(answers)

    def _key(self, kind: str, key: str) -> str:
        return f"{self._scope} {kind} {key}"

    def _use(self, act: Callable[[sqlite3.Connection], None]) -> None:
        if self._file is None:
            return
        try:
            self._file.parent.mkdir(exist_ok=True)
            with contextlib.closing(sqlite3.connect(self._file, timeout=5)) as database:
                database.execute("PRAGMA journal_mode=WAL")
                database.execute("PRAGMA synchronous=OFF")
                database.execute(_SCHEMA)
                act(database)
        except sqlite3.OperationalError:
            return  # busy, or a place where nothing can be written
        except sqlite3.DatabaseError:
            self._throw_away()
        except OSError:
            return

    def _throw_away(self) -> None:
        for ending in ("", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                Path(f"{self._file}{ending}").unlink()


def open_cache(repository: Repository) -> Cache:
    """The cache of a repository, for this version of git and for the attributes as they are now."""
    git = repository.git
    told = [ENGINE, git.text("version"), git.probe("config", "--get-regexp", r"^(merge|diff)\..*|attributes")]
    files = [repository.common_dir / "info" / "attributes", Path.home() / ".config" / "git" / "attributes"]
    if repository.root is not None:
        listed = git.at(repository.root).probe("ls-files", "-z", "--", ".gitattributes", "**/.gitattributes")
        names = (listed or "").split("\0")
        files += [repository.root / name for name in dict.fromkeys([".gitattributes", *filter(None, names)])]
    state = hashlib.blake2b("\0".join(text or "" for text in told).encode("utf-8", "replace"))
    for file in files:
        with contextlib.suppress(OSError):
            state.update(str(file).encode("utf-8", "replace") + b"\0" + file.read_bytes())
    return Cache(repository.common_dir, state.hexdigest()[:16])


def _select(database: sqlite3.Connection, names: list[str]) -> Iterator[tuple[str, bytes]]:
    for start in range(0, len(names), _KEYS_AT_ONCE):
        part = names[start : start + _KEYS_AT_ONCE]
        marks = ",".join("?" * len(part))
        yield from database.execute(
            f"SELECT key, value FROM answers WHERE key IN ({marks})",  # noqa: S608 - nothing but marks
            part,
        )


def _insert(database: sqlite3.Connection, rows: list[tuple[str, bytes, float]]) -> None:
    with database:
        database.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", rows)
    [[pages]], [[size]] = database.execute("PRAGMA page_count"), database.execute("PRAGMA page_size")
    if pages * size > _MOST_BYTES:
        # The newer half stays.
        middle = (
            "SELECT written FROM answers ORDER BY written LIMIT 1 OFFSET (SELECT count(*)/2 FROM answers)"
        )
        with database:
            database.execute(f"DELETE FROM answers WHERE written <= ({middle})")  # noqa: S608 - a constant
        database.execute("VACUUM")


def _digest(value: bytes) -> bytes:
    return hashlib.blake2b(value, digest_size=_DIGEST).digest()
