"""The ends of attempts' logs, for clones without the logs themselves: a commit without history for each.

Their refs are created together with the record of the end, are not fetched with the rest of the state, and
are never changed. The number of them is limited; the oldest are deleted.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gitcoord.errors import GitcoordError
from gitcoord.events import AttemptEnded
from gitcoord.git.git_cli import Oid
from gitcoord.git.json_commits import decode, encode, read_documents, write_document
from gitcoord.git.ref_cache import ON_REQUEST
from gitcoord.git.remote_refs import RefUpdate, SharedRefs
from gitcoord.redact import redact
from gitcoord.state.store import Store

MOST_BYTES = 64 << 10
"""The largest size of the end of one log, before git compresses it."""
_AT_ONCE = 200
"""Refs that one push deletes."""


class LogEnd(msgspec.Struct, frozen=True, kw_only=True):
    """The end `text` of an attempt's log of `size` bytes. `by` recorded it at the time `at`."""

    unit: str
    attempt: int
    by: str
    at: str
    size: int
    text: str


def log_end_ref(store: Store, unit: str, attempt: int) -> str:
    """Returns the ref of an attempt's log end."""
    return f"{_prefix(store.shared)}{store.generation}/{attempt}/{unit}"


def write_log_end(store: Store, ended: AttemptEnded, log: Path, most: int) -> RefUpdate | None:
    """Writes the end of the file `log`, and returns the ref to create with the record `ended`.

    Returns None if no clone needs it: there is no log, the settings keep none (`most` is 0), or all clones
    share this repository. Also returns None after an error: the attempt ends even without the log.
    """
    if store.shared.remote is None or not most:
        return None
    try:
        size, text = _read_end(log)
        end = LogEnd(
            unit=ended.task or "", attempt=ended.attempt, by=ended.by, at=ended.at, size=size, text=text
        )
        subject = f"the end of the log of attempt {end.attempt} at {end.unit}"
        commit = write_document(store.repository, subject, encode(end), None).commit
    except (GitcoordError, OSError):
        return None
    return RefUpdate(log_end_ref(store, end.unit, end.attempt), None, commit)


def read_log_end(store: Store, unit: str, attempt: int) -> LogEnd | None:
    """Fetches the end of an attempt's log; None if there is none, or it was deleted."""
    tip = store.shared.read_on_request(log_end_ref(store, unit, attempt))
    if tip is None:
        return None
    documents = read_documents(store.repository.git, [tip], newest_only=True)
    end: LogEnd | None = decode(documents[0].body if documents else None, LogEnd)
    return end


def prune_log_ends(store: Store, most: int) -> int:
    """Deletes all log ends except for the newest `most` of this task list; returns how many it deleted.

    Also deletes those of attempts whose end is not in the journal. Raises `unreachable`.
    """
    refs = store.shared.list_on_request(_prefix(store.shared))
    if not refs:
        return 0
    store.refresh()  # so the journal has the record of each of them
    times = {
        log_end_ref(store, unit, one.number): one.ended.at
        for unit, task_progress in store.progress().items()
        for one in task_progress.attempts
        if one.ended is not None
    }
    own = sorted((ref for ref in refs if ref in times), key=times.__getitem__)
    kept = set(own[len(own) - min(most, len(own)) :])
    return _delete(store.shared, {ref: tip for ref, tip in refs.items() if ref not in kept})


def _prefix(shared: SharedRefs) -> str:
    return f"{shared.state_prefix}{ON_REQUEST}"


def _delete(shared: SharedRefs, refs: dict[str, Oid]) -> int:
    deleted = 0
    for part in _parts([RefUpdate(ref, tip, None) for ref, tip in refs.items()]):
        try:
            deleted += len(part) if shared.publish(part) else 0
        except GitcoordError:
            continue  # somebody else is deleting them, too; the next run deletes the rest
    return deleted


def _parts(updates: list[RefUpdate]) -> Iterator[list[RefUpdate]]:
    for start in range(0, len(updates), _AT_ONCE):
        yield updates[start : start + _AT_ONCE]


def _read_end(log: Path) -> tuple[int, str]:
    """Returns the size of the log, and its last whole lines without secrets. Raises OSError."""
    with log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - MOST_BYTES))
        data = file.read(MOST_BYTES)
    if size > len(data):
        data = data[data.find(b"\n") + 1 :] or data
    return size, redact(data.decode("utf-8", "surrogateescape"))
