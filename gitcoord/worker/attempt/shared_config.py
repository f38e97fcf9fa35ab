"""Reverts changes of an agent's git to the repository's configuration, which all checkouts share.

Git's own trace shows who made a change. Changes of the user stay. Those of another attempt stay until that
one ends, unless they make this attempt fail.
"""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from gitcoord.git.bound_worktree import administration
from gitcoord.git.git_cli import Git
from gitcoord.git.remote_refs import HEADS
from gitcoord.path_search import matching_paths
from gitcoord.worker.attempt.full_history import SHALLOW, restore_history
from gitcoord.worker.attempt.git_trace import GitProcess, GitTrace
from gitcoord.worker.attempt.local_attempts import may_be_under_way, under_way

_OF_BRANCHES = "branch."
"""The prefix of keys about one branch, such as its upstream, which git writes by itself."""

FINDS_WORKTREE = ("core.bare", "core.worktree")
"""The keys that hide the main worktree, and with it the settings: gitcoord then sees a bare repository."""

_BEFORE = "shared-config.json"
_LOCKED = ("config", "packed-refs")
"""Files that every checkout writes, besides the base's ref."""

_LET_GO = 3.0
"""Seconds after which an unchanged lock counts as abandoned."""

_TRIES = 5
"""The number of attempts to write the file while others lock it again and again."""

_READS = ("--get", "--get-all", "--get-regexp", "--get-urlmatch", "--list", "get", "list", "show", "get-url")
_REMOVE = frozenset({"remove", "rm", "rename"})
_MAKE = ("init", "clone")
"""Commands that create a repository. Before them, commands in the same directory used another repository."""

_ELSEWHERE = ("--global", "--system", "--worktree")
_READS_OR_ELSEWHERE = frozenset((*_READS, *_ELSEWHERE))
"""Words of a command line that changes nothing, or another file; see https://git-scm.com/docs/git-config."""

Entries = Mapping[str, tuple[str, ...]]


class SharedConfig:
    """The configuration before a command of an attempt; `place` is the attempt's directory.

    `base`: the branch whose lock is removed like that of the configuration.
    """

    def __init__(self, git: Git, common_dir: Path, place: Path, base: str = "") -> None:
        self._git, self._file = git, common_dir / "config"
        self._locks = [common_dir / f"{one}.lock" for one in (*_LOCKED, *([HEADS + base] if base else []))]
        self._kept = place / _BEFORE
        self._others = self._locks_before()
        self._before = _decoded(self._kept) or self._read()
        self._keep()

    def unlock(self) -> tuple[str, ...]:
        """Removes abandoned locks made since construction; returns the names of the files they locked."""
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
        """The locks from before the command, each with a value that identifies it; None if there was none.

        The time alone does not identify a lock: somebody may set the clock back.
        """
        there = {lock: _seen(lock) for lock in self._locks}
        if not self._kept.exists():
            return there
        began = self._kept.stat().st_mtime  # a worker that was killed wrote it before its command
        return {lock: seen if seen and seen[1] < began - 1 else None for lock, seen in there.items()}

    def put_back(
        self, processes: Sequence[GitProcess], only: Collection[str] = ()
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Reverts what `processes` of the command changed, with `only` just these keys.

        Returns the reverted keys, and other keys that changed meanwhile, without those of branches. If the
        worker is killed before it calls `delete`, `put_back_of_the_dead` does the rest.
        """
        now = self._read()
        changed = [
            key
            for key in dict.fromkeys((*self._before, *now))
            if self._before.get(key) != now.get(key) and (not only or key in only)
        ]
        made = {one.worktree: place for place, one in enumerate(processes) if one.command in _MAKE}
        own = [
            key
            for key in changed
            if any(
                _writes(one.argv, key, gone=key not in now)
                and (place < made.get(one.worktree, 0) or self._is_here(one, made))
                for place, one in enumerate(processes)
            )
        ]
        locked = self._revert(own) if own else ()
        reverted = tuple(key for key in own if key not in locked)
        others = (key for key in changed if key not in reverted and not key.startswith(_OF_BRANCHES))
        return reverted, tuple(others)

    def _is_here(self, process: GitProcess, made: Collection[str]) -> bool:
        """Whether the process used this repository, not one that the agent made somewhere.

        Assumes that another repository replaced a worktree of this one later, unless a git process created a
        repository there (`made`).
        """
        place = Path(process.worktree)
        if not process.worktree or not place.is_dir():
            return True
        asked = ("rev-parse", "--path-format=absolute", "--git-common-dir", "--show-toplevel")
        found = Git(place).run(*asked, ok=())
        here = (self._file.parent.resolve(), place.resolve())
        if found.code != 0 or tuple(Path(line).resolve() for line in found.text.splitlines()) == here:
            return True
        return process.worktree not in made and administration(self._file.parent, place) is not None

    def delete(self) -> None:
        """Deletes the saved configuration: nothing is left to revert."""
        self._kept.unlink(missing_ok=True)

    def _revert(self, keys: Sequence[str]) -> tuple[str, ...]:
        """Writes the former values; returns the keys that could not be written, because others held a lock.

        Another attempt's agent may lock the file at any moment, and leave the lock behind.
        """
        from tenacity import (
            RetryCallState,
            Retrying,
            retry_if_result,
            stop_after_attempt,
            wait_random_exponential,
        )

        def write() -> tuple[str, ...]:
            for key in keys:
                self._write(key)
            now = self._read()
            return tuple(key for key in keys if self._before.get(key) != now.get(key))

        def unlock(_: RetryCallState) -> None:
            self.unlock()

        def give_up(last: RetryCallState) -> tuple[str, ...]:
            return last.outcome.result() if last.outcome else tuple(keys)

        again = Retrying(
            retry=retry_if_result(bool),
            stop=stop_after_attempt(_TRIES),
            wait=wait_random_exponential(0.1, max=1),
            before_sleep=unlock,
            retry_error_callback=give_up,
        )
        return again(write)

    def _keep(self) -> None:
        """Saves the configuration, so that a run can restore it after the worker was killed."""
        with suppress(OSError):
            self._kept.parent.mkdir(parents=True, exist_ok=True)
            self._kept.write_bytes(msgspec.json.encode(self._before))

    def _write(self, key: str) -> None:
        """Writes the former values of the key; has no effect while the file is locked."""
        asked = ("config", "--file", str(self._file))
        self._git.run(*asked, "--unset-all", key, ok=())
        for value in self._before.get(key, ()):
            self._git.run(*asked, "--add", key, value, ok=())

    def _read(self) -> Entries:
        found: dict[str, tuple[str, ...]] = {}
        listed = self._git.run("config", "--file", str(self._file), "--list", "-z", ok=()).text
        for entry in filter(None, listed.split("\0")):
            key, has, value = entry.partition("\n")
            found[key] = (*found.get(key, ()), value if has else "true")
        return found


def put_back_of_the_dead(git: Git, common_dir: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Reverts changes to the configuration by attempts whose workers were killed.

    Yields the key of each such attempt, and the configuration keys that were reverted.
    """
    for kept in matching_paths(common_dir / "gitcoord", f"run*/*/{_BEFORE}"):
        if not may_be_under_way(kept.parent):
            config = SharedConfig(git, common_dir, kept.parent)
            config.unlock()
            trace = GitTrace(kept.parent)
            own, _ = config.put_back(trace.read())
            if restore_history(git, common_dir):
                own = (*own, SHALLOW)
            config.delete()
            trace.delete()
            if own:
                yield kept.parent.name, own


def put_back_of_others(
    git: Git, common_dir: Path, own: Path | None, only: Collection[str] = ()
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Reverts changes to the configuration by other running attempts than the one at `own`.

    With `only`, reverts just these keys. Yields the key of each such attempt, and the configuration keys that
    were reverted. Its agent may still need the changes: call this only if they make the own attempt fail.
    """
    for kept in matching_paths(common_dir / "gitcoord", f"run*/*/{_BEFORE}"):
        if kept.parent != own and _decoded(kept) and under_way(kept.parent):
            config, trace = SharedConfig(git, common_dir, kept.parent), GitTrace(kept.parent)
            keys, _ = config.put_back(trace.read(), only)
            if keys:
                yield kept.parent.name, keys


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


def _writes(argv: tuple[str, ...], key: str, *, gone: bool) -> bool:
    """Whether a git command line may change the key, its section, or its remote.

    A command that removes or renames a remote also removes keys (`gone`) of the branches that track it.
    """
    key = key.lower()
    section = key.rpartition(".")[0]
    if _READS_OR_ELSEWHERE.intersection(argv):
        return False
    if "config" in argv:
        return (key in argv or section in argv) and argv[argv.index("config") + 1 :] != (key,)
    if "remote" not in argv:
        return False
    if gone and (key.startswith(_OF_BRANCHES) or key == "remote.pushdefault"):
        return not _REMOVE.isdisjoint(argv)
    return section.startswith("remote.") and section.removeprefix("remote.") in argv
