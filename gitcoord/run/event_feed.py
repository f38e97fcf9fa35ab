"""Passes each event of a run to the user's own command, in the background: the run never waits for it."""

import os
import queue
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from gitcoord.events import AnyEvent
from gitcoord.notices import Caution, Tell
from gitcoord.progress.new_events import NewEvents

_LONGEST = 30.0
"""Seconds after which the command for one event is killed."""
_AT_THE_END = 5.0
_MOST_WAITING = 1000


class EventFeed:
    """Runs `argv` once for each event, in order, with the event's text on its standard input.

    Reports the first error only. When the command is too slow, the oldest waiting events are dropped.
    """

    def __init__(self, argv: Sequence[str], as_text: Callable[[AnyEvent], str], tell: Tell) -> None:
        self._argv, self._as_text, self._tell = argv, as_text, tell
        self._waiting: queue.Queue[str | None] = queue.Queue()
        self._new = NewEvents()
        self._reported = False
        self._command: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._work, name="on-event", daemon=True)
        self._thread.start()

    def skip(self, events: Sequence[AnyEvent]) -> None:
        """Marks these events, which are older than the run, as passed on."""
        self._new.take(events)

    def take(self, events: Sequence[AnyEvent]) -> None:
        """Passes on the events that are new in the journal."""
        for event in self._new.take(events):
            if self._waiting.qsize() >= _MOST_WAITING:
                with suppress(queue.Empty):
                    self._waiting.get_nowait()
                self._say("it is slow, and events were left out")
            self._waiting.put(self._as_text(event))

    def close(self) -> None:
        """Waits a moment for the remaining events, then kills the command."""
        self._waiting.put(None)
        self._thread.join(_AT_THE_END)
        if self._thread.is_alive():
            self._end()

    def _work(self) -> None:
        while (text := self._waiting.get()) is not None:
            try:
                self._pass_on(text)
            except (OSError, ValueError) as error:
                self._say(getattr(error, "strerror", None) or str(error))

    def _pass_on(self, text: str) -> None:
        self._command = subprocess.Popen(
            self._argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Ctrl-C reaches the run, not this command.
            start_new_session=True,
        )
        try:
            self._command.communicate(f"{text}\n".encode(), timeout=_LONGEST)
        except subprocess.TimeoutExpired:
            self._end()
            self._command.wait()
            self._say(f"it took longer than {_LONGEST:.0f} seconds")
        else:
            if code := self._command.returncode:
                self._say(f"it ended with code {code}")

    def _end(self) -> None:
        command = self._command
        if command is not None and command.poll() is None:
            with suppress(OSError):
                os.killpg(command.pid, signal.SIGKILL)

    def _say(self, why: str) -> None:
        if not self._reported:
            self._reported = True
            self._tell(Caution(message=f"The command of `on-event` does not work: {why}."))
