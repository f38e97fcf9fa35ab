"""Reverts what an agent's git wrote to the repository's configuration, which all checkouts share.

Git's own trace tells who made a change, and changes of the user or another attempt stay.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from gitcoord.git.git_cli import Git
from gitcoord.worker.attempt.full_history import SHALLOW, restore_history
from gitcoord.worker.attempt.git_trace import GitProcess, GitTrace
from gitcoord.worker.attempt.local_attempts import under_way

_OF_BRANCHES = "branch."
"""The upstream of branches: git writes it by itself, and it concerns only that branch."""

_BEFORE = "shared-config.json"
_LOCKED = ("config", "packed-refs")
_LET_GO = 3.0
"""Seconds after which an unchanged lock counts as abandoned."""

Entries = Mapping[str, tuple[str, ...]]


class SharedConfig:
    """The configuration before a command of an attempt; `place` is the attempt's directory."""

    def __init__(self, git: Git, common_dir: Path, place: Path) -> None:
        self._git, self._file = git, common_dir / "config"
        self._locks = [common_dir / f"{one}.lock" for one in _LOCKED]
        self._kept = place / _BEFORE
        self._others = self._locks_before()
        self._before = _decoded(self._kept) or self._read()
        self._keep()

    def unlock(self) -> tuple[str, ...]:
        """Removes abandoned locks that were made since; returns the files that they locked."""
        found = {lock: seen for lock in self._locks if (seen := _seen(lock)) and self._others[lock] != seen}
        until = time.monotonic() + _LET_GO
        # The command's processes are dead, but others may hold such a lock for a moment.
        while found and time.monotonic() < until:
            time.sleep(0.1)
            found = {lock: seen for lock, seen in found.items() if _seen(lock) == seen}
        for lock in found:
            lock.unlink(missing_ok=True)
        return tuple(lock.stem for lock in found)

    def _locks_before(self) -> "dict[Path, _Seen]":
        """The locks from before the command, not identified by time: the clock may be set back."""
        there = {lock: _seen(lock) for lock in self._locks}
        if not self._kept.exists():
            return there
        began = self._kept.stat().st_mtime  # made by a worker that was killed
        return {lock: seen if seen and seen[1] < began - 1 else None for lock, seen in there.items()}

    def put_back(self, processes: Sequence[GitProcess]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Reverts what `processes` of the command changed.

        Returns the reverted keys, and other keys that changed meanwhile.
        """
        now, words = self._read(), [process.argv for process in processes]
        self._kept.unlink(missing_ok=True)
        keys = [key for key in dict.fromkeys((*self._before, *now)) if self._before.get(key) != now.get(key)]
        own = tuple(key for key in keys if any(_writes(argv, key) for argv in words))
        for key in own:
            self._write(key)
        others = tuple(key for key in keys if key not in own and not key.startswith(_OF_BRANCHES))
        return own, others

    def _keep(self) -> None:
        """Saves the configuration for whoever has to revert it after the worker was killed."""
        with suppress(OSError):
            self._kept.parent.mkdir(parents=True, exist_ok=True)
            self._kept.write_bytes(msgspec.json.encode(self._before))

    def _write(self, key: str) -> None:
        asked = ("config", "--file", str(self._file))
        self._git.run(*asked, "--unset-all", key, ok=())
        for value in self._before.get(key, ()):
            self._git.run(*asked, "--add", key, value)

    def _read(self) -> Entries:
        found: dict[str, tuple[str, ...]] = {}
        listed = self._git.run("config", "--file", str(self._file), "--list", "-z", ok=()).text
        for entry in filter(None, listed.split("\0")):
            key, has, value = entry.partition("\n")
            found[key] = (*found.get(key, ()), value if has else "true")
        return found


def put_back_of_the_dead(git: Git, common_dir: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Reverts what attempts changed whose workers were killed; yields the keys of each attempt."""
    for kept in (common_dir / "gitcoord").glob(f"run*/*/{_BEFORE}"):
        if not under_way(kept.parent):
            config = SharedConfig(git, common_dir, kept.parent)
            config.unlock()
            own, _ = config.put_back(GitTrace(kept.parent).take())
            if restore_history(git, common_dir):
                own = (*own, SHALLOW)
            if own:
                yield kept.parent.name, own


def _decoded(kept: Path) -> Entries | None:
    try:
        return msgspec.json.decode(kept.read_bytes(), type=dict[str, tuple[str, ...]])
    except (OSError, msgspec.MsgspecError):
        return None


_Seen = tuple[int, float, int] | None


def _seen(lock: Path) -> _Seen:
    """A value that identifies a lock; None if there is no lock."""
    try:
        found = lock.lstat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime, found.st_size


def _writes(argv: tuple[str, ...], key: str) -> bool:
    """Whether a git command line names the key, its section, or its remote."""
    key = key.lower()
    section = key.rpartition(".")[0]
    if "config" in argv:
        return key in argv or section in argv
    return "remote" in argv and section.startswith("remote.") and section.removeprefix("remote.") in argv
