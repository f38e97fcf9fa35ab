"""The private copy of a remote's branches and state: `refs/gitcoord-mirror/REMOTE/`.

It is a cache: the user's own refs stay unchanged, and broken refs in it are deleted and fetched again.
"""

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from gitcoord.git.git_cli import Oid, stdin_lines
from gitcoord.git.git_result import GitResult
from gitcoord.git.refs import read_refs
from gitcoord.git.repository import Repository
from gitcoord.path_search import matching_paths

if TYPE_CHECKING:
    from pathlib import Path

    from filelock import BaseFileLock

HEADS = "refs/heads/"
_OPTIONS = ("--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-gc")
ON_REQUEST = "logs/"
"""The part of the state, below its prefix, that is not copied: a reader fetches single refs of it."""
_MOST_BROKEN = 8
"""With more broken refs than this, a remote counts as unreadable."""
_BROKEN_SECONDS = 30.0
"""Seconds until a broken ref is requested again."""
_LOCKED_SECONDS = 1.0
"""Git holds the lock of a ref for an instant, so an older lock is from a killed git.

Removing a slow git's lock does no harm: only one gitcoord at a time writes here, and fetches the ref again.
"""

_PACK_EVERY = 50
"""The number of fetches by one process after which it lets git pack loose objects."""
_MOST_LOOSE = 2000
"""Fewer loose objects than this stay loose."""


class RefUpdate(msgspec.Struct, frozen=True):
    """One ref to move from `old` (None: it must not exist) to `new` (None: delete it)."""

    ref: str
    old: Oid | None
    new: Oid | None

    def command(self, prefix: str = "") -> str:
        """Returns the line for `git update-ref --stdin`, with `prefix` before the ref."""
        if self.old is None:
            return f"create {prefix}{self.ref} {self.new}"
        if self.new is None:
            return f"delete {prefix}{self.ref} {self.old}"
        return f"update {prefix}{self.ref} {self.new} {self.old}"


class Mirror:
    """The copy of one remote. `prefix` comes before the remote's own ref names."""

    def __init__(self, repository: Repository, remote: str, state_prefix: str) -> None:
        self.prefix = f"refs/gitcoord-mirror/{remote}/"
        self._repository = repository
        self._git = repository.git
        self.remote = remote
        self._address = repository.address or remote
        self._state_prefix = state_prefix
        self.broken: tuple[str, ...] = ()
        """The refs of the state that the remote lists and cannot send: they are missing in the copy."""
        self._broken_since = 0.0
        self.more: tuple[str, ...] = ()
        """Refs that are copied in addition to branches and state, if the remote has them."""
        self._fetches = 0

    def fetch(self) -> GitResult:
        """Updates the copy.

        Retries a few times, because a remote that is being written to can fail for a moment.
        """
        with self._lock:
            if self.broken and time.monotonic() - self._broken_since > _BROKEN_SECONDS:
                self.broken = ()
            ended = self._fetch()
            ended = ended if ended.code == 0 else self._fetch_around_broken(ended)
            self._fetches += 1
            if self._fetches % _PACK_EVERY == 0:
                self._pack()
            return ended

    def bring(self, names: Iterable[str]) -> GitResult:
        """Fetches the commits of `names` (refs of the remote, or commit ids); moves no ref."""
        command = ("fetch", "--quiet", *_OPTIONS, "--refmap=", "--stdin", "--", self._address)
        return self._git.run(*command, input=stdin_lines(names), ok=())

    def copy(self, ref: str) -> GitResult:
        """Copies one ref that is not copied otherwise."""
        spec = f"+{ref}:{self.prefix}{ref}"
        command = ("fetch", "--quiet", *_OPTIONS, "--refmap=", "--", self._address, spec)
        with self._lock:
            return self._git.run(*command, ok=())

    def is_copied(self, ref: str) -> bool:
        """Whether `ref` is part of the copy."""
        return not ref.startswith(self._state_prefix + ON_REQUEST)

    def follow(self, updates: Sequence[RefUpdate]) -> bool:
        """Updates the copy after a push without a fetch; if that is impossible, fetches and returns False.

        Moves a ref only from its old commit: if another process has fetched meanwhile, the copy is newer.
        """
        commands = stdin_lines(update.command(self.prefix) for update in updates)
        with self._lock:
            followed = self._git.run("update-ref", "--stdin", input=commands, ok=()).code == 0
            if not followed:
                self._fetch()
            return followed

    def _fetch(self) -> GitResult:
        from tenacity import Retrying, retry_if_result, stop_after_attempt, wait_random_exponential

        patience = Retrying(
            retry=retry_if_result(lambda result: result.code != 0),
            stop=stop_after_attempt(3),
            wait=wait_random_exponential(multiplier=0.1, max=1),
            before_sleep=lambda state: self._drop_broken(),
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
        )
        # As patterns: git fails if a ref with an exact name is missing.
        more = (f"{ref}*" for ref in self.more)
        ended: GitResult = patience(
            self._fetch_once,
            (HEADS + "*", self._state_prefix + "*", *more),
            (f"{self._state_prefix}{ON_REQUEST}*", *self.broken),
        )
        return ended

    def _pack(self) -> None:
        """Lets git pack loose objects, unless the user's `maintenance.auto` is false.

        Each fetch reads the commits of all refs, and from loose files that takes twice as long. See
        https://git-scm.com/docs/git-maintenance#_tasks
        """
        if self._git.probe("config", "--type=bool", "maintenance.auto") != "false":
            limit = f"maintenance.loose-objects.auto={_MOST_LOOSE}"
            task = ("maintenance", "run", "--auto", "--quiet", "--task=loose-objects")
            self._git.run("-c", limit, *task, ok=())

    def _fetch_once(self, refs: Sequence[str], without: Sequence[str] = ()) -> GitResult:
        specs = [*(f"+{ref}:{self.prefix}{ref}" for ref in refs), *(f"^{ref}" for ref in without)]
        # Without the empty refmap git would move the user's own remote-tracking branches too.
        command = ("fetch", "--quiet", "--prune", *_OPTIONS, "--refmap=", "--stdin", "--", self._address)
        return self._git.run(*command, input=stdin_lines(specs), ok=())

    def _fetch_around_broken(self, ended: GitResult) -> GitResult:
        """Fetches everything else if a broken ref of the state makes the fetch fail.

        `ended` is the result of the complete fetch, returned for any other cause, such as a broken branch.
        """
        listed = self._git.run("ls-remote", "--quiet", "--", self._address, self._state_prefix + "*", ok=())
        if listed.code != 0 or self._fetch_once([HEADS + "*"], [self._state_prefix + "*"]).code != 0:
            return ended
        pairs = [line.split("\t", 1) for line in listed.text.split("\n") if "\t" in line]
        broken = [name for oid, name in pairs if not oid.strip("0")]
        broken += self._unfetchable([name for oid, name in pairs if oid.strip("0")])
        if not 0 < len(broken) <= _MOST_BROKEN:
            return ended
        self.broken, self._broken_since = tuple(sorted(broken)), time.monotonic()
        gone = stdin_lines(f"delete {self.prefix}{name}" for name in broken)
        self._git.run("update-ref", "--stdin", input=gone, ok=())
        return self._fetch()

    def _unfetchable(self, names: Sequence[str]) -> list[str]:
        """Returns those of the refs that the remote cannot send, found by halving; at most a few."""
        if not names or self._fetch_once(names).code == 0:
            return []
        if len(names) == 1:
            return list(names)
        middle = len(names) // 2
        found = self._unfetchable(names[:middle])
        return found if len(found) > _MOST_BROKEN else found + self._unfetchable(names[middle:])

    def _drop_broken(self) -> None:
        """Removes the remains of a crash: copied refs that are empty or lack objects, and git's locks."""
        locks = self._locks()
        if locks:
            time.sleep(_LOCKED_SECONDS)
        for lock in locks.items() & self._locks().items():
            # The lock must be the same as a moment ago; its time means nothing if the clock was set.
            lock[0].unlink(missing_ok=True)
        refs = read_refs(self._git, self.prefix)
        for name in refs.broken:
            # `update-ref -d` refuses a ref that it cannot read.
            (self._repository.common_dir / name).unlink(missing_ok=True)
        asked = stdin_lines(refs.targets.values())
        found = self._git.run("cat-file", "--batch-check=%(objectname)", input=asked).text.split("\n")
        lost = [name for name, line in zip(refs.targets, found, strict=False) if line.endswith(" missing")]
        self._git.run("update-ref", "--stdin", input=stdin_lines(f"delete {name}" for name in lost), ok=())

    def _locks(self) -> "dict[Path, tuple[int, int]]":
        """Returns git's lock files in the copy, each with data that identifies it."""
        found = {}
        for lock in matching_paths(self._repository.common_dir / self.prefix, "**/*.lock"):
            with suppress(FileNotFoundError):
                seen = lock.stat()
                found[lock] = seen.st_ino, seen.st_mtime_ns
        return found

    @cached_property
    def _lock(self) -> "BaseFileLock":
        from filelock import FileLock

        return FileLock(self._repository.common_dir / "gitcoord-fetch.lock")
