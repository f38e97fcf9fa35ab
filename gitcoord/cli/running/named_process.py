"""A child process whose output lines are printed with a name in front: one of several that run at once."""

import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import IO

from gitcoord.cli.views.output import clean, emit, say

_REST = 5.0
"""Seconds to wait for the last lines of a process that has ended: a child of it may hold the output open."""


class NamedProcess:
    """A process without a terminal: the dashboards of several processes would overwrite each other."""

    def __init__(self, name: str, argv: Sequence[str], environ: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            argv,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        pipes = ((self._process.stdout, emit), (self._process.stderr, say))
        self._readers = [
            threading.Thread(target=_pass_on, args=(name, pipe, show), daemon=True)
            for pipe, show in pipes
            if pipe is not None
        ]
        for reader in self._readers:
            reader.start()

    def wait(self) -> int:
        """Waits for the end and the last lines; returns the exit code."""
        code = self._process.wait()
        for reader in self._readers:
            reader.join(_REST)
        return code


def _pass_on(name: str, pipe: IO[bytes], show: Callable[[str], None]) -> None:
    """Prints the lines of the pipe. Reads them even if stdout is closed: a full pipe blocks the process."""
    wanted = True
    for line in pipe:
        text = line.decode("utf-8", "replace").rstrip()
        try:
            if wanted:
                show(clean(f"{name}: {text}") if text else "")
        except BrokenPipeError:
            wanted = False
