"""One frozen picture of the work: what parents and their units are at, how far, how fast, what is in the way.

Pure: from the plan, the journal, git's word on what has landed, the time, and what only a running coordinator
knows. The dashboard and `status --watch` draw it; nothing decides by it.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import msgspec

from gitcoord.events import (
    AnyEvent,
    AttemptEnded,
    AttemptStarted,
    PullOpened,
    RunChanged,
    TaskDeferred,
    TaskLanded,
    TasksClash,
    TaskSubmitted,
)
from gitcoord.planning.model import Plan, PlannedTask
from gitcoord.running.live import Live
from gitcoord.running.metrics_tries import seconds_of, tries_of
from gitcoord.running.picture_pace import Pace, measure_pace
from gitcoord.running.picture_state import FINISHED, UnitState, UnitView, parent_state, unit_views
from gitcoord.running.picture_units import plan_units, unit_graph, units_of
from gitcoord.sentences import some
from gitcoord.state.progress import fold
from gitcoord.tasks.model import TaskId

__all__ = ["Clash", "News", "Pace", "Parent", "Picture", "UnitState", "UnitView", "make_picture"]

MOST_NEWS = 30


class Parent(msgspec.Struct, frozen=True, kw_only=True):
    """One task with its waves of units; a task without subtasks is the only unit of itself."""

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
        """Whether the task is a unit itself."""
        return self.waves[0][0].id == self.id


class Clash(msgspec.Struct, frozen=True, kw_only=True):
    """Two tasks that were seen to conflict while at work; `open` until one of the two has landed."""

    at: str
    task: TaskId
    other: TaskId
    paths: tuple[str, ...]
    open: bool


class News(msgspec.Struct, frozen=True, kw_only=True):
    """One event as a display shows it; `bad` when somebody may have to act, `short` where room is scarce."""

    at: str
    task: str | None
    kind: str
    sentence: str
    short: str
    bad: bool = False


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a dashboard shows. `percent` is rounded down, so that 100 means everything.

    `run` is None when no coordinator ever ran; `holding` counts by its name what keeps ready units back.
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
    tokens: int = 0
    token_limit: int | None = None
    holding: dict[str, int] = {}
    clashes: tuple[Clash, ...] = ()
    news: tuple[News, ...] = ()


def make_picture(
    plan: Plan,
    events: Sequence[AnyEvent],
    landed: Collection[TaskId],
    now: str,
    live: Live | None = None,
) -> Picture:
    """The picture at the time `now` (as in events); `events` oldest first, `landed` is git's evidence."""
    moment = seconds_of(now) or 0.0
    run = next((event for event in reversed(events) if isinstance(event, RunChanged)), None)
    state = ("paused" if live.paused else "running") if live else (run.state if run else None)
    tries = tries_of(events)
    progress = fold(events)
    units = plan_units(plan)
    graph = unit_graph(plan, units)
    going = state in ("running", "paused")
    views = unit_views(plan, units, graph, progress, landed, tries, moment, live, going=going)
    limit = live.slot_limit if live else (run.max_parallel or None if run else plan.max_parallel)
    pulls = {TaskId(e.task): e.pull for e in events if isinstance(e, PullOpened) and e.task}
    parents = tuple(_parent(task, views, pulls, landed=landed) for task in plan.tasks.values())
    done = sum(view.state in FINISHED for view in views.values())
    return Picture(
        at=now,
        base=plan.base,
        tag=plan.tag,
        strategy=plan.strategy,
        run=state,
        engine=live.engine if live else (run.engine if run else "local"),
        parents=parents,
        units=len(views),
        done=done,
        percent=100 * done // len(views) if views else 100,
        tasks=len(plan.tasks),
        landed=sum(task in landed for task in plan.tasks),
        counts=dict(Counter(view.state for view in views.values())),
        pace=measure_pace(units, graph, views, events, tries, moment, limit),
        slots=live.slots if live else sum(view.state == "running" for view in views.values()),
        slot_limit=limit,
        tokens_spent=sum(e.tokens or 0 for e in events if isinstance(e, AttemptEnded)),
        tokens=live.tokens if live else 0,
        token_limit=live.token_limit if live else None,
        holding=dict(Counter(name for name, _ in live.holding.values())) if live else {},
        clashes=_clashes(events, {unit.id: unit.parent for unit in units.values()}, landed),
        news=tuple(_news(event) for event in events[-MOST_NEWS:]),
    )


def _parent(
    task: PlannedTask,
    views: Mapping[TaskId, UnitView],
    pulls: Mapping[TaskId, int],
    *,
    landed: Collection[TaskId],
) -> Parent:
    waves: dict[int, list[UnitView]] = {}
    for unit in units_of(task):
        waves.setdefault(unit.wave, []).append(views[unit.id])
    members = [view for wave in waves.values() for view in wave]
    return Parent(
        id=task.id,
        title=task.title,
        state="landed" if task.id in landed else parent_state(members),
        level=task.level,
        wave=task.wave,
        branch=task.branch,
        critical=task.critical,
        waves=tuple(tuple(waves[number]) for number in sorted(waves)),
        done=sum(view.state in FINISHED for view in members),
        units=len(members),
        pull=pulls.get(task.id),
    )


def _clashes(
    events: Sequence[AnyEvent], parents: Mapping[TaskId, TaskId], landed: Collection[TaskId]
) -> tuple[Clash, ...]:
    """Every pair once, as it was seen last; the newest first."""
    newest: dict[frozenset[str], Clash] = {}
    for event in events:
        if isinstance(event, TasksClash):
            task, other = TaskId(event.task or ""), TaskId(event.other)
            pair = frozenset((task, other))
            newest.pop(pair, None)
            newest[pair] = Clash(
                at=event.at,
                task=task,
                other=other,
                paths=event.paths,
                open=not any(parents.get(one, one) in landed for one in (task, other)),
            )
    return tuple(reversed(newest.values()))


def _news(event: AnyEvent) -> News:
    kind = str(event.__struct_config__.tag)
    bad = kind in ("clash", "deferred") or (isinstance(event, AttemptEnded) and event.outcome != "ok")
    sentence = event.sentence()
    return News(
        at=event.at, task=event.task, kind=kind, sentence=sentence, short=_short(event) or sentence, bad=bad
    )


def _short(event: AnyEvent) -> str:
    match event:
        case AttemptStarted():
            again = (", rework" if event.rework else f", try {event.attempt}") if event.attempt > 1 else ""
            return f"{event.task} begun by {event.by}{again}"
        case AttemptEnded():
            why = f": {event.reason}" if event.reason else ""
            return f"{event.task} {event.outcome}{why}"
        case TaskSubmitted():
            return f"{event.task} submitted by {event.by}"
        case TaskLanded():
            return f"{event.task} landed"
        case TasksClash():
            return f"{event.task} and {event.other} clash in {some(event.paths, 2)}"
        case TaskDeferred():
            return f"{event.task} deferred: {event.reason}"
        case _:
            return ""
