"""Runs one attempt in the foreground, under this machine's supervisor, for a container or a batch job.

Its output is the attempt's log, its exit code the attempt's; TERM ends the attempt with all its processes.
"""

import os
import signal
from types import FrameType

from gitcoord.engines.engine import Launch
from gitcoord.engines.local import LocalEngine

_PAUSE = 1.0
_LOST = 1
_CHUNK = 1 << 20


def attend(engine: LocalEngine, launch: Launch, output: int = 1, parent: int | None = None) -> int:
    """Executes the attempt, passes its log on to the descriptor `output`, and returns its exit code.

    Ends the attempt if the process `parent` is no longer the parent of this one.

    Raises `engine-refused` if it cannot be started.
    """
    asked = list[int]()

    def stop(number: int, frame: FrameType | None) -> None:
        asked.append(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    engine.start(launch)
    shown = 0
    while True:
        if asked or parent not in (None, os.getppid()):
            engine.cancel(launch.key)
        seen = engine.poll([launch.key])[launch.key]
        shown = _pass_on(engine.log(launch.key), shown, output)
        if seen.state == "ended":
            return _LOST if seen.code is None else seen.code
        engine.wait([launch.key], _PAUSE)


def _pass_on(path: str | None, shown: int, output: int) -> int:
    """Writes the log after its first `shown` bytes; returns the number of bytes written so far."""
    if path is None:
        return shown
    with open(path, "rb") as log:  # noqa: PTH123 - a path of the engine's own
        if os.fstat(log.fileno()).st_size < shown:
            shown = 0  # The log was shortened.
        log.seek(shown)
        while part := log.read(_CHUNK):
            view = memoryview(part)
            while view:
                view = view[os.write(output, view) :]
            shown += len(part)
    return shown
