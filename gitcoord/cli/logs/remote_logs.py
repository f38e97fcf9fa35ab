"""Fetches logs of attempts that run elsewhere, through their engine, while they run."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitcoord.cli.context import Context

_ENGINES = {"host": "ssh", "kubernetes": "kubernetes", "slurm": "slurm", "dask": "dask", "argo": "argo"}
"""The engine of an attempt, by the file that the engine writes into the attempt's directory."""
_PAUSE = 2.0
"""Seconds between two requests to an engine."""


def is_elsewhere(place: Path) -> bool:
    """Whether an engine other than `local` runs, or ran, the attempt."""
    return any((place / file).is_file() for file in _ENGINES)


def is_whole(log: Path) -> bool:
    """Whether a log on this machine is complete: a copy may have only the beginning."""
    from gitcoord.engines.kept_log import KeptLog

    return KeptLog(log.parent).whole


def log_fetcher(context: "Context", place: Path) -> "Callable[[], bool]":
    """Returns a function that says whether the attempt runs, and fetches its log.

    It asks the engine at most once in `_PAUSE` seconds. Raises the errors of `open_engine`.
    """
    import time

    from gitcoord.cli.running.open_engine import EngineChoice, open_engine

    file = next(file for file in _ENGINES if (place / file).is_file())
    # A host that was named on the command line is in no settings.
    hosts = ((place / file).read_text(encoding="utf-8"),) if file == "host" else ()
    engine = open_engine(
        context, place.parent, context.store.generation, EngineChoice(name=_ENGINES[file], hosts=hosts)
    )
    last = [float("-inf"), True]

    def bring() -> bool:
        if time.monotonic() - last[0] >= _PAUSE:
            last[1] = engine.fetch_log(place.name)
            last[0] = time.monotonic()
        return bool(last[1])

    return bring
