"""Starts check processes by forking a server that has imported all they need, which saves their start-up.

The server is a process with one thread and the environment of checks. It ends when its client ends or is
killed; check processes then continue. Each check process holds the write end of a pipe: its client reads the
other end to notice that the process has ended.
"""

import contextlib
import gc
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

_LONGEST = 1 << 16
_PATIENCE = 20.0
"""The maximum seconds to wait for the number of a forked process, including the start of the server."""


class CheckProcess:
    """The process of one check. `descriptor` becomes readable when the process ends."""

    def __init__(self, pid: int, descriptor: int) -> None:
        self.pid = pid
        self.began = time.monotonic()
        self.descriptor = descriptor
        self._ended = False

    def ended(self) -> bool:
        """Whether it has ended."""
        if not self._ended and _readable(self.descriptor, 0.0):
            self._ended = True
            os.close(self.descriptor)
        return self._ended

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal, unless the process has ended."""
        if not self.ended():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def wait(self, seconds: float) -> bool:
        """Waits at most `seconds` for the end of the process; returns whether it has ended."""
        if not self._ended:
            _readable(self.descriptor, max(0.0, seconds))
        return self.ended()


class ForkServer:
    """Forks check processes with `environment`; starts the server for the first one, and again if it dies."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._channel: socket.socket | None = None
        self._server: subprocess.Popen[bytes] | None = None

    def start(self, place: Path) -> CheckProcess:
        """Starts the check in the directory `place`. Raises OSError if no process can be started."""
        for last in (False, True):
            try:
                return self._forked(place)
            except OSError:
                self.close()
                if last:
                    raise
        raise AssertionError("the last try has a result")

    def prepare(self) -> None:
        """Starts the server ahead of the first check, because its start takes a moment."""
        if self._channel is None:
            ours, theirs = socket.socketpair()
            with theirs:
                command = (sys.executable, "-X", "utf8", "-P", "-m", "gitcoord.worker.checking.fork_server")
                self._server = subprocess.Popen(
                    command,
                    env=self._environment,
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            self._channel = ours

    def close(self) -> None:
        """Ends the server; check processes continue."""
        if self._channel is not None:
            self._channel.close()
        if self._server is not None:
            self._server.wait()
        self._channel = self._server = None

    def _forked(self, place: Path) -> CheckProcess:
        self.prepare()
        reading, writing = os.pipe()
        try:
            if self._channel is None:
                raise BrokenPipeError("the server has ended")
            socket.send_fds(self._channel, [os.fsencode(place)], [writing])
        except OSError:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        # Wait for the answer, the process number, so that the server never reads two requests as one.
        told = os.read(reading, 32) if _readable(reading, _PATIENCE) else b""
        if not told:
            os.close(reading)
            raise BrokenPipeError("the server has ended, or does not answer")
        return CheckProcess(int(told), reading)


def _readable(descriptor: int, seconds: float) -> bool:
    """Waits at most `seconds` until the descriptor can be read or is closed; returns whether it can."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def serve(channel: socket.socket) -> None:
    """Forks a process for each directory that is requested, until the other end of `channel` is closed."""
    from gitcoord.worker.checking.process import check_at

    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        place, descriptors, _, _ = socket.recv_fds(channel, _LONGEST, 1)
        if not descriptors:
            return
        if os.fork() == 0:
            code = 1
            try:
                channel.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                os.setsid()
                os.set_inheritable(descriptors[0], False)
                os.write(descriptors[0], str(os.getpid()).encode())
                check_at(Path(os.fsdecode(place)))
                code = 0
            finally:
                os._exit(code)
        os.close(descriptors[0])


if __name__ == "__main__":
    asked = socket.socket(fileno=os.dup(0))
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    serve(asked)
