"""Protects plan, journal, base and configuration, because agents share the repository with the run."""

from gitcoord.notices import ConfigurationPutBack, RefsPutBack, Tell
from gitcoord.state.permanent_refs import LastingRefs
from gitcoord.state.store import Store
from gitcoord.worker.attempt.shared_config import put_back_of_the_dead


class StateGuard:
    """Restores and reports refs and settings that the run needs, if an agent deletes or changes them."""

    def __init__(self, store: Store, tell: Tell) -> None:
        self._store, self._tell = store, tell
        self._refs: LastingRefs | None = None

    def check_all(self) -> None:
        """Restores and reports deleted refs of plan, journal and base. Call it right after a fetch."""
        if self._refs is None:
            self._refs = LastingRefs(self._store.shared, self._store.require_plan().base)
        if back := self._refs.put_back():
            self._tell(RefsPutBack(refs=back))

    def revert_configuration(self) -> None:
        """Reverts configuration changes by agents whose workers were killed, and tells which.

        Without that, git may find neither the remote nor the repository.
        """
        repository = self._store.repository
        for attempt, keys in put_back_of_the_dead(repository.git, repository.common_dir):
            self._tell(ConfigurationPutBack(attempt=attempt, keys=keys))

    def check(self) -> None:
        """Calls `check_all` if plan or base is missing, or if that was never called."""
        if self._refs is None or self._refs.lost:
            self.check_all()
