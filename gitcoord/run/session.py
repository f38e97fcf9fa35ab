"""A run from its first record to its last, with the clean-up at its end. A clone has one run at a time."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Literal

import msgspec

from gitcoord.engines.engine import Engine
from gitcoord.errors import GitcoordError, answer_no
from gitcoord.event_stamp import now, worker_name
from gitcoord.events import RunChanged
from gitcoord.notices import ClosingStep, LogsRemoved, RunEndTroubled, Tell
from gitcoord.planning.model import Plan
from gitcoord.run.cleanup import Leftovers, clear_up
from gitcoord.run.effects import RunEffects, RunOptions
from gitcoord.run.landing import LandingThread
from gitcoord.run.log_retention import OldLogs, RemoteCleanup, find_old_logs, remove_old_logs
from gitcoord.run.loop import Coordinator
from gitcoord.run.observe import Observer, RunView
from gitcoord.run.polling import PollIntervals, Signals
from gitcoord.run.run_report import RunEnd
from gitcoord.settings import RunSettings
from gitcoord.state.store import Store
from gitcoord.worker.transient_errors import try_for

_RECORD_SECONDS = 20.0
"""Seconds for which the first and the last record of a run wait for a busy remote."""


class RunSession:
    """One run of one clone. `directory` is where attempts keep their logs and records."""

    def __init__(
        self,
        store: Store,
        engine: Engine,
        options: RunOptions,
        settings: RunSettings,
        directory: Path,
        *,
        max_parallel: int | None,
    ) -> None:
        self._store = store
        self._engine = engine
        self._options = options
        self._settings = settings
        self._directory = directory
        self._max_parallel = max_parallel
        self.leftovers = Leftovers(store, settings)

    def look(self, unsaved: Plan | None) -> RunView:
        """Observes while nothing is started: before the run and after it.

        Uses the plan `unsaved` (None: the saved plan), and ignores a pause.
        """
        options = self._options
        observer = Observer(
            self._store,
            self._engine,
            options.limits,
            options.token_budget,
            unsaved=unsaved,
            account=options.account,
        )
        view = observer.look(time.time(), None)
        return msgspec.structs.replace(view, seen=msgspec.structs.replace(view.seen, paused=False))

    def old_logs(self, view: RunView) -> OldLogs:
        """Finds the logs that the settings no longer keep."""
        return find_old_logs(self._directory, view, self._settings)

    @contextmanager
    def alone(self) -> Iterator[Signals]:
        """Holds the lock of the clone and handles signals; raises `already-running` (exit 1)."""
        with _locked(self._directory), Signals() as signals:
            yield signals

    def run(
        self,
        effects: RunEffects,
        landing: LandingThread | None,
        signals: Signals,
        *,
        delete_branches: bool,
        show_end: Callable[[], None],
    ) -> RunEnd:
        """Runs until only people or other machines can continue. Needs a saved plan; call it in `alone`."""
        tell = effects.tell
        try_for(_RECORD_SECONDS, partial(self._record, "running"))
        coordinator = Coordinator(
            self._store,
            self._engine,
            self._options,
            effects,
            landing=landing,
            signals=signals,
            intervals=PollIntervals(self._directory),
        )
        end: RunEnd | None = None
        try:
            end = coordinator.run()
            with _troubles_told(tell, "clear-up"):
                clear_up(self.leftovers, end, tell, branches=delete_branches)
            RemoteCleanup(self._store, self._options.log_ends).apply(now=True)
        finally:
            reason = "stopped" if end is None or end.stopped else ""
            with _troubles_told(tell, "record"):
                try_for(_RECORD_SECONDS, partial(self._record, "ended", reason))
            with _troubles_told(tell, "show"):
                show_end()
        return end

    def remove_old_logs(self, view: RunView, tell: Tell) -> None:
        """Removes the logs that the settings no longer keep, and tells how many."""
        old = self.old_logs(view)
        remove_old_logs(old)
        if old.places:
            tell(LogsRemoved(count=len(old.places), size=old.size, left=old.left))

    def _record(self, state: Literal["running", "ended"], reason: str = "") -> None:
        event = RunChanged(
            at=now(),
            by=worker_name(),
            state=state,
            engine=self._engine.name,
            max_parallel=self._max_parallel or 0,
            reason=reason,
        )
        self._store.record(event)


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    directory.mkdir(parents=True, exist_ok=True)
    lock = FileLock(directory / "run.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise answer_no(
            "already-running",
            "Another `gitcoord run` is running in this repository.",
            "Watch it with `gitcoord status --watch`; `gitcoord pause` makes it start nothing more.",
        ) from None
    with lock:
        yield
    lock.release(force=True)


@contextmanager
def _troubles_told(tell: Tell, step: ClosingStep) -> Iterator[None]:
    """Tells an error of a closing step; the run still counts as successful."""
    try:
        yield
    except GitcoordError as error:
        tell(RunEndTroubled(step=step, message=error.message))
