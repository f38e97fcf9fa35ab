"""The interval of a run's heartbeats; and the heartbeats of attempts, with one ref for each worker.

Readers do not trust the clocks of other machines: a worker is alive as long as its ref changes between two
fetches, and the reader's own clock measures the time without a change.
"""

import msgspec

from gitcoord.git.git_cli import Oid
from gitcoord.git.json_commits import decode, encode, read_documents, write_document
from gitcoord.git.repository import Repository
from gitcoord.state.store import Store
from gitcoord.tasks.model import TaskId

_DIRECTORY = "alive/"
RUN_BEAT = 120.0
"""Seconds between two heartbeats of a run."""
RUN_SILENT = 400.0
"""Seconds without a heartbeat after which a run counts as silent: three heartbeats, and some delay."""


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    """One heartbeat. `at`: the worker's own time, for people; `quiet`: seconds since the last output."""

    unit: str
    attempt: int
    by: str
    at: str
    quiet: float = 0.0


def beats_prefix(store: Store) -> str:
    """Returns the prefix of all heartbeat refs."""
    return f"{store.shared.state_prefix}{_DIRECTORY}{store.generation}/"


def beat_ref(store: Store, unit: TaskId, attempt: int) -> str:
    """Returns the heartbeat ref of an attempt's worker."""
    return f"{beats_prefix(store)}{attempt}/{unit}"


def write_beat(repository: Repository, beat: Beat) -> Oid:
    """Writes the commit of a heartbeat, and returns it; moves no ref."""
    subject = f"attempt {beat.attempt} at {beat.unit} is at work"
    return write_document(repository, subject, encode(beat), None).commit


def read_beats(store: Store) -> dict[tuple[str, int], Beat]:
    """Returns the newest heartbeat of each worker, by unit and attempt, from the last fetch."""
    tips = store.shared.list(beats_prefix(store)).values()
    found = (decode(one.body, Beat) for one in read_documents(store.repository.git, tips, newest_only=True))
    return {(beat.unit, beat.attempt): beat for beat in found if beat is not None}
