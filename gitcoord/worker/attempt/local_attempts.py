"""Attempts on this machine: their directories, and workers that still run."""

import os
import re
import signal
import time
from pathlib import Path

from gitcoord.engines.engine import key_of, mark_of
from gitcoord.engines.local import LocalEngine
from gitcoord.engines.processes import MARK, end, marked, sleep_until_end, tell
from gitcoord.path_search import matching_paths
from gitcoord.state.task_history import Progress
from gitcoord.tasks.model import TaskId
from gitcoord.worker.attempt.paths import run_directory
from gitcoord.worker.attempt.pid_file import is_recorded, worker_at

_BEYOND_GRACE = 10.0


def attempts_here(common_dir: Path, generation: int, unit: TaskId) -> dict[int, Path]:
    """The directory of each attempt at `unit` on this machine, by number."""
    prefix = key_of(unit, 0).removesuffix("0")
    run = run_directory(common_dir, generation)
    found = {}
    for place in matching_paths(run, "*"):
        number = place.name.removeprefix(prefix)
        if place.name.startswith(prefix) and re.fullmatch("[1-9][0-9]*", number):
            found[int(number)] = place
    return dict(sorted(found.items()))


def at_work(place: Path) -> bool:
    """Whether the attempt's worker is alive on this machine."""
    return worker_at(place) is not None


def under_way(place: Path) -> bool:
    """Whether the attempt's worker is alive on this machine, or is starting."""
    engine = LocalEngine(place.parent)
    return at_work(place) or engine.poll([place.name])[place.name].state in ("starting", "running")


def may_be_under_way(place: Path) -> bool:
    """Whether the attempt is under way on this machine, or has processes but no record of its worker.

    An agent may have removed the record. Finding processes by their environment takes some milliseconds.
    """
    if under_way(place):
        return True
    if is_recorded(place):
        return False
    mark = mark_of(place.parent, place.name)
    return os.environ.get(MARK) == mark or bool(marked(mark.__eq__))


def may_begin_here(progress: Progress, attempt: int | None) -> bool:
    """Whether `attempt` (None: the next one) without a directory here may begin, according to the journal."""
    newest = progress.attempt.number if progress.attempt else 0
    if progress.cancelled or (progress.state in ("submitted", "landed") and not progress.retry_pending):
        return False
    return newest < attempt if attempt is not None else newest <= progress.retried_after


def end_here(common_dir: Path, generation: int, unit: TaskId, attempt: int, grace: float) -> bool:
    """Ends an attempt and all processes that it started; returns False if none was alive here.

    `grace`: seconds that the worker gives its own processes between TERM and KILL.
    """
    run, key = run_directory(common_dir, generation), key_of(unit, attempt)
    mark = mark_of(run, key)
    process = worker_at(run / key)
    alive = process is not None or bool(marked(mark.__eq__))
    if process is not None:
        tell([process], signal.SIGTERM)
        until = time.monotonic() + grace + _BEYOND_GRACE
        while worker_at(run / key) is not None and time.monotonic() < until:
            sleep_until_end([process.pid], until - time.monotonic())
        if process.is_running():
            process.kill()
    LocalEngine(run).cancel(key)
    end(lambda: marked(mark.__eq__), 0.0)
    return alive
