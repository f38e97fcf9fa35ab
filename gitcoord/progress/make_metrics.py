"""Measures a run from its journal: speed-up, waiting, conflicts, and which attempt ran when.

Pure. Times are in seconds; those of bars and steps count from the first start, without breaks.
"""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from gitcoord.events import AnyEvent, Outcome, RunChanged, TaskLanded, TaskSubmitted
from gitcoord.planning.model import Plan
from gitcoord.planning.units import units_of
from gitcoord.progress.actual_critical_path import Step, walked_path
from gitcoord.progress.attempts import TimedAttempt, seconds_of, timed_attempts
from gitcoord.progress.conflicts import Conflicts, conflicts_of
from gitcoord.progress.outside_changes import OutsideSeen, seen_outside
from gitcoord.progress.speculation import SpeculationFigures, speculation_of
from gitcoord.progress.units import PlanUnit, plan_units, unit_graph
from gitcoord.progress.working_time import WorkingTime
from gitcoord.schedule.model import Capacity, Policy
from gitcoord.schedule.predict import predict
from gitcoord.tasks.model import TaskId

__all__ = ["Bar", "Conflicts", "Metrics", "Step", "Waiting", "make_metrics"]


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt in a Gantt chart. `lane` is its slot, from 0; `outcome` is None while it runs."""

    unit: TaskId
    task: TaskId
    title: str
    attempt: int
    start: float
    end: float
    lane: int
    by: str
    outcome: Outcome | None = None
    reason: str = ""
    rework: bool = False
    after_check: bool = False
    moved: bool = False
    reworks: int = 0
    critical: bool = False
    waited: float = 0.0
    tokens: int | None = None


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """The time for which units waited for one `cause`; `handed-in`: submitted work that waited to land."""

    cause: str
    seconds: float
    times: int


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """The metrics of a run. `speedup` is `sequential / elapsed`, `efficiency` is `speedup / slots`.

    `sequential` adds up the attempts that submitted work; failed attempts and rework do not count.
    `elapsed` leaves out `breaks`, in which no run was active and nobody worked. `busy` is the share of the
    slots' time in which they were used; `wasted` is the time of attempts without a result. `predicted` is the
    speed-up that the plan's estimates give with the same slots.
    """

    began: str
    ended: str
    elapsed: float
    breaks: float
    sequential: float
    speedup: float
    predicted: float
    slots: int
    efficiency: float
    busy: float
    most_at_once: int
    units: int
    handed_in: int
    landed: int
    tasks: int
    tries: int
    failed: int
    cancelled: int
    rework: int
    wasted: float
    tokens: int
    usd: float
    waiting: tuple[Waiting, ...]
    conflicts: Conflicts
    critical_path: tuple[Step, ...]
    bars: tuple[Bar, ...]
    speculation: SpeculationFigures
    outside: tuple[OutsideSeen, ...] = ()
    """Changes outside the agents' checkouts while they ran; `outside_more` counts those that are left out."""
    outside_more: int = 0


def make_metrics(plan: Plan, events: Sequence[AnyEvent], landed: Collection[TaskId], now: str) -> Metrics:
    """Computes the metrics at the time `now` from `events`, oldest first, and landed tasks."""
    moment = seconds_of(now) or 0.0
    units = plan_units(plan)
    tries = timed_attempts(events)
    began = tries[0].start if tries else moment
    graph = unit_graph(units)
    time = WorkingTime(events, tries, moment)
    worked = [_by(time, one, moment) for one in tries]
    path = walked_path(units, graph, worked, time.elapsed)
    elapsed = time.elapsed
    sequential = sum(one.worth(moment) for one in tries if one.useful)
    most = _most_at_once(tries, moment)
    slots = _slots(plan, events, most)
    speedup = sequential / elapsed if elapsed else 1.0
    spent = sum(one.seconds(moment) for one in tries)
    outside, outside_more = seen_outside(events)
    return Metrics(
        began=_at(events, began) or now,
        ended=_at(events, max((one.end or moment for one in tries), default=moment)) or now,
        elapsed=elapsed,
        breaks=time.breaks,
        sequential=sequential,
        speedup=speedup,
        predicted=_predicted(plan, slots),
        slots=slots,
        efficiency=speedup / slots,
        busy=min(1.0, spent / (elapsed * slots)) if elapsed else 0.0,
        most_at_once=most,
        units=len(units),
        handed_in=len({one.unit for one in tries if one.outcome == "ok" and one.unit in units}),
        landed=sum(task in landed for task in plan.tasks),
        tasks=len(plan.tasks),
        tries=len(tries),
        failed=sum(
            one.end is not None and one.outcome not in ("ok", "conflict", "cancelled") for one in tries
        ),
        cancelled=sum(one.outcome == "cancelled" for one in tries),
        rework=sum(one.rework + one.reworks for one in tries),
        wasted=sum(one.seconds(moment) for one in tries if one.end is not None and not one.kept),
        tokens=sum(one.tokens or 0 for one in tries),
        usd=round(sum(one.usd or 0.0 for one in tries), 6),
        waiting=_waiting(tries, events, time),
        conflicts=conflicts_of(plan, units, events, tries, moment),
        critical_path=tuple(path),
        bars=_bars(plan, units, worked, time.elapsed, {step.unit for step in path}),
        speculation=speculation_of(plan, events, tries, moment),
        outside=outside,
        outside_more=outside_more,
    )


def _by(time: WorkingTime, one: TimedAttempt, now: float) -> TimedAttempt:
    """The attempt in working time, which leaves out breaks."""
    start = time.at(one.start)
    end = None if one.end is None else start + one.seconds(now)
    return msgspec.structs.replace(one, start=start, end=end)


def _at(events: Sequence[AnyEvent], moment: float) -> str | None:
    """The time of the event that happened at `moment`, as the event records it; None without one."""
    return next((event.at for event in events if seconds_of(event.at) == moment), None)


def _slots(plan: Plan, events: Sequence[AnyEvent], most: int) -> int:
    """The slots of the run; if not recorded, the largest number in use, but at least the plan's number."""
    told = [event.max_parallel for event in events if isinstance(event, RunChanged) and event.max_parallel]
    return max(1, told[-1] if told else max(most, plan.max_parallel))


def _predicted(plan: Plan, slots: int) -> float:
    """The speed-up that the scheduler's decisions give with the plan's estimates."""
    policy = Policy(whole_waves=plan.strategy == "single-pr")
    return predict(plan, units_of(plan), Capacity(max_parallel=slots), policy).speedup


def _most_at_once(tries: Sequence[TimedAttempt], now: float) -> int:
    changes = sorted(
        change
        for one in tries
        for change in ((one.start, 1), (one.start + one.seconds(now), -1))
        if one.seconds(now) > 0
    )
    most = at_work = 0
    for _, change in changes:
        at_work += change
        most = max(most, at_work)
    return most


def _waiting(
    tries: Sequence[TimedAttempt], events: Sequence[AnyEvent], time: WorkingTime
) -> tuple[Waiting, ...]:
    """Adds up the time that units waited to start, by reason, and that submitted work waited to land."""
    found: dict[str, list[float]] = {}
    for one in tries:
        for cause, seconds in one.waited.items():
            if seconds > 0:
                found.setdefault(cause, []).append(seconds)
    submitted: dict[str, float] = {}
    for event in events:
        at = seconds_of(event.at)
        if at is None or event.task is None:
            continue
        if isinstance(event, TaskSubmitted):
            submitted.setdefault(event.task, at)
        elif isinstance(event, TaskLanded) and event.task in submitted:
            found.setdefault("handed-in", []).append(
                max(0.0, time.at(at) - time.at(submitted.pop(event.task)))
            )
    causes = (Waiting(cause=name, seconds=sum(times), times=len(times)) for name, times in found.items())
    return tuple(sorted(causes, key=lambda waiting: -waiting.seconds))


def _bars(
    plan: Plan,
    units: Mapping[TaskId, PlanUnit],
    tries: Sequence[TimedAttempt],
    now: float,
    critical: Collection[TaskId],
) -> tuple[Bar, ...]:
    free: list[float] = []  # the time at which each lane is free again
    bars = []
    for one in tries:
        end = one.start + one.seconds(now)
        lane = next((number for number, moment in enumerate(free) if moment <= one.start), len(free))
        free[lane : lane + 1] = [end]
        unit = units.get(one.unit)
        bars.append(
            Bar(
                unit=one.unit,
                task=unit.parent if unit else one.unit,
                title=unit.title if unit else _title(plan, one.unit),
                attempt=one.attempt,
                start=one.start,
                end=end,
                lane=lane,
                by=one.by,
                outcome=one.outcome,
                reason=one.reason,
                rework=one.rework,
                after_check=one.after_check,
                moved=one.moved,
                reworks=one.reworks,
                critical=one.unit in critical,
                waited=sum(one.waited.values()),
                tokens=one.tokens,
            )
        )
    return tuple(bars)


def _title(plan: Plan, unit: TaskId) -> str:
    """The title of the unit or task; empty if the plan no longer has it."""
    return plan.tasks[unit].title if unit in plan.tasks else ""
