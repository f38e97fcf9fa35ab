"""A ref of an attempt that its worker replaces at an interval: a heartbeat, or its unfinished work."""

import threading
from collections.abc import Callable
from types import TracebackType

from gitcoord.errors import GitcoordError
from gitcoord.git.git_cli import Oid
from gitcoord.git.remote_refs import RefUpdate, SharedRefs
from gitcoord.state.store import Store


class RepeatedRef:
    """Replaces `ref` every `seconds` (0: never) in a thread while the block lasts, and deletes it at the end.

    `make` returns the next commit, the last one again if nothing has changed, or None if there is none yet.
    Continues after errors. Ends when somebody else moves the ref, because another machine took the attempt
    over.
    """

    def __init__(
        self, store: Store, ref: str, seconds: float, make: Callable[[SharedRefs], Oid | None]
    ) -> None:
        # A separate object: the worker's own refs are in use by another thread.
        self._shared = SharedRefs(store.repository, store.shared.state_prefix)
        self._ref, self._every, self._make = ref, seconds, make
        self._over = threading.Event()
        self._last: Oid | None = None
        self._thread = threading.Thread(target=self._repeat, name=ref, daemon=True)

    def __enter__(self) -> "RepeatedRef":
        if self._every:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        if self._every:
            self._thread.join()
        if self._last is not None:
            self._withdraw(self._last)

    def _repeat(self) -> None:
        while not self._over.wait(self._every):
            try:
                made = self._make(self._shared)
                if made is None or made == self._last:
                    continue
                if not self._shared.publish([RefUpdate(self._ref, self._last, made)]):
                    return
            except (GitcoordError, OSError):
                continue  # the next one may arrive
            self._last = made

    def _withdraw(self, last: Oid) -> None:
        """Deletes the ref. If that fails, the next run deletes it."""
        try:
            self._shared.publish([RefUpdate(self._ref, last, None)])
        except (GitcoordError, OSError):
            return
