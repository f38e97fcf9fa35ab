"""The data of the report's page as plain values: sentences, tiles, rows. The template only places them."""

from collections.abc import Mapping, Sequence

import msgspec

from gitcoord import __version__
from gitcoord.cli.views.dashboard.rows import word
from gitcoord.cli.views.output import clean
from gitcoord.cli.views.report.gantt import Chart, by_slot, by_task
from gitcoord.cli.views.report.graph import GraphPicture, lay_out
from gitcoord.cli.views.report.matrix import Matrix, matrix_of
from gitcoord.cli.views.report.table_rows import Row, rows_of
from gitcoord.cli.views.report.tiles import Tile, breaks_of, headline_of, story_of, tiles_of
from gitcoord.cli.views.times import duration, on_the_clock, time_of_day
from gitcoord.events import AnyEvent
from gitcoord.planning.model import Plan
from gitcoord.progress.attempts import timed_attempts
from gitcoord.progress.make_metrics import Metrics, Step
from gitcoord.progress.make_picture import Picture, UnitState
from gitcoord.progress.recent_events import is_bad
from gitcoord.tasks.model import TaskId

MOST_EVENTS = 2000
MOST_STEPS = 40
MOST_OUTSIDE = 200
_STATES: tuple[UnitState, ...] = (
    *("landed", "submitted", "done", "running", "ready"),
    *("deferred", "failed", "blocked", "cancelled", "waiting"),
)
_KINDS = {
    "ok": "submitted",
    "rework": "reworked",
    "conflict": "conflicted",
    "failed": "failed",
    "lost": "ended early",
    "running": "at work",
}
CAUSES = {
    "slots": "a free slot",
    "landing": "its dependencies to land",
    "handed-in": "landing, once submitted",
    "tokens": "the token budget",
    "memory": "memory",
    "load": "the machine's load",
    "stagger": "the staggered start",
    "overlap": "a task that changes the same files",
    "alone": "a task that runs alone",
    "engine": "the engine",
    "backoff": "another attempt",
    "trouble": "a failing remote or disk",
    "deferred": "the rest of the level",
    "independent": "tasks that may not be independent",
    "barrier": "an earlier level or wave",
    "dependencies": "its dependencies",
    "paused": "the run to be resumed",
    "failing": "a fix for repeated equal failures",
    "closed": "the agents' usage limit to end",
}
_AFTER = {"slot": "free slot", "room": "free memory, load or tokens", "files": "free files"}


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """One part of the progress bar, in percent."""

    state: UnitState
    word: str
    tip: str
    x: float
    width: float


class PathStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the critical path; `share` in percent of the longest step."""

    unit: str
    title: str
    took: str
    gap: str
    share: float


class WaitCause(msgspec.Struct, frozen=True, kw_only=True):
    """One cause of waiting; `share` in percent of the largest."""

    name: str
    note: str
    value: str
    share: float


class EventLine(msgspec.Struct, frozen=True, kw_only=True):
    """One event."""

    at: str
    time: str
    kind: str
    sentence: str
    bad: bool


class OutsideLine(msgspec.Struct, frozen=True, kw_only=True):
    """One change outside the agents' checkouts; `proved`: git's event trace shows who made it."""

    what: str
    who: str
    proved: bool


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """The data of the page."""

    version: str
    made: str
    base: str
    tag: str
    when: str
    headline: str
    story: str
    percent: int
    progress: tuple[Share, ...]
    tiles: tuple[Tile, ...]
    by_task: Chart
    by_slot: Chart
    breaks: str
    kinds: tuple[tuple[str, str], ...]
    path: tuple[PathStep, ...]
    path_time: str
    waiting: tuple[WaitCause, ...]
    graph: GraphPicture | None
    rows: tuple[Row, ...]
    conflicts: Matrix
    outside: tuple[OutsideLine, ...]
    more_outside: int
    events: tuple[EventLine, ...]
    more_events: int


def make_page(plan: Plan, picture: Picture, metrics: Metrics, events: Sequence[AnyEvent]) -> Page:
    """Makes the page's data from a plan, its picture, its metrics and the journal's events."""
    task_titles = {task.id: task.title for task in plan.tasks.values()}
    units = {unit.id: unit.title for one in picture.parents for wave in one.waves for unit in wave}
    titles = {**task_titles, **units}
    path = {step.unit for step in metrics.critical_path}
    tasks_on_path = frozenset(bar.task for bar in metrics.bars if bar.unit in path)
    chart = by_task(metrics, {str(id): title for id, title in task_titles.items()})
    kinds = {rect.kind for rect in chart.rects}
    return Page(
        version=__version__,
        made=on_the_clock(picture.at),
        base=plan.base,
        tag=plan.tag,
        when=_when(picture, metrics),
        headline=headline_of(picture),
        story=story_of(picture, metrics),
        percent=picture.percent,
        progress=_progress(picture),
        tiles=tiles_of(picture, metrics),
        by_task=chart,
        by_slot=by_slot(metrics),
        breaks=breaks_of(metrics),
        kinds=tuple((kind, text) for kind, text in _KINDS.items() if kind in kinds),
        path=_path(metrics.critical_path[-MOST_STEPS:], titles),
        path_time=_path_time(metrics.critical_path),
        waiting=_waiting(metrics),
        graph=lay_out(plan, picture, tasks_on_path or frozenset(plan.critical_path)),
        rows=rows_of(picture, timed_attempts(events)),
        conflicts=matrix_of(metrics.conflicts, task_titles),
        outside=tuple(
            OutsideLine(what=one.change.words(), who=one.who(), proved=one.change.by_agent)
            for one in metrics.outside[:MOST_OUTSIDE]
        ),
        more_outside=metrics.outside_more + max(0, len(metrics.outside) - MOST_OUTSIDE),
        events=tuple(_said(event) for event in reversed(events[-MOST_EVENTS:])),
        more_events=max(0, len(events) - MOST_EVENTS),
    )


def _when(picture: Picture, metrics: Metrics) -> str:
    told = f"{picture.tag} onto {picture.base}, {picture.strategy}"
    if not metrics.tries:
        return told
    return f"{told} · {on_the_clock(metrics.began)} to {on_the_clock(metrics.ended)}"


def _progress(picture: Picture) -> tuple[Share, ...]:
    shares: list[Share] = []
    x = 0.0
    for state in _STATES:
        count = picture.counts.get(state, 0)
        if count:
            width = 100 * count / picture.units
            shares.append(
                Share(
                    state=state,
                    word=word(state),
                    tip=f"{count} {word(state)}",
                    x=round(x, 3),
                    width=round(width, 3),
                )
            )
            x += width
    return tuple(shares)


def _path(steps: Sequence[Step], titles: Mapping[TaskId, str]) -> tuple[PathStep, ...]:
    longest = max((step.end - step.start for step in steps), default=0.0) or 1.0
    return tuple(
        PathStep(
            unit=step.unit,
            title=titles.get(step.unit, ""),
            took=duration(step.end - step.start),
            gap=_gap(step),
            share=round(max(0.5, 100 * (step.end - step.start) / longest), 2),
        )
        for step in steps
    )


def _gap(step: Step) -> str:
    later = f"{duration(step.gap)} later" if step.gap >= 1 else ""
    return ", ".join(one for one in (_AFTER.get(step.after, ""), later) if one)


def _path_time(steps: Sequence[Step]) -> str:
    if not steps:
        return ""
    work, gaps = sum(step.end - step.start for step in steps), sum(step.gap for step in steps)
    return f"{duration(work)} of work" + (f" and {duration(gaps)} in between" if gaps >= 1 else "")


def _waiting(metrics: Metrics) -> tuple[WaitCause, ...]:
    seen = [one for one in metrics.waiting if one.seconds >= 0.05]
    most = max((one.seconds for one in seen), default=1.0)
    return tuple(
        WaitCause(
            name=f"for {CAUSES.get(one.cause, one.cause)}",
            note=f"{one.times} times" if one.times > 1 else "once",
            value=duration(one.seconds),
            share=round(max(0.5, 100 * one.seconds / most), 2),
        )
        for one in seen
    )


def _said(event: AnyEvent) -> EventLine:
    return EventLine(
        at=clean(event.at),
        time=time_of_day(event.at),
        kind=str(event.__struct_config__.tag),
        sentence=event.sentence(),
        bad=is_bad(event),
    )
