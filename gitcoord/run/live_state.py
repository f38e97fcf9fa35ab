"""Collects facts for the dashboard that only the running coordinator has, such as why units wait."""

import time
from collections.abc import Mapping
from pathlib import Path

from gitcoord.engines.engine import Engine
from gitcoord.progress.live_state import LiveState
from gitcoord.run.observe import RunView
from gitcoord.schedule.model import Capacity, ScheduleDecision
from gitcoord.tasks.model import TaskId

_NOT_READY = frozenset({"dependencies", "blocked", "failed", "cancelled", "elsewhere"})


class WaitingTimes:
    """Measures how many seconds each ready unit has waited, by the name of the reason."""

    def __init__(self, now: float) -> None:
        self._since = now
        self._reasons: Mapping[TaskId, str] = {}
        self._seconds: dict[TaskId, dict[str, float]] = {}

    def add(self, now: float, decision: ScheduleDecision) -> None:
        """Adds the time since the previous call to the reasons given then, and keeps those of `decision`."""
        for unit, name in self._reasons.items():
            seconds = self._seconds.setdefault(unit, {})
            seconds[name] = seconds.get(name, 0.0) + now - self._since
        self._since = now
        self._reasons = {
            unit: refusal.name
            for unit, refusal in decision.refusals.items()
            if refusal.name not in _NOT_READY
        }

    def take(self, unit: TaskId) -> dict[str, float]:
        """Removes a unit that starts, and returns its times."""
        return self._seconds.pop(unit, {})


def live_state(
    engine: Engine,
    view: RunView,
    decision: ScheduleDecision,
    capacity: Capacity,
    landing: Mapping[TaskId, str],
) -> LiveState:
    """Returns the state for display. `landing`: why submitted tasks have not landed."""
    return LiveState(
        engine=engine.name,
        slots=len(view.seen.running),
        at_work=tuple(view.seen.running),
        landing=landing,
        slot_limit=capacity.max_parallel,
        tokens=sum(view.units.by_id[one].tokens for one in view.seen.running),
        token_limit=capacity.token_budget,
        paused=view.seen.paused,
        quiet={one: quiet for one, key in view.keys.items() if (quiet := _quiet(engine, key)) is not None},
        holding={
            one: (refusal.name, refusal.reason)
            for one, refusal in decision.refusals.items()
            if refusal.name not in _NOT_READY
        },
    )


def _quiet(engine: Engine, key: str) -> float | None:
    """Returns the seconds since the attempt last printed something; None if its log is not here."""
    path = engine.log(key)
    try:
        return None if path is None else max(0.0, time.time() - Path(path).stat().st_mtime)
    except OSError:
        return None
