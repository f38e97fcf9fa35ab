"""Those around a landing: robots that report checks, reviewers, and whoever tends the merge queue."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.soak.drawing.surroundings import Gates
from tests.soak.playing.host import CHECKING_APP
from tests.support.github import background
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.model import Pull, QueueEntry
from tests.support.github.repository import EmulatedRepository
from tests.support.github.rules import objections

_LOOKS = 0.03
_REVIEWERS = ("lisa", "omar", "ines")
_QUEUE_SENTENCE = "merge queue"


class People:
    """Whoever reports and reviews in one repository. `note` is told what they do."""

    def __init__(
        self, hub: GitHubEmulator, app: EmulatedRepository, gates: Gates, note: Callable[[str], None]
    ) -> None:
        self._hub = hub
        self._app = app
        self._gates = gates
        self._note = note
        self._seen: dict[tuple[int, str], float] = {}
        self._done: set[tuple[int, str]] = set()

    @contextmanager
    def at_work(self, said: Path) -> Iterator[None]:
        """While a client runs, whose stderr goes to `said`."""
        if not self._gates.any or self._gates.reporting == "people":
            yield
            return
        stop = threading.Event()
        thread = threading.Thread(target=self._watch, args=(stop, said))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def come_by(self) -> None:
        """Between two runs: they open every gate that waits for them, and the host goes on meanwhile."""
        with self._app.lock:
            self._app.sync()
            for pull in self._open_pulls():
                pull.unresolved = 0
                self._settle(pull, again=True)
                self._queue(pull)
            for _ in range(3):
                background.progress(self._app, self._hub.hooks)

    def _watch(self, stop: threading.Event, said: Path) -> None:
        while not stop.wait(_LOOKS):
            told = self._gates.reporting == "robot" or (said.exists() and b"waiting:" in said.read_bytes())
            if not told:
                continue
            with self._app.lock:
                for pull in self._open_pulls():
                    key = (pull.number, pull.head_sha)
                    since = self._seen.setdefault(key, time.monotonic())
                    if time.monotonic() - since >= self._gates.delay and key not in self._done:
                        self._settle(pull, again=False)

    def _open_pulls(self) -> list[Pull]:
        return [pull for pull in self._app.pulls.values() if pull.state == "open" and pull.fork is None]

    def _settle(self, pull: Pull, *, again: bool) -> None:
        """Reports the checks of a head, and approves it; where they are flaky, the first verdict is no."""
        key = (pull.number, pull.head_sha)
        missing = [one for one in objections(self._app, pull) if _QUEUE_SENTENCE not in one]
        if not missing:
            return
        failing = self._gates.flaky and not again and key not in self._done
        self._done.add(key)
        for number, name in enumerate(self._gates.checks):
            if self._gates.by_app or number % 2:
                verdict = "failure" if failing else "success"
                self._app.set_check(pull.head_sha, name, verdict, app=CHECKING_APP)
            else:
                self._app.set_status(pull.head_sha, name, "failure" if failing else "success")
        for name in _REVIEWERS[: self._gates.approvals]:
            self._app.review(pull.number, by=name, state="CHANGES_REQUESTED" if failing else "APPROVED")
        verdict = "failure of" if failing else "success of"
        self._note(f"people: {verdict} {', '.join(missing)} for #{pull.number} at {pull.head_sha[:7]}")

    def _queue(self, pull: Pull) -> None:
        """Queues again what the queue has thrown out, and what nobody else would queue: a rollback."""
        if self._gates.queue is None or pull.queued is not None or pull.draft:
            return
        if pull.thrown_out is not None and "rebase" in pull.thrown_out[1]:
            self._app.queue_method = "squash"
        if pull.thrown_out is not None or "rollback" in pull.head:
            self._note(f"people: #{pull.number} queued by hand; it was thrown out: {pull.thrown_out}")
            pull.thrown_out = None
            pull.queued = QueueEntry(self._app.next_id(), pull.head_sha, self._app.background_reads)
