"""Replicas that lag: what was answered to a read the last time."""

import threading

from tests.support.github.exchange import Answer


class Replica:
    """The last answer to every read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[str, Answer] = {}

    def keep(self, read: str, answer: Answer) -> None:
        """Remembers a fresh answer."""
        with self._lock:
            self._answers[read] = answer

    def last(self, read: str) -> Answer | None:
        """The answer of the last time."""
        with self._lock:
            return self._answers.get(read)
