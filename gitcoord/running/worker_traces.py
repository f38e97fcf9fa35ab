"""What attempts have left on this machine: their logs, and workers that are still at it."""

import re
import signal
import time
from pathlib import Path

from gitcoord.running.engines.local import LocalEngine
from gitcoord.running.engines.port import key_of
from gitcoord.running.processes import end, find, marked, sleep_until_end, tell, written_down
from gitcoord.running.worker_agent import WORKER_FILE
from gitcoord.running.worker_place import mark_of, run_directory
from gitcoord.tasks.model import TaskId

_BEYOND_GRACE = 10.0


def attempts_here(common_dir: Path, unit: TaskId) -> dict[int, Path]:
    """The directory of every attempt at `unit` that was made on this machine, by number."""
    prefix = key_of(unit, 0).removesuffix("0")
    run = run_directory(common_dir)
    found = {}
    for place in run.glob("*") if run.is_dir() else ():
        number = place.name.removeprefix(prefix)
        if place.name.startswith(prefix) and re.fullmatch("[1-9][0-9]*", number):
            found[int(number)] = place
    return dict(sorted(found.items()))


def at_work(place: Path) -> bool:
    """Whether the attempt's worker is alive on this machine."""
    worker = written_down(place / WORKER_FILE)
    return worker is not None and find(worker) is not None


def end_here(common_dir: Path, unit: TaskId, attempt: int, grace: float) -> bool:
    """Ends an attempt with everything that it started; False when nothing of it was alive here."""
    run, key = run_directory(common_dir), key_of(unit, attempt)
    mark = mark_of(run, key)
    worker = written_down(run / key / WORKER_FILE)
    process = find(worker) if worker else None
    alive = process is not None or bool(marked(mark.__eq__))
    if worker is not None and process is not None:
        tell([process], signal.SIGTERM)
        until = time.monotonic() + grace + _BEYOND_GRACE
        while find(worker) is not None and time.monotonic() < until:
            sleep_until_end([process.pid], until - time.monotonic())
        if find(worker) is not None:
            process.kill()
    LocalEngine(run).cancel(key)
    end(lambda: marked(mark.__eq__), 0.0)
    return alive
