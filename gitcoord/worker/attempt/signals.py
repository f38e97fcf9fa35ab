"""The wish that a process ends: TERM, Ctrl-C or a closed terminal, heard at moments of its own choosing."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class StopSignal:
    """`asked` is the signal that came first, `count` how many came; `descriptor` wakes whoever waits."""

    def __init__(self) -> None:
        self.asked: signal.Signals | None = None
        self.count = 0
        self.descriptor, self._wake = os.pipe()
        for descriptor in (self.descriptor, self._wake):
            os.set_blocking(descriptor, False)

    def ask(self, number: int, frame: FrameType | None = None) -> None:
        """Notes a signal."""
        self.asked = self.asked or signal.Signals(number)
        self.count += 1
        try:
            os.write(self._wake, b"!")
        except BlockingIOError:
            return  # it is awake

    def hear(self) -> None:
        """Takes note of having been woken."""
        try:
            os.read(self.descriptor, 512)
        except BlockingIOError:
            return

    def close(self) -> None:
        """Lets the descriptors go."""
        os.close(self.descriptor)
        os.close(self._wake)


@contextmanager
def listening() -> Iterator[StopSignal]:
    """A Stop that hears this process's signals while the block lasts."""
    stop = StopSignal()
    before = {number: signal.signal(number, stop.ask) for number in _SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        stop.close()
