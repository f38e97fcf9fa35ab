"""A run's sign of life for those who see only git: a ref of its own, replaced again and again."""

import time
from collections.abc import Sequence

from gitcoord.events import AnyEvent, RunChanged
from gitcoord.git.merge_tree import commit_tree
from gitcoord.git.remote_refs import RefUpdate
from gitcoord.state.store import Store

BEAT = 120.0
"""Seconds between two signs of life."""


def life_ref(store: Store) -> str:
    """The ref whose commit is as old as the last sign of life."""
    return f"{store.own_prefix}life"


class Pulse:
    """Lets everybody know now and then that this run lives; how it began is the first sign."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._next = time.monotonic() + BEAT

    @property
    def due(self) -> bool:
        """Whether it is time for another sign."""
        return time.monotonic() >= self._next

    def beat(self) -> None:
        """Gives a sign of life; raises what keeps it from the remote."""
        repository, ref = self._store.repository, life_ref(self._store)
        nothing = repository.git.text("mktree")
        sign = commit_tree(repository.git, nothing, [], "A run is alive", environment=repository.identity)
        self._store.shared.publish([RefUpdate(ref, self._store.shared.read(ref), sign)])
        self._next = time.monotonic() + BEAT


def last_sign(store: Store, events: Sequence[AnyEvent]) -> str:
    """When the run that is said to go on was heard of last (as in events), or nothing."""
    run = next((event for event in reversed(events) if isinstance(event, RunChanged)), None)
    if run is None or run.state == "ended":
        return ""
    begun = next((e for e in reversed(events) if isinstance(e, RunChanged) and e.state == "running"), run)
    sign = store.shared.read(life_ref(store))
    at = store.repository.git.probe("show", "--no-patch", "--format=%ct", sign) if sign else None
    beat = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(int(at))) if at and at.isdigit() else ""
    return max(begun.at, beat)
