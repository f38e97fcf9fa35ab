"""gitcoord as a process, quickly: a process that has everything imported forks one client for each run.

Only pauses are shortened, by the process's own `time.sleep`; everything else is what users run.
"""

import atexit
import json
import os
import pkgutil
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import gitcoord

HASTE = 20.0
"""How many times faster than a user's gitcoord the pauses are."""
_sleep = time.sleep


@dataclass(frozen=True)
class Ran:
    """How a run ended; `code` is negative for a signal."""

    code: int
    out: bytes
    err: bytes

    @property
    def document(self) -> Any:
        """stdout as the one JSON document that it has to be; None when there is none."""
        try:
            return json.loads(self.out)
        except ValueError:
            return None


class Clients:
    """Starts clients, one at a time; a context manager."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Clients":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            stdin = self._process.stdin
            assert stdin
            stdin.close()
            self._process.wait()

    @property
    def _server(self) -> subprocess.Popen[str]:
        """The process that forks, from the first client on."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.soak.playing.client"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=Path(__file__).parents[3],
                text=True,
            )
        return self._process

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        place: Path,
        started: Callable[[int], None] = lambda pid: None,
    ) -> Ran:
        """Runs `gitcoord ARGV`; what it prints is kept in `place`. `started` is given its process id."""
        out, err = place / "stdout", place / "stderr"
        self._say({"argv": [*argv], "cwd": str(cwd), "env": {**env}, "out": str(out), "err": str(err)})
        started(self._hear())
        return Ran(self._hear(), out.read_bytes(), err.read_bytes())

    def _say(self, request: Mapping[str, Any]) -> None:
        stdin = self._server.stdin
        assert stdin
        stdin.write(json.dumps(request) + "\n")
        stdin.flush()

    def _hear(self) -> int:
        stdout = self._server.stdout
        assert stdout
        return int(stdout.readline())


def serve() -> None:
    """The process that forks: reads requests, answers each client's process id and exit code."""
    with os.fdopen(os.dup(1), "w", buffering=1) as answers:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        time.sleep = _hasten
        for module in pkgutil.walk_packages(gitcoord.__path__, "gitcoord."):
            if not module.name.endswith("__main__"):
                import_module(module.name)
        for line in sys.stdin:
            pid = os.fork()
            if pid == 0:
                _become(json.loads(line))
            answers.write(f"{pid}\n")
            answers.write(f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n")


def _hasten(seconds: Any) -> None:
    _sleep(seconds / HASTE)


def _become(request: Mapping[str, Any]) -> None:
    os.setsid()
    atexit._clear()  # what the process that forks wants to do at its own end
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    tempfile.tempdir = None
    random.seed()
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(request["out"], flags), 1)
    os.dup2(os.open(request["err"], flags), 2)
    from gitcoord.cli.main import main

    code = 70
    try:
        code = main(request["argv"])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        atexit._run_exitfuncs()
        os._exit(code)


if __name__ == "__main__":
    serve()
