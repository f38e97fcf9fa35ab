"""Does one unit: runs an attempt, and waits while another worker holds the unit."""

import time
from collections.abc import Callable
from functools import partial

from gitcoord.git.remote_refs import SharedRefs
from gitcoord.git.repository import Repository
from gitcoord.notices import AnyNotice, Tell
from gitcoord.settings import Settings
from gitcoord.state.store import Store
from gitcoord.worker.attempt.exit_codes import AGAIN
from gitcoord.worker.attempt.paths import attempt_directory
from gitcoord.worker.attempt.request import WorkerOrder
from gitcoord.worker.attempt.run_attempt import run_attempt
from gitcoord.worker.attempt.signals import StopSignal
from gitcoord.worker.attempt.wait_for_holder import Holder
from gitcoord.worker.attempt.worker_end import WorkerEnd, note_not_begun


def _unheard(notice: AnyNotice) -> None:
    """Ignores notices."""


def work(
    repository: Repository,
    shared: SharedRefs,
    store: Store,
    settings: Settings,
    order: WorkerOrder,
    stop: StopSignal,
    *,
    dry_run: bool = False,
    clock: Callable[[], float] = time.time,
    tell: Tell = _unheard,
) -> WorkerEnd:
    """Claims the unit, runs the agent, submits the work, and records the result; `dry_run`: changes nothing.

    Waits at most `order.wait` seconds if another worker has the unit. `clock` returns seconds since the
    epoch. Raises the errors of `run_attempt`.
    """
    act = partial(run_attempt, repository, shared, store, settings, order, stop, dry_run=dry_run, clock=clock)
    holder = Holder(store, order.unit, order.wait, stop, tell)
    done = act()
    while order.wait and not dry_run and not done.outcome and done.code == AGAIN and holder.wait():
        done = act()
    if not done.outcome and order.attempt is not None and not dry_run:
        place = attempt_directory(repository.common_dir, store.generation, order.unit, order.attempt)
        note_not_begun(place, done)
    return done
