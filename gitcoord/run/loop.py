"""The loop of a run: observe, decide what starts, start it, land what can land, and wait for a change.

Its memory is only a cache: a run that is killed at any moment can be started again, and continues from git
and the engine.
"""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from gitcoord.engines.engine import Engine
from gitcoord.errors import GitcoordError
from gitcoord.notices import AnyNotice, AttemptsEnding, StartedAlthough, StartFailed, StartsHeld
from gitcoord.progress.live_state import LiveState
from gitcoord.run.effects import RunEffects, RunOptions
from gitcoord.run.heartbeat import RunHeartbeat, heartbeat_ref
from gitcoord.run.landing import LandingThread
from gitcoord.run.live_state import WaitingTimes, live_state
from gitcoord.run.log_retention import RemoteCleanup
from gitcoord.run.observe import Observer, RunView
from gitcoord.run.polling import PollIntervals, Signals
from gitcoord.run.reconcile import cancel_all, record_ended
from gitcoord.run.run_errors import RunErrors
from gitcoord.run.run_report import RunEnd, ended_attempts, run_end
from gitcoord.run.state_guard import StateGuard
from gitcoord.schedule.decide import next_starts
from gitcoord.schedule.model import ScheduleDecision
from gitcoord.state.heartbeats import beats_prefix
from gitcoord.state.published_work import work_prefix
from gitcoord.state.store import Store
from gitcoord.worker.transient_errors import no_room

if TYPE_CHECKING:
    from gitcoord.tasks.model import TaskId

_REFUSED_PAUSE = 10.0


class Coordinator:
    """One run on one engine."""

    def __init__(
        self,
        store: Store,
        engine: Engine,
        options: RunOptions,
        effects: RunEffects,
        *,
        landing: LandingThread | None,
        signals: Signals,
        intervals: PollIntervals,
    ) -> None:
        self._store = store
        self._engine = engine
        self._options = options
        self._effects = effects
        self._landing = landing
        self._signals = signals
        self._intervals = intervals
        speculates, budget = options.policy.speculate, options.token_budget
        self._observer = Observer(
            store, engine, options.limits, budget, account=options.account, speculates=speculates
        )
        self._last_start: float | None = None
        self._refused: dict[TaskId, float] = {}
        self._told_once: set[AnyNotice] = set()
        self._errors = RunErrors(effects.tell)
        self._heartbeat = RunHeartbeat(store)
        self._cleanup = RemoteCleanup(store, options.log_ends)
        self._waiting = WaitingTimes(time.monotonic())
        self._guard = StateGuard(store, effects.tell)

    def run(self) -> RunEnd:
        """Runs until it is stopped, or until only people or other machines can continue.

        Returns the state of all units.
        """
        idle_since: float | None = None
        before: set[tuple[str | None, int]] | None = None
        while True:
            if self._intervals.fetch_is_due():
                self._fetch()
            view = self._try_to_observe()
            if view is None:
                continue
            if before is None:
                before = {(event.task, event.attempt) for event in ended_attempts(view)}
            if self._record_ended(view):
                continue
            decision = self._decide(view)
            self._tell_what_holds(view, decision)
            if self._start(view, decision):
                continue
            self._watch(view)
            landing = self._land(view, decision)
            self._effects.show(view, self._shown_state(view, decision))
            busy = bool(view.seen.running) or landing
            if not busy and (self._signals.stop or self._is_over(view, decision)):
                idle_since = idle_since or time.monotonic()
                held = self._landing.held if self._landing else {}
                end = run_end(view, decision, stopped=self._signals.stop, held=held, before=before)
                patient = time.monotonic() - idle_since < self._options.wait
                if end.stopped or not patient or end.complete(landing=self._landing is not None):
                    return end
            else:
                idle_since = None
            if not busy:
                self._errors.give_up()
            self._wait(view, decision)

    def _tell_what_holds(self, view: RunView, decision: ScheduleDecision) -> None:
        """Tells once why nothing starts, if one cause stops all starts."""
        names = {refusal.name for refusal in decision.refusals.values()}
        if "failing" in names:
            self._tell_once(StartsHeld(until="", reason=view.seen.failing))
        elif "closed" in names and view.closed is not None:
            self._tell_once(StartsHeld(until=view.closed.end, reason=view.closed.sentence()))

    def _fetch(self) -> None:
        def fetch() -> None:
            self._guard.revert_configuration()
            self._store.refresh()
            self._guard.check_all()
            self._observer.fetched = time.monotonic()
            refs = self._store.shared.list("refs/").items()
            # A heartbeat is no change, and unfinished work is examined at an interval of its own.
            signs = (heartbeat_ref(self._store), beats_prefix(self._store), work_prefix(self._store))
            self._intervals.fetched({ref: oid for ref, oid in refs if not ref.startswith(signs)})

        self._errors.try_to("fetching", fetch)
        if self._errors.failed("fetching"):
            self._intervals.unreachable()
            return
        self._cleanup.apply()
        if self._heartbeat.due and self._errors.trouble is None:
            self._errors.try_to("recording", self._heartbeat.send)

    def _record_ended(self, view: RunView) -> bool:
        """Records how attempts ended; returns whether the journal changed and must be read again."""
        if self._errors.failed("fetching") or not self._errors.due("recording"):
            return False
        effects = (self._effects.hand_in, self._effects.clear, self._tell_once)
        done = bool(
            self._errors.try_to(
                "recording",
                lambda: record_ended(self._store, self._engine, view, *effects, self._options.log_ends),
            )
        )
        if done:
            self._guard.revert_configuration()
            self._intervals.fetch_soon()
        return done

    def _tell_once(self, notice: AnyNotice) -> None:
        if notice not in self._told_once:
            self._told_once.add(notice)
            self._effects.tell(notice)

    def _try_to_observe(self) -> RunView | None:
        """Observes once. If that fails, pauses and returns None."""
        view = self._errors.try_to("looking", self._observe)
        if view is None:
            self._guard.revert_configuration()
            if self._signals.stop:
                raise KeyboardInterrupt
            self._errors.give_up()
            time.sleep(self._errors.pause())
        return view

    def _observe(self) -> RunView:
        self._guard.check()
        now = time.time()
        # These times are kept on the monotonic clock, which nobody can set.
        ahead = now - time.monotonic()
        view = self._observer.look(now, None if self._last_start is None else self._last_start + ahead)
        later = {unit: at + ahead for unit, at in self._refused.items() if at + ahead > now}
        stop = self._signals.stop or view.seen.paused
        seen = msgspec.structs.replace(view.seen, paused=stop, not_before={**view.seen.not_before, **later})
        return msgspec.structs.replace(view, seen=seen)

    def _decide(self, view: RunView) -> ScheduleDecision:
        seen = view.seen
        if self._errors.trouble is not None:
            # Nothing can be claimed or recorded now, and an attempt without a record would be started twice.
            soon = seen.now + max(1.0, self._errors.pause())
            seen = msgspec.structs.replace(seen, not_before=dict.fromkeys(view.units.by_id, soon))
        decided = next_starts(view.units, seen, self._effects.capacity(view), self._options.policy)
        decision = self._errors.named(decided)
        self._waiting.add(time.monotonic(), decision)
        return decision

    def _start(self, view: RunView, decision: ScheduleDecision) -> bool:
        """Starts the units that were chosen; returns whether there were any."""
        for start in decision.starts:
            number = view.numbers[start.unit]
            for warning in start.warnings:
                self._effects.tell(StartedAlthough(unit=start.unit, warning=warning))
            waited = self._waiting.take(start.unit)
            try:
                self._engine.start(self._effects.launch(view, start, number, waited))
            except (GitcoordError, OSError) as error:
                if isinstance(error, OSError) and no_room(error) is None:
                    raise
                self._refused[start.unit] = time.monotonic() + _REFUSED_PAUSE
                self._effects.tell(StartFailed(unit=start.unit, message=str(error)))
                continue
            self._observer.launched[start.unit] = number
            self._last_start = time.monotonic()
        return bool(decision.starts)

    def _watch(self, view: RunView) -> None:
        clashes = self._effects.clashes
        if clashes is None or not view.keys or self._errors.trouble or not self._intervals.watch_is_due():
            return
        began = time.monotonic()

        def record() -> None:
            for event in clashes(view):
                self._store.record(event)
                self._intervals.fetch_soon()

        self._errors.try_to("recording", record)
        self._intervals.watched(time.monotonic() - began, quiet=clashes.quiet)

    def _land(self, view: RunView, decision: ScheduleDecision) -> bool:
        """Begins a pass of landing if one is due; returns whether one is running."""
        if self._landing is None:
            return False
        if not self._signals.stop and self._errors.trouble is None:
            self._landing.begin(view, decision.refusals)
        return self._landing.busy

    def _is_over(self, view: RunView, decision: ScheduleDecision) -> bool:
        """Whether nothing can continue by itself: no retry, no pause, and no error that may pass."""
        hindered = self._landing is not None and self._landing.hindered
        waits = view.seen.paused or self._errors.trouble is not None or hindered
        return decision.wake is None and not waits

    def _wait(self, view: RunView, decision: ScheduleDecision) -> None:
        keys = list(view.keys.values())
        wake = None if decision.wake is None else decision.wake - time.time()
        watching = self._effects.clashes is not None and bool(keys)
        until = self._intervals.until(wake, watching=watching)
        while time.monotonic() < until:
            left = until - time.monotonic()
            seconds = min(
                left, self._intervals.tick(landing=self._landing is not None and self._landing.busy)
            )
            if keys:
                self._engine.wait(keys, seconds)
            else:
                time.sleep(seconds)
            if self._something_happened(view, keys):
                return

    def _something_happened(self, view: RunView, keys: Sequence[str]) -> bool:
        if self._signals.end and keys:
            self._effects.tell(AttemptsEnding(count=len(keys)))
            cancel_all(self._engine, keys)
            self._intervals.fetch_soon()
            return True
        ended = any(seen.state == "ended" for seen in self._engine.poll(keys).values())
        landed = self._landing is not None and self._landing.finished()
        if ended or landed or self._intervals.change_reported():
            self._intervals.fetch_soon()
            return True
        return self._signals.news()

    def _shown_state(self, view: RunView, decision: ScheduleDecision) -> LiveState:
        landing = self._landing.held if self._landing else {}
        return live_state(self._engine, view, decision, self._effects.capacity(view), landing)
