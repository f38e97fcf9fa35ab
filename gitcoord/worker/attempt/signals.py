"""Requests to end a process (TERM, Ctrl-C, a closed terminal), which it reads when it is ready."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class StopSignal:
    """The signals that asked this process to end: `requested` is the first one, `count` their number.

    `descriptor` becomes readable at each signal, which wakes a waiting process.
    """

    def __init__(self) -> None:
        self.requested: signal.Signals | None = None
        self.count = 0
        self.descriptor, self._wake = os.pipe()
        for descriptor in (self.descriptor, self._wake):
            os.set_blocking(descriptor, False)

    def ask(self, number: int, frame: FrameType | None = None) -> None:
        """Records a signal."""
        self.requested = self.requested or signal.Signals(number)
        self.count += 1
        try:
            os.write(self._wake, b"!")
        except BlockingIOError:
            return  # The pipe is full, so the process wakes up anyway.

    def hear(self) -> None:
        """Empties the pipe after a wake-up."""
        try:
            os.read(self.descriptor, 512)
        except BlockingIOError:
            return

    def close(self) -> None:
        """Closes the descriptors."""
        os.close(self.descriptor)
        os.close(self._wake)


@contextmanager
def listening() -> Iterator[StopSignal]:
    """Yields a StopSignal that records this process's signals until the block ends."""
    stop = StopSignal()
    before = {number: signal.signal(number, stop.ask) for number in _SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        stop.close()
