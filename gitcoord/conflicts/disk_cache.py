"""Caches results about commits under the git directory; they stay valid, because a commit never changes.

Each level has one file. It may be deleted at any time, and many processes may use it: files are replaced as a
whole. Everything else that results depend on (git's version, attributes, merge drivers) is in the scope.
"""

import contextlib
import hashlib
import os
import zlib
from pathlib import Path
from typing import TypeVar

import msgspec

from gitcoord.git.failures import TRACED, traced_version
from gitcoord.git.git_cli import Git
from gitcoord.git.repository import Repository

Value = TypeVar("Value")

ENGINE = "7"
"""Increase it when the same commits may give another result, or the file format changes."""
FOLDER = "conflicts"
_MOST_FILES = 32
_MOST_BYTES = 64 * 1024 * 1024
_SUM = 4


class Cache:
    """Results by name. Without a directory, or if it cannot be used, keeps nothing."""

    def __init__(self, place: Path | None, scope: str = "") -> None:
        self._scope = scope.encode()
        self._folder = place / "gitcoord" / FOLDER if place else None

    def read(self, name: str, form: type[Value]) -> Value | None:
        """Reads the result with that name; None if there is none for this scope."""
        if self._folder is None:
            return None
        with contextlib.suppress(OSError, msgspec.MsgspecError, TypeError):
            content = memoryview((self._folder / _file(name)).read_bytes())
            start = _SUM + len(self._scope)
            if content[:_SUM] == _sum(content[_SUM:]) and content[_SUM:start] == self._scope:
                return msgspec.msgpack.decode(content[start:], type=form)
        return None

    def write(self, name: str, answer: object) -> bool:
        """Writes a result; returns False if it has paths that are not UTF-8, which cannot be written."""
        try:
            content = self._scope + msgspec.msgpack.encode(answer)
        except UnicodeEncodeError:
            return False
        if self._folder is not None and len(content) <= _MOST_BYTES:
            # A full or read-only disk: compute it again next time.
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
    """Opens the cache of a repository, for this version of git and the present attributes."""
    git = repository.git
    told = [ENGINE, *_version_and_rules(git)]
    files = [repository.common_dir / "info" / "attributes", Path.home() / ".config" / "git" / "attributes"]
    files += [
        Path(line.partition(" ")[2]).expanduser()
        for line in told[2].split("\n")
        if line.startswith("core.attributesfile ")
    ]
    if repository.root is not None:
        listed = git.at(repository.root).probe("ls-files", "-z", "--", ".gitattributes", "**/.gitattributes")
        names = (listed or "").split("\0")
        files += [repository.root / name for name in dict.fromkeys([".gitattributes", *filter(None, names)])]
    state = hashlib.blake2b("\0".join(told).encode("utf-8", "replace"))
    for file in files:
        with contextlib.suppress(OSError):
            state.update(str(file).encode("utf-8", "replace") + b"\0" + file.read_bytes())
    return Cache(repository.common_dir, state.hexdigest()[:16])


def _version_and_rules(git: Git) -> tuple[str, str]:
    """Returns git's version and the configuration that changes merges, with one process from git 2.22 on."""
    ended = git.run("config", "--get-regexp", r"^(merge|diff)\..*|attributes", ok=(), environment=TRACED)
    return traced_version(ended.stderr) or git.text("version"), ended.text if ended.code == 0 else ""


def _file(name: str) -> str:
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _sum(content: bytes | memoryview) -> bytes:
    return zlib.crc32(content).to_bytes(_SUM, "big")


def _make_room(folder: Path) -> None:
    """Deletes the oldest files while there are too many, or they are too large."""
    with os.scandir(folder) as entries:
        files = sorted(((one.stat(), one.path) for one in entries), key=lambda f: -f[0].st_mtime_ns)
    total = 0
    for number, (stat, path) in enumerate(files):
        total += stat.st_size
        if number >= _MOST_FILES or total > _MOST_BYTES:
            with contextlib.suppress(OSError):
                Path(path).unlink()
