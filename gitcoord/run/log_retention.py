"""Removes the logs and records of attempts from the git directory when they are old or too large.

Keeps those of running attempts, and of all attempts at units of the plan that have not landed. Limits the
number of log ends in git, and deletes unfinished work that dead workers published.
"""

import re
import shutil
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from gitcoord.engines.engine import key_of
from gitcoord.errors import GitcoordError
from gitcoord.path_search import matching_paths
from gitcoord.run.observe import RunView
from gitcoord.settings import RunSettings
from gitcoord.state.log_ends import prune_log_ends
from gitcoord.state.published_work import abandoned_work
from gitcoord.state.store import Store
from gitcoord.worker.attempt.local_attempts import under_way

_DAY = 86_400.0
_PRUNE_EVERY = 1800.0
"""Seconds between two clean-ups of the remote."""


class OldLogs(msgspec.Struct, frozen=True, kw_only=True):
    """Directories of attempts to remove, oldest first, and their size in bytes; `left` bytes stay."""

    places: tuple[Path, ...] = ()
    size: int = 0
    left: int = 0


class _Kept(msgspec.Struct, frozen=True):
    place: Path
    at: float
    size: int


def find_old_logs(run: Path, view: RunView, settings: RunSettings, now: float | None = None) -> OldLogs:
    """Finds the logs that the settings no longer keep at the time `now` (seconds since the epoch)."""
    earlier = [place for place in matching_paths(run.parent, "run*") if place.is_dir() and place != run]
    everything = (one for place in (run, *earlier) for one in _kept(place))
    found = sorted(everything, key=lambda one: (one.at, one.place.name))
    total = sum(one.size for one in found)
    needed = _needed(view)
    oldest = (time.time() if now is None else now) - settings.keep_logs_days * _DAY
    most = settings.keep_logs_megabytes * (1 << 20)
    gone: list[_Kept] = []
    left = total
    for one in found:
        too_old = settings.keep_logs_days and one.at < oldest
        too_much = settings.keep_logs_megabytes and left > most
        # Attempts of another task list are not needed.
        if (too_old or too_much) and _free(one.place, needed if one.place.parent == run else ()):
            gone.append(one)
            left -= one.size
    return OldLogs(places=tuple(one.place for one in gone), size=total - left, left=left)


def remove_old_logs(old: OldLogs) -> None:
    """Removes the directories."""
    for place in old.places:
        shutil.rmtree(place, ignore_errors=True)


class RemoteCleanup:
    """Deletes older log ends and the work of dead workers from the remote, at intervals."""

    def __init__(self, store: Store, most: int) -> None:
        self._store, self._most = store, most
        self._next = 0.0

    def apply(self, *, now: bool = False) -> None:
        """Deletes them if the interval has passed, or with `now`. Ignores errors: a later call repeats it."""
        if self._store.shared.remote is None or not (now or time.monotonic() >= self._next):
            return
        self._next = time.monotonic() + _PRUNE_EVERY
        with suppress(GitcoordError):
            prune_log_ends(self._store, self._most)
            for update in abandoned_work(self._store, self._store.progress()):
                self._store.shared.publish([update])


def _needed(view: RunView) -> set[str]:
    """The name prefixes of the directories of units that have not landed."""
    open_tasks = [task for task in view.plan.tasks.values() if task.id not in view.landed]
    ids = [id for task in open_tasks for id in (task.id, *(part.id for part in task.subtasks))]
    return {key_of(id, 0).removesuffix("0") for id in ids}


def _free(place: Path, needed: Collection[str]) -> bool:
    unit, dash, _ = place.name.rpartition("-")
    return unit + dash not in needed and not under_way(place)


def _kept(run: Path) -> Iterator[_Kept]:
    for place in matching_paths(run, "*"):
        if re.search("-[1-9][0-9]*$", place.name) and place.is_dir() and not place.is_symlink():
            try:
                files = [file.lstat() for file in matching_paths(place, "*")]
                at = max((file.st_mtime for file in files), default=place.lstat().st_mtime)
            except FileNotFoundError:
                continue  # Somebody is removing the directory.
            yield _Kept(place, at, sum(file.st_size for file in files))
