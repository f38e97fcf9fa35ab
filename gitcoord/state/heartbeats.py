"""Signs of life of attempts: a ref for each worker, replaced again and again while it is at its attempt.

Whoever reads them trusts no clock of another machine: a worker lives as long as its ref changes between two
looks, and how long it has not is measured by the reader's own clock.
"""

import msgspec

from gitcoord.git.git_cli import Oid
from gitcoord.git.json_commits import decode, encode, read_documents, write_document
from gitcoord.git.remote_refs import RefUpdate, SharedRefs
from gitcoord.state.store import Store
from gitcoord.tasks.model import TaskId

_DIRECTORY = "alive/"


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    """One heartbeat. `at` is the worker's own time, for people; `quiet` seconds it had printed nothing."""

    unit: str
    attempt: int
    by: str
    at: str
    quiet: float = 0.0


def beats_prefix(store: Store) -> str:
    """What the refs of all heartbeats begin with."""
    return f"{store.shared.state_prefix}{_DIRECTORY}{store.generation}/"


def beat_ref(store: Store, unit: TaskId, attempt: int) -> str:
    """The ref of an attempt's worker."""
    return f"{beats_prefix(store)}{attempt}/{unit}"


def write_beat(shared: SharedRefs, ref: str, beat: Beat, before: Oid | None) -> Oid | None:
    """Sends a heartbeat in place of the one `before`, and returns it; None when it is not wanted any more.

    Raises what keeps it from the remote.
    """
    subject = f"attempt {beat.attempt} at {beat.unit} is at work"
    sign = write_document(shared.repository, subject, encode(beat), None).commit
    return sign if shared.publish([RefUpdate(ref, before, sign)]) else None


def read_beats(store: Store) -> dict[tuple[str, int], Beat]:
    """The newest sign of each worker, by unit and attempt, as of the last refresh."""
    tips = store.shared.list(beats_prefix(store)).values()
    found = (decode(one.body, Beat) for one in read_documents(store.repository.git, tips, newest_only=True))
    return {(beat.unit, beat.attempt): beat for beat in found if beat is not None}
