"""The run's own look after plan, journal, base and configuration: agents share the repository with it."""

from gitcoord.notices import ConfigurationPutBack, RefsPutBack, Tell
from gitcoord.state.permanent_refs import LastingRefs
from gitcoord.state.store import Store
from gitcoord.worker.attempt.shared_config import put_back_of_the_dead


class KeptState:
    """What a run reads everything from; it is put back where an agent deletes it, and told."""

    def __init__(self, store: Store, tell: Tell) -> None:
        self._store, self._tell = store, tell
        self._refs: LastingRefs | None = None

    def look(self) -> None:
        """Looks at all of it, right after it was read anew."""
        if self._refs is None:
            self._refs = LastingRefs(self._store.shared, self._store.require_plan().base)
        if back := self._refs.put_back():
            self._tell(RefsPutBack(refs=back))

    def mend_configuration(self) -> None:
        """Takes back what agents changed in the configuration whose workers were killed, and tells it.

        Git may not find the remote, or not even the repository, until then.
        """
        repository = self._store.repository
        for attempt, keys in put_back_of_the_dead(repository.git, repository.common_dir):
            self._tell(ConfigurationPutBack(attempt=attempt, keys=keys))

    def glance(self) -> None:
        """Looks at it when what everything depends on is gone, or nobody has looked yet."""
        if self._refs is None or self._refs.lost:
            self.look()
