"""A real Dask cluster on this machine: a scheduler and three workers, as their commands start them."""

import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

needs_dask = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="distributed is not installed (gitcoord[dask])"
)
_PATIENCE = 60.0


class DaskCluster:
    """A scheduler, and workers with two units of the resource `agent` each."""

    def __init__(self, place: Path, workers: int = 3) -> None:
        self.place = place
        self._wanted = workers
        self._workers: list[subprocess.Popen[bytes]] = []
        self._file = place / "scheduler.json"
        self._port = "0"
        self.begin()

    def begin(self) -> None:
        """Starts the scheduler, at the same port as before, and the workers."""
        self._scheduler = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", self._port, "--scheduler-file", str(self._file)
        )
        _until(lambda: self._file.exists() and self._file.stat().st_size > 0)
        self.address: str = msgspec.json.decode(self._file.read_bytes())["address"]
        self._port = self.address.rpartition(":")[2]
        self.revive()

    def revive(self) -> None:
        """Starts a worker for each that has ended."""
        self._workers = [worker for worker in self._workers if worker.poll() is None]
        while len(self._workers) < self._wanted:
            home = self.place / f"worker-{time.monotonic_ns()}"
            limits = ("--nthreads", "4", "--resources", "agent=2", "--local-directory", str(home))
            self._workers.append(self._start("worker", self.address, "--no-nanny", *limits))

    def end(self) -> None:
        """Ends the scheduler without a word, and the workers."""
        for process in (self._scheduler, *self._workers):
            process.kill()
            process.wait()
        self._file.unlink(missing_ok=True)

    def _start(self, *words: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "dask", *words, "--no-dashboard"]
        with (self.place / f"{words[0]}.log").open("ab") as log:
            return subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self.place, env={**os.environ, "PYTHONSAFEPATH": ""}
            )


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not true():
        assert time.monotonic() < end, "the cluster never came up"
        time.sleep(0.05)
