"""A Dask cluster as an engine: a task for each attempt, on a worker that gitcoord chooses.

Dask starts a task again if its worker is lost; gitcoord prevents that, and starts the next attempt itself.
See https://distributed.dask.org/en/stable/resources.html
"""

import hashlib
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from gitcoord.engines.dask_address import host_of
from gitcoord.engines.dask_scheduler import DaskScheduler
from gitcoord.engines.dask_worker import AttemptEnd, ask_host, end_attempt, version
from gitcoord.engines.engine import AttemptView, EngineTrouble, Launch, is_running
from gitcoord.engines.host import HostAnswer, HostRequest
from gitcoord.engines.kept_log import KeptLog
from gitcoord.engines.processes import in_directory
from gitcoord.engines.supervisor import CODE_FILE, LOG_FILE
from gitcoord.errors import GitcoordError

_WORKER_FILE = "dask"
_CONNECTING = 15.0
_PAUSE = 2.0
"""Seconds between two requests to the cluster; the end of a task is noticed at once."""
_BEYOND_GRACE = 60.0
_UNKNOWN = -1
"""The recorded exit code if nobody knows how an attempt ended."""


class DaskEngine:
    """Attempts as Dask tasks. `run` has, for each key, its worker, and after its end its exit code and log.

    Each attempt takes one unit of the workers' `resource`, as in `dask worker --resources agent=2`.
    """

    name = "dask"

    def __init__(
        self,
        run: Path,
        scheduler: str,
        *,
        repository: str = "",
        generation: int = 1,
        resource: str = "agent",
        pause: float = _PAUSE,
        connecting: float = _CONNECTING,
    ) -> None:
        self._run, self._resource, self._pause = run, resource, pause
        self._scheduler = DaskScheduler(scheduler, resource, connecting)
        self._request = HostRequest(
            repository=repository, generation=generation, run="" if repository else str(run / "attempts")
        )
        identity = f"{repository or self._request.run} {generation}"
        self._label = hashlib.sha256(identity.encode()).hexdigest()[:12]
        self._active: dict[str, str] = {}

    def check(self) -> EngineTrouble | None:
        """Checks that the scheduler answers, and that workers have the resource and the same gitcoord."""
        address = self._scheduler.address
        try:
            workers = self._scheduler.workers()
        except OSError as error:
            return EngineTrouble(
                message=f"The Dask scheduler {address} does not answer: {error}.",
                hint="Start it with `dask scheduler`, or set `scheduler` in [engines.dask].",
            )
        able = [worker for worker, slots in workers.items() if slots]
        if able:
            return self._compare_versions(able)
        return EngineTrouble(
            message=f"No worker of {address} has the resource {self._resource}.",
            hint=f"Start workers with `dask worker {address} --resources {self._resource}=2`.",
        )

    def free(self) -> int | None:
        """Returns the free units of the resource; 0 if the scheduler does not answer."""
        try:
            slots = sum(self._scheduler.workers().values())
        except OSError:
            return 0
        if len(self._active) >= slots:
            self.poll(tuple(self._active))  # A run no longer polls attempts whose end is in the journal.
        return max(0, slots - len(self._active))

    def start(self, launch: Launch) -> None:
        """Submits the attempt's task, unless it was submitted; raises `engine-refused` if that fails."""
        if self._code(launch.key) is not None:
            return
        place, name = self._run / launch.key, self._named(launch.key)
        try:
            if name in self._scheduler.published():
                return
            worker = self._best(launch.key, self._scheduler.workers())
            # The worker is recorded first: a task whose worker nobody knows could not be ended.
            in_directory(place, lambda: (place / _WORKER_FILE).write_text(worker, encoding="utf-8"))
            self._scheduler.submit(name, self._encoded(launch), worker)
        except OSError as error:
            raise _refused(launch.key, f"{self._scheduler.address} does not answer ({error})") from error
        self._active[launch.key] = worker

    def poll(self, keys: Sequence[str]) -> Mapping[str, AttemptView]:
        """Returns the state of each key, from the published tasks and the present workers."""
        seen = {key: AttemptView(key=key, state="absent") for key in keys}
        asked: list[str] = []
        for key in keys:
            code = self._code(key)
            if code is not None:
                seen[key] = AttemptView(key=key, state="ended", code=None if code == _UNKNOWN else code)
            elif self._given_to(key) is not None:
                asked.append(key)
        if not asked:
            return seen
        try:
            published, workers = self._scheduler.published(), self._scheduler.workers()
            for key in asked:
                seen[key] = self._look(key, published, workers)
        except OSError:
            seen |= {key: AttemptView(key=key, state="unreachable") for key in asked}
        return seen

    def wait(self, keys: Sequence[str], seconds: float) -> None:
        """Sleeps until one of the tasks ends, or it is time to look at the workers again."""
        self._scheduler.wait([self._named(key) for key in keys], max(0.0, min(seconds, self._pause)))

    def cancel(self, key: str) -> bool:
        """Ends the attempt; returns False if nothing on its machine answers, or it does not end in time."""
        worker = self._given_to(key)
        if worker is None:
            return True
        try:
            workers = self._scheduler.workers()
            if worker in workers:
                self._scheduler.ask(worker, end_attempt, key)
            # If the worker has died, another worker of its machine ends the attempt's processes.
            here = [one for one in workers if one == worker or host_of(one) == host_of(worker)]
            if not here:
                return False
            cancelling = msgspec.structs.replace(self._request, cancel=key)
            self._scheduler.ask(here[0], ask_host, msgspec.json.encode(cancelling))
            until = time.monotonic() + _BEYOND_GRACE
            while is_running(self.poll([key])[key]) and time.monotonic() < until:
                self.wait([key], 1.0)
            if is_running(self.poll([key])[key]):
                return False
            self._forget(key, _UNKNOWN)
        except OSError:
            return False
        return True

    def log(self, key: str) -> str | None:
        """Returns the path of the log, which Dask sends when the task ends; None without a log."""
        path = self._run / key / LOG_FILE
        return str(path) if path.exists() else None

    def fetch_log(self, key: str) -> bool:
        """Fetches the part of the worker's log that the copy lacks; returns whether the attempt runs."""
        running, kept, worker = (
            is_running(self.poll([key])[key]),
            KeptLog(self._run / key),
            self._given_to(key),
        )
        if running and worker is not None:
            request = msgspec.structs.replace(self._request, log=key, offset=kept.size)
            try:
                told = self._scheduler.ask(worker, ask_host, msgspec.json.encode(request))
                answer = msgspec.json.decode(told, type=HostAnswer)
            except (OSError, msgspec.DecodeError):
                return running
            if answer.log:
                kept.add(answer.text())
        return running

    def _encoded(self, launch: Launch) -> bytes:
        secrets = {name: os.environ[name] for name in launch.secrets if name in os.environ}
        return msgspec.json.encode(msgspec.structs.replace(self._request, start=launch, secrets=secrets))

    def _look(self, key: str, published: frozenset[str], workers: Mapping[str, int]) -> AttemptView:
        """The state of a key that was submitted and whose end is not recorded."""
        name, worker = self._named(key), self._given_to(key) or ""
        if name not in published:
            return self._lost(key, "the scheduler was restarted, and no longer has the task")
        if self._scheduler.is_gone(name):
            return self._lost(key, "somebody removed the task from the scheduler")
        future = self._scheduler.future(name)
        if future.status == "finished":
            end = msgspec.msgpack.decode(self._scheduler.result(name), type=AttemptEnd)
            KeptLog(self._run / key).put(end.log, whole=True)
            return self._forget(key, end.code % 256)
        if future.status == "error":
            return self._lost(key, f"the task failed: {type(future.exception()).__name__}")
        if worker not in workers:
            return self._lost(key, f"the worker {worker} has left the cluster")
        self._active[key] = worker
        return AttemptView(key=key, state="running")

    def _lost(self, key: str, why: str) -> AttemptView:
        """Records that an attempt ended and nobody knows how."""
        KeptLog(self._run / key).put(f"[gitcoord] {why}\n".encode(), whole=True)
        return self._forget(key, _UNKNOWN)

    def _forget(self, key: str, code: int) -> AttemptView:
        """Records the end of an attempt, and removes its task from the scheduler."""
        place = self._run / key
        known = self._code(key)
        if known is None:
            in_directory(place, lambda: (place / CODE_FILE).write_text(f"{code}\n", encoding="ascii"))
        else:
            code = known
        self._active.pop(key, None)
        self._scheduler.withdraw(self._named(key))
        return AttemptView(key=key, state="ended", code=None if code == _UNKNOWN else code)

    def _best(self, key: str, workers: Mapping[str, int]) -> str:
        """Returns the address of the worker with the most free slots for the attempt `key`."""
        loads = list(self._active.values())
        able = [address for address, slots in workers.items() if slots]
        if not able:
            raise _refused(key, f"no worker has the resource {self._resource}")
        return max(able, key=lambda address: workers[address] - loads.count(address))

    def _compare_versions(self, workers: Sequence[str]) -> EngineTrouble | None:
        from gitcoord import __version__

        try:
            there = self._scheduler.ask_all(workers, version)
        except (OSError, ImportError) as error:
            return EngineTrouble(
                message=f"A worker of {self._scheduler.address} has no gitcoord that answers ({error}).",
                hint="Install gitcoord[dask] where the workers run.",
            )
        for worker, found in there.items():
            if found != __version__:
                message = f"The worker {worker} has gitcoord {found}, and this machine {__version__}."
                return EngineTrouble(message=message, hint="Install the same version on both.")
        return None

    def _named(self, key: str) -> str:
        return f"gitcoord-{self._label}-{key}"

    def _given_to(self, key: str) -> str | None:
        try:
            return (self._run / key / _WORKER_FILE).read_text(encoding="utf-8") or None
        except OSError:
            return None

    def _code(self, key: str) -> int | None:
        """Returns the recorded exit code, or `_UNKNOWN`; None if none is recorded."""
        try:
            return int((self._run / key / CODE_FILE).read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None


def _refused(key: str, why: str) -> GitcoordError:
    return GitcoordError(
        "engine-refused",
        f"Dask cannot start the attempt {key}: {why}.",
        hint="Try `gitcoord doctor --engine dask`.",
        passing="perhaps",
    )
