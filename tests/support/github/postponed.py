"""Requests whose connection broke, and which take effect only later: nobody can tell by asking at once."""

import threading
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Postponed:
    """A request that is still to take effect."""

    line: str
    reads_left: int
    perform: Callable[[], object]


class Waiting:
    """The postponed requests of an emulator."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Postponed] = []
        self.repeated: list[str] = []
        """Requests that came in again while the first one was still to take effect."""

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, line: str, reads: int, perform: Callable[[], object]) -> None:
        """One more: due when `reads` other requests have come in, or the same one once more."""
        with self._lock:
            self._waiting.append(Postponed(line, reads, perform))

    def progress(self, line: str) -> None:
        """For the server: a request has come in; before it is served, what is due takes effect."""
        with self._lock:
            for one in self._waiting:
                one.reads_left -= 1
                self.repeated += [line] if one.line == line else []
            due = [one for one in self._waiting if one.line == line or one.reads_left < 0]
            self._waiting = [one for one in self._waiting if one not in due]
        for one in due:
            one.perform()

    def finish(self) -> None:
        """Everything that is left takes effect."""
        with self._lock:
            due, self._waiting = self._waiting, []
        for one in due:
            one.perform()
