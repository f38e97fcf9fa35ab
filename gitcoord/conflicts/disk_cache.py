"""What was found out about commits, kept under the git directory: commits never change, so answers don't.

One file for each level, safe to delete and safe with many processes: a file is replaced as a whole, and all
write the same. Whatever else an answer depends on (git's version, attributes, merge drivers) is its scope.
"""

import contextlib
import hashlib
import os
import zlib
from pathlib import Path
from typing import TypeVar

import msgspec

from gitcoord.git.repository import Repository

Value = TypeVar("Value")

ENGINE = "6"
"""Raise it whenever the same commits may lead to another answer, or answers are written in another form."""
FOLDER = "conflicts"
_MOST_FILES = 32
_MOST_BYTES = 64 * 1024 * 1024
_SUM = 4


class Cache:
    """Answers by name. Without a place, or when that cannot be used, it just forgets."""

    def __init__(self, place: Path | None, scope: str = "") -> None:
        self._scope = scope.encode()
        self._folder = place / "gitcoord" / FOLDER if place else None

    def read(self, name: str, form: type[Value]) -> Value | None:
        """The answer of that name, if there is one for this scope."""
        if self._folder is None:
            return None
        with contextlib.suppress(OSError, msgspec.MsgspecError, TypeError):
            content = memoryview((self._folder / _file(name)).read_bytes())
            start = _SUM + len(self._scope)
            if content[:_SUM] == _sum(content[_SUM:]) and content[_SUM:start] == self._scope:
                return msgspec.msgpack.decode(content[start:], type=form)
        return None

    def write(self, name: str, answer: object) -> bool:
        """Keeps an answer; False when there are names in it that are not UTF-8, which cannot be kept."""
        try:
            content = self._scope + msgspec.msgpack.encode(answer)
        except UnicodeEncodeError:
            return False
        if self._folder is not None and len(content) <= _MOST_BYTES:
            # A full disk, or a place where nothing can be written: it is found out again next time.
            with contextlib.suppress(OSError):
                self._put(_file(name), _sum(content) + content)
        return True

    def _put(self, name: str, content: bytes) -> None:
        folder = self._folder or Path()
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f"{name}.{os.getpid()}.{id(content):x}"
        try:
            draft.write_bytes(content)
            draft.replace(folder / name)
        finally:
            draft.unlink(missing_ok=True)
        _make_room(folder)


def open_cache(repository: Repository) -> Cache:
    """The cache of a repository, for this version of git and for the attributes as they are now."""
    git = repository.git
    told = [ENGINE, git.text("version"), git.probe("config", "--get-regexp", r"^(merge|diff)\..*|attributes")]
    files = [repository.common_dir / "info" / "attributes", Path.home() / ".config" / "git" / "attributes"]
    files += [
        Path(line.partition(" ")[2]).expanduser()
        for line in (told[2] or "").split("\n")
        if line.startswith("core.attributesfile ")
    ]
    if repository.root is not None:
        listed = git.at(repository.root).probe("ls-files", "-z", "--", ".gitattributes", "**/.gitattributes")
        names = (listed or "").split("\0")
        files += [repository.root / name for name in dict.fromkeys([".gitattributes", *filter(None, names)])]
    state = hashlib.blake2b("\0".join(text or "" for text in told).encode("utf-8", "replace"))
    for file in files:
        with contextlib.suppress(OSError):
            state.update(str(file).encode("utf-8", "replace") + b"\0" + file.read_bytes())
    return Cache(repository.common_dir, state.hexdigest()[:16])


def _file(name: str) -> str:
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _sum(content: bytes | memoryview) -> bytes:
    return zlib.crc32(content).to_bytes(_SUM, "big")


def _make_room(folder: Path) -> None:
    """Takes the oldest files away while there are too many, or too much is in them."""
    with os.scandir(folder) as entries:
        files = sorted(((one.stat(), one.path) for one in entries), key=lambda f: -f[0].st_mtime_ns)
    total = 0
    for number, (stat, path) in enumerate(files):
        total += stat.st_size
        if number >= _MOST_FILES or total > _MOST_BYTES:
            with contextlib.suppress(OSError):
                Path(path).unlink()
