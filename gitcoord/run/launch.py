"""Makes the launch of each attempt of a run: the order for its worker, and the limits for the engine."""

from collections.abc import Mapping

import msgspec

from gitcoord.engines.engine import Launch, key_of
from gitcoord.git.repository import Repository
from gitcoord.run.observe import RunView
from gitcoord.schedule.model import UnitStart
from gitcoord.settings import RunSettings
from gitcoord.worker.attempt.request import WorkerOptions, WorkerOrder, worker_argv

_WORKER_HANGS = 120
"""Seconds after the time limit at which the engine ends a worker: it should have kept the limit itself."""
_SHORTEST_WAIT = 0.001


class AttemptLauncher:
    """Makes the launches of one run, from the options and the `environment` that all its workers share."""

    def __init__(
        self,
        repository: Repository,
        settings: RunSettings,
        options: WorkerOptions,
        environment: Mapping[str, str],
    ) -> None:
        self._repository = repository
        self._settings = settings
        self._options = options
        self._environment = environment

    def launch(self, view: RunView, start: UnitStart, number: int, waited: Mapping[str, float]) -> Launch:
        """Returns the launch of attempt `number` for the unit that starts."""
        settings, seconds = self._settings, self._options.seconds
        order = WorkerOrder(
            **msgspec.structs.asdict(self._options),
            unit=start.unit,
            attempt=number,
            stack=start.stacked,
            token_budget=view.units.by_id[start.unit].tokens or None,
            beside=start.beside,
            waited={name: spent for name, spent in waited.items() if spent >= _SHORTEST_WAIT},
        )
        return Launch(
            key=key_of(start.unit, number),
            argv=("gitcoord", *worker_argv(order)),
            directory=str(self._repository.root or self._repository.common_dir),
            environment=self._environment,
            seconds=None if seconds is None else seconds + _WORKER_HANGS,
            grace=settings.grace + 10,
            memory=(settings.memory_megabytes << 20) or None,
            secrets=settings.pass_environment,
        )
