"""The connection to a Dask scheduler: its workers, the tasks that gitcoord published there, and its answers.

Running tasks are published as datasets: Dask forgets a task that no client holds. Every method except `wait`
raises OSError if the scheduler does not answer. See https://distributed.dask.org/en/stable/publish.html
"""

import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from gitcoord.engines.dask_worker import do_attempt

if TYPE_CHECKING:
    from distributed import Client, Future

_LONGEST_CALL = 150.0
_GONE = ("cancelled", "lost")

T = TypeVar("T")


class DaskScheduler:
    """The scheduler at `address`; connects at the first call, within `seconds`."""

    def __init__(self, address: str, resource: str, seconds: float) -> None:
        self.address = address
        self._resource, self._seconds = resource, seconds
        self._client: Client | None = None
        self._futures: dict[str, Future] = {}

    def workers(self) -> dict[str, int]:
        """The slots of each worker by its address."""
        asked = self._connected().scheduler_info(n_workers=-1)["workers"]
        return {
            address: int(worker.get("resources", {}).get(self._resource, 0))
            for address, worker in asked.items()
        }

    def published(self) -> frozenset[str]:
        """The names of everything that is published, by anybody."""
        return frozenset(self._connected().list_datasets())

    def submit(self, name: str, request: bytes, worker: str) -> None:
        """Gives the task `name` to one worker, and publishes it."""
        client = self._connected()
        self._futures[name] = client.submit(
            do_attempt,
            request,
            key=name,
            workers=[worker],
            allow_other_workers=False,
            resources={self._resource: 1},
            pure=False,
        )
        client.publish_dataset(self._futures[name], name=name)

    def future(self, name: str) -> "Future":
        """Returns the published task `name`."""
        client = self._connected()
        if name not in self._futures or self._futures[name].status in _GONE:
            # After a reconnection this client reports its future as cancelled, although the task continues.
            self._futures[name] = client.get_dataset(name)
        return self._futures[name]

    def is_gone(self, name: str) -> bool:
        """Whether somebody removed the published task `name` from the scheduler."""
        return self.future(name).status in _GONE

    def result(self, name: str) -> bytes:
        """Returns the result of the finished task `name`."""
        told: bytes = self.future(name).result(timeout=self._seconds)
        return told

    def withdraw(self, name: str) -> None:
        """Removes a task from the scheduler, if it exists. A running one continues in its worker."""
        client = self._connected()
        if name in self.published():
            client.unpublish_dataset(name)
        future = self._futures.pop(name, None)
        if future is not None:
            future.cancel()

    def wait(self, names: Collection[str], seconds: float) -> None:
        """Sleeps until one of the tasks ends, at most `seconds`."""
        from distributed import wait

        until = time.monotonic() + seconds
        futures = [self._futures[name] for name in names if name in self._futures]
        if futures:
            try:
                with self._connected().as_current():
                    wait(futures, timeout=seconds, return_when="FIRST_COMPLETED")
                return
            except (TimeoutError, OSError):
                pass
        time.sleep(max(0.0, until - time.monotonic()))

    def ask(self, worker: str, what: "Callable[..., Awaitable[T]]", *arguments: Any) -> T:
        """Calls a coroutine function in the event loop of a worker."""
        return self.ask_all([worker], what, *arguments)[worker]

    def ask_all(
        self, workers: Sequence[str], what: "Callable[..., Awaitable[T]]", *arguments: Any
    ) -> dict[str, T]:
        """Calls a coroutine function in the event loops of workers; raises OSError if one does not answer."""
        client = self._connected()

        async def asked() -> dict[str, T]:
            found: dict[str, T] = await client.run(what, *arguments, workers=list(workers))
            return found

        answers: dict[str, T] = client.sync(asked, callback_timeout=_LONGEST_CALL)
        return answers

    def _connected(self) -> "Client":
        """Returns the connection; connects again if it was lost."""
        if self._client is not None and self._client.status == "running":
            return self._client
        import dask

        # Dask reports lost connections on stderr; a run has its own message for that.
        quiet = dict.fromkeys(("distributed", "distributed.client", "distributed.core"), "critical")
        dask.config.set({"logging": quiet})
        from distributed import Client

        self._futures.clear()
        self._client = Client(self.address, timeout=self._seconds, set_as_default=False, name="gitcoord")
        return self._client
