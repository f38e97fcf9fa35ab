"""The heartbeat of a run, for those who share only the remote: a ref that is replaced every two minutes."""

import time
from collections.abc import Sequence

from gitcoord.events import AnyEvent, RunChanged
from gitcoord.git.remote_refs import RefUpdate
from gitcoord.git.write_commits import commit_tree
from gitcoord.state.heartbeats import RUN_BEAT
from gitcoord.state.store import Store


def heartbeat_ref(store: Store) -> str:
    """The ref of the heartbeats; the time of its commit is that of the last one."""
    return f"{store.own_prefix}life"


class RunHeartbeat:
    """Sends the heartbeats of one run. The recorded start of the run counts as the first."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._next = time.monotonic() + RUN_BEAT

    @property
    def due(self) -> bool:
        """Whether the next heartbeat is due."""
        return time.monotonic() >= self._next

    def send(self) -> None:
        """Sends a heartbeat. Raises GitcoordError if the remote cannot be reached."""
        repository, ref = self._store.repository, heartbeat_ref(self._store)
        nothing = repository.git.text("mktree")
        sign = commit_tree(repository.git, nothing, [], "A run is alive", environment=repository.identity)
        self._store.shared.publish([RefUpdate(ref, self._store.shared.read(ref), sign)])
        self._next = time.monotonic() + RUN_BEAT


def last_heartbeat(store: Store, events: Sequence[AnyEvent]) -> str:
    """The time of the active run's last heartbeat, in the format of events; empty if no run is active."""
    run = next((event for event in reversed(events) if isinstance(event, RunChanged)), None)
    if run is None or run.state == "ended":
        return ""
    begun = next((e for e in reversed(events) if isinstance(e, RunChanged) and e.state == "running"), run)
    sign = store.shared.read(heartbeat_ref(store))
    at = store.repository.git.probe("show", "--no-patch", "--format=%ct", sign) if sign else None
    sent = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(int(at))) if at and at.isdigit() else ""
    return max(begun.at, sent)
