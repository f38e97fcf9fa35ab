"""A Dask cluster as an engine: a task for each attempt, on a worker that gitcoord chooses.

Dask starts a task again where its worker is lost; gitcoord does not let it, and starts the next attempt
itself. What runs is published as a dataset, so that the next run finds it. See
https://distributed.dask.org/en/stable/resources.html
"""

import hashlib
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from gitcoord.engines.dask_address import host_of
from gitcoord.engines.dask_worker import AttemptEnd, ask_host, do_attempt, end_attempt, version
from gitcoord.engines.engine import AttemptView, EngineTrouble, Launch, is_running
from gitcoord.engines.host import HostAnswer, HostRequest
from gitcoord.engines.kept_log import KeptLog
from gitcoord.engines.processes import in_directory
from gitcoord.engines.supervisor import CODE_FILE, LOG_FILE
from gitcoord.errors import GitcoordError

if TYPE_CHECKING:
    from distributed import Client, Future

_WORKER_FILE = "dask"
_CONNECTING = 15.0
_LONGEST_CALL = 150.0
_PAUSE = 2.0
"""Seconds between two looks at the cluster; the end of a task is told at once."""
_BEYOND_GRACE = 60.0

T = TypeVar("T")


class DaskEngine:
    """Attempts as Dask tasks. `run` holds for each key its worker, and once it has ended its code and log.

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
        self._run, self._scheduler, self._resource = run, scheduler, resource
        self._pause, self._connecting = pause, connecting
        self._request = HostRequest(
            repository=repository, generation=generation, run="" if repository else str(run / "attempts")
        )
        identity = f"{repository or self._request.run} {generation}"
        self._label = hashlib.sha256(identity.encode()).hexdigest()[:12]
        self._client: Client | None = None
        self._futures: dict[str, Future] = {}
        self._active: dict[str, str] = {}

    def check(self) -> EngineTrouble | None:
        """Whether the scheduler answers, and its workers have the resource and this gitcoord."""
        try:
            workers = self._workers()
        except OSError as error:
            return EngineTrouble(
                message=f"The Dask scheduler {self._scheduler} does not answer: {error}.",
                hint="Start it with `dask scheduler`, or set `scheduler` in [engines.dask].",
            )
        able = [address for address, slots in workers.items() if slots]
        if not able:
            return EngineTrouble(
                message=f"No worker of {self._scheduler} has the resource {self._resource}.",
                hint=f"Start workers with `dask worker {self._scheduler} --resources {self._resource}=2`.",
            )
        return self._compare_versions(able)

    def free(self) -> int | None:
        """Free units of the resource; 0 if the scheduler does not answer."""
        try:
            slots = sum(self._workers().values())
        except OSError:
            return 0
        if len(self._active) >= slots:
            self.poll(tuple(self._active))  # a run asks no more about attempts whose end is in the journal
        return max(0, slots - len(self._active))

    def start(self, launch: Launch) -> None:
        """Submits the attempt's task, unless it was submitted; raises `engine-refused` without a worker."""
        if self._given_to(launch.key) is not None:
            return
        place, name = self._run / launch.key, self._named(launch.key)
        try:
            client, workers = self._connected(), self._workers()
            if name in client.list_datasets():  # whoever submitted it died before that was recorded
                future = client.get_dataset(name)
                address = self._best(launch.key, workers)
            else:
                address = self._best(launch.key, workers)
                future = client.submit(
                    do_attempt,
                    self._encoded(launch),
                    key=name,
                    workers=[address],
                    allow_other_workers=False,
                    resources={self._resource: 1},
                    pure=False,
                )
                client.publish_dataset(future, name=name)
        except OSError as error:
            raise _refused(launch.key, f"{self._scheduler} does not answer ({error})", passes=True) from error
        in_directory(place, lambda: (place / _WORKER_FILE).write_text(address, encoding="utf-8"))
        self._futures[launch.key], self._active[launch.key] = future, address

    def poll(self, keys: Sequence[str]) -> Mapping[str, AttemptView]:
        """Returns the state of each key, from the published tasks and the workers there are."""
        seen = {key: AttemptView(key=key, state="absent") for key in keys}
        asked: list[str] = []
        for key in keys:
            code = self._code(key)
            if code is not None:
                seen[key] = AttemptView(key=key, state="ended", code=code if code >= 0 else None)
            elif self._given_to(key) is not None:
                asked.append(key)
        if not asked:
            return seen
        try:
            published, workers = set(self._connected().list_datasets()), self._workers()
            for key in asked:
                seen[key] = self._look(key, published, workers)
        except OSError:
            seen |= {key: AttemptView(key=key, state="unreachable") for key in asked}
        return seen

    def wait(self, keys: Sequence[str], seconds: float) -> None:
        """Sleeps until one of the tasks ends, or the workers are looked at again."""
        from distributed import wait

        futures = [self._futures[key] for key in keys if key in self._futures]
        seconds = max(0.0, min(seconds, self._pause))
        if not futures:
            time.sleep(seconds)
            return
        began = time.monotonic()
        try:
            with self._connected().as_current():
                wait(futures, timeout=seconds, return_when="FIRST_COMPLETED")
        except (TimeoutError, OSError):
            time.sleep(max(0.0, began + seconds - time.monotonic()))

    def cancel(self, key: str) -> bool:
        """Ends the attempt on its worker; returns False if neither that nor its machine answers."""
        address = self._given_to(key)
        if address is None:
            return True
        try:
            workers = self._workers()
            if address in workers:
                self._ask(address, end_attempt, key, 0.0)
            here = [one for one in workers if one == address or host_of(one) == host_of(address)]
            if not here:
                return False
            cancelling = msgspec.structs.replace(self._request, cancel=key)
            self._ask(here[0], ask_host, msgspec.json.encode(cancelling))
            until = time.monotonic() + _BEYOND_GRACE
            while is_running(self.poll([key])[key]) and time.monotonic() < until:
                self.wait([key], 1.0)
        except OSError:
            return False
        self._forget(key, code=None)
        return True

    def log(self, key: str) -> str | None:
        """The path of the log, which comes with the task's end."""
        path = self._run / key / LOG_FILE
        return str(path) if path.exists() else None

    def bring_log(self, key: str) -> bool:
        """Fetches what the worker's log has beyond the copy; returns whether the attempt is still running."""
        running, kept, address = (
            is_running(self.poll([key])[key]),
            KeptLog(self._run / key),
            self._given_to(key),
        )
        if running and address is not None:
            request = msgspec.structs.replace(self._request, log=key, offset=kept.size)
            try:
                told = self._ask(address, ask_host, msgspec.json.encode(request))
                answer = msgspec.json.decode(told, type=HostAnswer)
            except (OSError, msgspec.DecodeError):
                return running
            if answer.log:
                kept.add(answer.text())
        return running

    def _encoded(self, launch: Launch) -> bytes:
        secrets = {name: os.environ[name] for name in launch.secrets if name in os.environ}
        return msgspec.json.encode(msgspec.structs.replace(self._request, start=launch, secrets=secrets))

    def _look(self, key: str, published: set[str], workers: Mapping[str, int]) -> AttemptView:
        """The state of a key that was submitted and has not been seen to end."""
        name = self._named(key)
        if name not in published:
            return self._lost(key, "the scheduler was started anew and has forgotten the task")
        if key not in self._futures or self._futures[key].status in ("cancelled", "lost"):
            # A connection that broke and came back has cancelled what this client knows, and not the task.
            self._futures[key] = self._connected().get_dataset(name)
        future, address = self._futures[key], self._given_to(key) or ""
        if future.status == "finished":
            end = msgspec.msgpack.decode(future.result(timeout=_CONNECTING), type=AttemptEnd)
            KeptLog(self._run / key).put(end.log, whole=True)
            return self._forget(key, code=end.code)
        if future.status == "error":
            return self._lost(key, f"the task failed: {type(future.exception()).__name__}")
        if future.status in ("cancelled", "lost"):
            return self._lost(key, "somebody took the task from the scheduler")
        if address not in workers:
            return self._lost(key, f"the worker {address} has left the cluster")
        self._active[key] = address
        return AttemptView(key=key, state="running")

    def _lost(self, key: str, why: str) -> AttemptView:
        """Records that an attempt ended and nobody knows how."""
        KeptLog(self._run / key).put(f"[gitcoord] {why}\n".encode(), whole=True)
        return self._forget(key, code=None)

    def _forget(self, key: str, code: int | None) -> AttemptView:
        """Records the end of an attempt, and takes its task from the scheduler."""
        place = self._run / key
        if self._code(key) is None:
            written = f"{-1 if code is None else code % 256}\n"
            in_directory(place, lambda: (place / CODE_FILE).write_text(written, encoding="ascii"))
        self._active.pop(key, None)
        future = self._futures.pop(key, None)
        client, name = self._connected(), self._named(key)
        if name in client.list_datasets():
            client.unpublish_dataset(name)
        if future is not None:
            future.cancel()
        return AttemptView(key=key, state="ended", code=code)

    def _best(self, key: str, workers: Mapping[str, int]) -> str:
        """The address of the worker with most free slots for the attempt `key`."""
        loads = list(self._active.values())
        able = [address for address, slots in workers.items() if slots]
        if not able:
            raise _refused(key, f"no worker has the resource {self._resource}", passes=True)
        return max(able, key=lambda address: workers[address] - loads.count(address))

    def _workers(self) -> dict[str, int]:
        """The slots of each worker by its address."""
        asked = self._connected().scheduler_info(n_workers=-1)["workers"]
        return {
            address: int(worker.get("resources", {}).get(self._resource, 0))
            for address, worker in asked.items()
        }

    def _compare_versions(self, addresses: Sequence[str]) -> EngineTrouble | None:
        from gitcoord import __version__

        try:
            there = self._ask_all(addresses, version)
        except (OSError, ImportError) as error:
            return EngineTrouble(
                message=f"A worker of {self._scheduler} has no gitcoord that answers ({error}).",
                hint="Install gitcoord[dask] where the workers run.",
            )
        for address, found in there.items():
            if found != __version__:
                message = f"The worker {address} has gitcoord {found}, and this machine {__version__}."
                return EngineTrouble(message=message, hint="Install the same version on both.")
        return None

    def _ask(self, address: str, what: "Callable[..., Awaitable[T]]", *arguments: Any) -> T:
        return self._ask_all([address], what, *arguments)[address]

    def _ask_all(
        self, addresses: Sequence[str], what: "Callable[..., Awaitable[T]]", *arguments: Any
    ) -> dict[str, T]:
        """Calls a function in the event loop of workers. Raises OSError if one does not answer in time."""
        client = self._connected()

        async def asked() -> dict[str, T]:
            found: dict[str, T] = await client.run(what, *arguments, workers=list(addresses))
            return found

        answers: dict[str, T] = client.sync(asked, callback_timeout=_LONGEST_CALL)
        return answers

    def _connected(self) -> "Client":
        """The connection to the scheduler, made anew where it broke. Raises OSError."""
        if self._client is not None and self._client.status == "running":
            return self._client
        self._futures.clear()
        self._client = _connect(self._scheduler, self._connecting)
        return self._client

    def _named(self, key: str) -> str:
        return f"gitcoord-{self._label}-{key}"

    def _given_to(self, key: str) -> str | None:
        try:
            return (self._run / key / _WORKER_FILE).read_text(encoding="utf-8") or None
        except OSError:
            return None

    def _code(self, key: str) -> int | None:
        """The exit code that was recorded; -1 where nobody knows it, None while the attempt runs."""
        try:
            return int((self._run / key / CODE_FILE).read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None


def _connect(scheduler: str, seconds: float) -> "Client":
    import dask

    # It reports lost connections on stderr, which a run tells in its own words.
    quiet = dict.fromkeys(("distributed", "distributed.client", "distributed.core"), "critical")
    dask.config.set({"logging": quiet})
    from distributed import Client

    return Client(scheduler, timeout=seconds, set_as_default=False, name="gitcoord")


def _refused(key: str, why: str, *, passes: bool) -> GitcoordError:
    return GitcoordError(
        "engine-refused",
        f"Dask cannot start the attempt {key}: {why}.",
        hint="Try `gitcoord doctor --engine dask`.",
        passing="perhaps" if passes else None,
    )
