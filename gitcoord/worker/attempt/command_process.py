"""Runs a command for a worker: logs its output, limits its time, and ends its whole process tree."""

import os
import select
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from gitcoord.engines.processes import MARK, Find, adopt_orphans, end, has_children, tell, tree
from gitcoord.worker.attempt.log import Log
from gitcoord.worker.attempt.signals import StopSignal

_CHUNK = 1 << 18
_PIPE_SIZE = 1 << 20
_SET_PIPE_SIZE = 1031
_LOOK_AGAIN = 0.05
_FOR_LEFT_BEHIND = 2.0
_AT_MOST = 5.0


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A program with its arguments; `input` is the file on its standard input."""

    argv: Sequence[str]
    directory: Path
    environment: Mapping[str, str]
    input: Path | None = None


class CommandEnd(msgspec.Struct, frozen=True, kw_only=True):
    """How a command ended: by itself with `code` (negative: killed by that signal), or ended by the worker.

    It was not started if there is a `problem`. `killed` counts the processes that had to be killed,
    `left_behind` those that still ran after a command that ended by itself.
    """

    why: Literal["by itself", "timeout", "stopped", "not started"]
    code: int = 0
    killed: int = 0
    left_behind: int = 0
    problem: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether it ended by itself with exit code 0."""
        return self.why == "by itself" and self.code == 0


def command_words(command: str, *, shell: bool) -> list[str]:
    """Splits the command into words; raises ValueError for an open quote."""
    return ["sh", "-c", command] if shell else shlex.split(command)


def run_command(
    command: Command,
    log: Log,
    *,
    stop: StopSignal,
    until: float | None = None,
    grace: float,
    look: Callable[[], bool] = bool,
    every: float = 60.0,
) -> CommandEnd:
    """Runs `command`; ends it at the time `until` (of `time.monotonic`) or when `stop` is requested.

    Also ends the command when `look`, which is called every `every` seconds, returns True. `grace` is the
    number of seconds from TERM to KILL. Afterwards no process that the command started is alive, in any
    session.
    """
    find = tree(command.environment.get(MARK, ""), adopted=adopt_orphans())
    reading, writing = os.pipe()
    _widen(reading)
    try:
        started = _started(command, writing)
    except (OSError, ValueError) as error:
        os.close(reading)
        reason = getattr(error, "strerror", None) or str(error)
        return CommandEnd(why="not started", problem=f"{command.argv[0]} cannot be started: {reason}")
    finally:
        os.close(writing)
    output = _Output(reading, log)
    asked = _SlowQuestion(look, every)
    why = _wait(started, output, stop, until, asked)
    killed, left_behind = _end_all(started, output, find, grace if why != "by itself" else None, stop)
    output.drain()
    asked.finish()
    os.close(reading)
    return CommandEnd(why=why, code=started.wait(), killed=killed, left_behind=left_behind)


Why = Literal["by itself", "timeout", "stopped"]


class _Output:
    """The output of the command. It has to be read continuously, or the command would block."""

    def __init__(self, descriptor: int, log: Log) -> None:
        os.set_blocking(descriptor, False)
        self.descriptor: int | None = descriptor
        self._log = log

    def read(self) -> bool:
        """Moves available output to the log; returns False if there was none."""
        if self.descriptor is None:
            return False
        try:
            data = os.read(self.descriptor, _CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self.descriptor = None  # all processes have closed it
            return False
        self._log.write(data)
        return True

    def drain(self) -> None:
        """Moves all available output to the log."""
        while self.read():
            pass


def _started(command: Command, output: int) -> "subprocess.Popen[bytes]":
    with (command.input or Path(os.devnull)).open("rb") as source:
        return subprocess.Popen(
            command.argv,
            cwd=command.directory,
            env=dict(command.environment),
            stdin=source,
            stdout=output,
            stderr=output,
            # A terminal sends Ctrl-C to its whole process group; the worker itself ends the command.
            start_new_session=True,
        )


def _widen(pipe: int) -> None:
    import fcntl

    try:
        fcntl.fcntl(pipe, _SET_PIPE_SIZE, _PIPE_SIZE)
    except OSError:
        return  # not on this system


class _SlowQuestion:
    """Calls a slow function from time to time in a thread."""

    def __init__(self, unwanted: Callable[[], bool], every: float) -> None:
        self._question, self._every = unwanted, every
        self._asking: threading.Thread | None = None
        self.unwanted = False
        self.next = time.monotonic() + every

    def ask(self) -> None:
        """Starts a call if it is time and none is running."""
        if time.monotonic() < self.next:
            return
        self.next = time.monotonic() + self._every
        if self._asking is None or not self._asking.is_alive():
            self._asking = threading.Thread(target=self._ask, daemon=True)
            self._asking.start()

    def finish(self) -> None:
        """Waits for a running call, because two threads must not use the same objects."""
        if self._asking is not None:
            self._asking.join()

    def _ask(self) -> None:
        if self._question():
            self.unwanted = True


def _wait(
    started: "subprocess.Popen[bytes]",
    output: _Output,
    stop: StopSignal,
    until: float | None,
    look: _SlowQuestion,
) -> Why:
    ended = _end_of(started.pid)
    poll = select.poll()
    for descriptor in (output.descriptor, ended, stop.descriptor):
        if descriptor is not None:
            poll.register(descriptor, select.POLLIN)
    listening = output.descriptor
    try:
        while started.poll() is None:
            look.ask()
            if stop.requested or look.unwanted:
                return "stopped"
            if until is not None and time.monotonic() >= until:
                return "timeout"
            wait = min(look.next, until or look.next, time.monotonic() + _AT_MOST) - time.monotonic()
            poll.poll(max(0.0, wait if ended is not None else min(wait, _LOOK_AGAIN)) * 1000 + 1)
            stop.hear()
            output.read()
            if output.descriptor is None and listening is not None:
                poll.unregister(listening)
                listening = None
        return "by itself"
    finally:
        if ended is not None:
            os.close(ended)


def _end_of(pid: int) -> int | None:
    """A descriptor that becomes readable when the process ends (pidfd_open(2)); None if there is none."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def _end_all(
    started: "subprocess.Popen[bytes]", output: _Output, find: Find, grace: float | None, stop: StopSignal
) -> tuple[int, int]:
    """Ends the processes that still run; returns the numbers of those killed and of those left behind.

    `grace`: seconds from TERM to KILL; None if the command ended by itself. Only then, processes count as
    left behind.
    """
    if grace is None and not has_children():
        return 0, 0
    left_behind = len(find()) if grace is None else 0
    if grace is None and not left_behind:
        return 0, 0
    tell(find(), signal.SIGTERM)
    until = time.monotonic() + (_FOR_LEFT_BEHIND if grace is None else grace)
    asked = stop.count
    while find() and time.monotonic() < until and stop.count <= max(asked, 1):
        output.drain()
        started.poll()
        time.sleep(_LOOK_AGAIN)
    return end(find, 0.0), left_behind
