"""Builds the picture of a run: the states of tasks and units, progress, speed, and reasons to wait.

Pure: from the plan, the journal, landings as git proves them, the time, and the state of a running
coordinator. The dashboard and `status --watch` draw it; no decision depends on it.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import msgspec

from gitcoord.events import AnyEvent, AttemptEnded, PullOpened, RunChanged
from gitcoord.planning.model import Plan, PlannedTask
from gitcoord.planning.units import Units
from gitcoord.progress.attempts import seconds_of, timed_attempts
from gitcoord.progress.live_state import LiveState
from gitcoord.progress.progress_estimate import Pace, measure_pace
from gitcoord.progress.recent_events import Clash, RecentEvent, clashes_of, newest
from gitcoord.progress.unit_state import FINISHED, UnitState, UnitView, parent_state, unit_views
from gitcoord.progress.units import PlanUnit, plan_units, unit_graph, units_at_work
from gitcoord.state.accounts import ClosedAccount
from gitcoord.state.heartbeats import RUN_SILENT
from gitcoord.state.task_history import replay
from gitcoord.tasks.model import TaskId

__all__ = ["Clash", "Pace", "Parent", "Picture", "RecentEvent", "UnitState", "UnitView", "make_picture"]

MOST_NEWS = 30


class Parent(msgspec.Struct, frozen=True, kw_only=True):
    """One task with its waves of units; a task without subtasks is its only unit."""

    id: TaskId
    title: str
    state: UnitState
    level: int
    wave: int
    branch: str
    critical: bool
    waves: tuple[tuple[UnitView, ...], ...]
    done: int
    units: int
    pull: int | None = None

    @property
    def whole(self) -> bool:
        """Whether the task itself is a unit."""
        return self.waves[0][0].id == self.id


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a dashboard shows. `percent` is rounded down: 100 means that all work is done.

    `run` is None if no run ever began; `holding` counts ready units by the name of the reason why they wait.
    `heard` is the time of the run's last heartbeat, `unheard` the seconds since then; None if unknown.
    """

    at: str
    base: str
    tag: str
    strategy: str
    run: Literal["running", "paused", "ended"] | None
    engine: str
    parents: tuple[Parent, ...]
    units: int
    done: int
    percent: int
    tasks: int
    landed: int
    counts: dict[UnitState, int]
    pace: Pace
    slots: int
    slot_limit: int | None
    tokens_spent: int
    usd_spent: float = 0.0
    tokens: int = 0
    token_limit: int | None = None
    holding: dict[str, int] = {}
    clashes: tuple[Clash, ...] = ()
    news: tuple[RecentEvent, ...] = ()
    heard: str = ""
    unheard: float | None = None
    closed: str = ""
    """Why nothing starts before `closed_until`: the agents' account has reached its limit."""
    closed_until: str = ""

    def silent(self, shift: float = 0.0) -> bool:
        """Whether the run would count as silent in `shift` seconds."""
        return self.unheard is not None and self.unheard + shift > RUN_SILENT


def needing_somebody(picture: Picture) -> frozenset[TaskId]:
    """The units that wait for a person."""
    shown = (view for parent in picture.parents for wave in parent.waves for view in wave)
    return frozenset(view.id for view in shown if view.state == "failed")


def make_picture(
    plan: Plan,
    events: Sequence[AnyEvent],
    landed: Collection[TaskId],
    now: str,
    live: LiveState | None = None,
    *,
    units: Units | None = None,
    heard: str = "",
    closed: ClosedAccount | None = None,
    quiet: Mapping[TaskId, float] | None = None,
) -> Picture:
    """Builds the picture at `now` (in the format of events) from `events`, oldest first, and landed tasks.

    A caller that has the plan's `units` passes them, because they take a moment to make. `heard` is the time
    of the last heartbeat of the run, `closed` the usage limit of the agents' account, `quiet` the seconds
    since each running agent last printed something.
    """
    moment = seconds_of(now) or 0.0
    run = next((event for event in reversed(events) if isinstance(event, RunChanged)), None)
    state = ("paused" if live.paused else "running") if live else (run.state if run else None)
    tries = timed_attempts(events)
    progress = replay(events)
    shown = plan_units(plan, units or units_at_work(plan, progress, landed))
    graph = unit_graph(shown)
    going = state in ("running", "paused")
    views = unit_views(plan, shown, graph, progress, landed, tries, moment, live, going=going)
    views = _with_quiet(views, live.quiet if live else quiet or {})
    limit = live.slot_limit if live else (run.max_parallel or None if run else plan.max_parallel)
    done = sum(view.state in FINISHED for view in views.values())
    return Picture(
        at=now,
        base=plan.base,
        tag=plan.tag,
        strategy=plan.strategy,
        run=state,
        engine=live.engine if live else (run.engine if run else "local"),
        parents=_parents(plan, shown, views, events, landed),
        units=len(views),
        done=done,
        percent=100 * done // len(views) if views else 100,
        tasks=len(plan.tasks),
        landed=sum(task in landed for task in plan.tasks),
        counts=dict(Counter(view.state for view in views.values())),
        pace=measure_pace(shown, graph, views, events, tries, moment, limit),
        slots=live.slots if live else sum(view.state == "running" for view in views.values()),
        slot_limit=limit,
        tokens_spent=sum(e.tokens or 0 for e in events if isinstance(e, AttemptEnded)),
        usd_spent=round(sum(e.usd or 0.0 for e in events if isinstance(e, AttemptEnded)), 6),
        tokens=live.tokens if live else 0,
        token_limit=live.token_limit if live else None,
        holding=dict(Counter(name for name, _ in live.holding.values())) if live else {},
        clashes=clashes_of(events, {unit.id: unit.parent for unit in shown.values()}, landed),
        news=newest(events, MOST_NEWS),
        heard=heard if going else "",
        closed=closed.sentence() if closed else "",
        closed_until=closed.end if closed else "",
        unheard=max(0.0, moment - (seconds_of(heard) or 0.0)) if going and heard else None,
    )


def _with_quiet(views: Mapping[TaskId, UnitView], quiet: Mapping[TaskId, float]) -> dict[TaskId, UnitView]:
    return {
        unit: msgspec.structs.replace(view, quiet=quiet.get(unit)) if view.state == "running" else view
        for unit, view in views.items()
    }


def _parents(
    plan: Plan,
    shown: Mapping[TaskId, PlanUnit],
    views: Mapping[TaskId, UnitView],
    events: Sequence[AnyEvent],
    landed: Collection[TaskId],
) -> tuple[Parent, ...]:
    pulls = {TaskId(e.task): e.pull for e in events if isinstance(e, PullOpened) and e.task}
    members: dict[TaskId, list[UnitView]] = {}
    for unit in shown.values():
        members.setdefault(unit.parent, []).append(views[unit.id])
    return tuple(
        _parent(task, members[task.id], task.id in landed, pulls.get(task.id)) for task in plan.tasks.values()
    )


def _parent(task: PlannedTask, members: Sequence[UnitView], landed: bool, pull: int | None) -> Parent:
    waves: dict[int, list[UnitView]] = {}
    for view in members:
        waves.setdefault(view.wave, []).append(view)
    return Parent(
        id=task.id,
        title=task.title,
        state="landed" if landed else parent_state(members),
        level=task.level,
        wave=task.wave,
        branch=task.branch,
        critical=task.critical,
        waves=tuple(tuple(waves[number]) for number in sorted(waves)),
        done=sum(view.state in FINISHED for view in members),
        units=len(members),
        pull=pull,
    )
