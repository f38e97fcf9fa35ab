"""Lays out a report's timeline: rows and bars in percent of the total time. Draws nothing."""

from collections.abc import Iterable, Sequence

import msgspec

from gitcoord.cli.views.times import duration
from gitcoord.natural_order import natural_key
from gitcoord.progress.make_metrics import Bar, Metrics

MOST_ROWS = 600
ROW = 24
_STEPS = (
    *(1, 2, 5, 10, 15, 30),
    *(60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 10800, 21600, 43200, 86400),
)
_MOST_TICKS = 6


class Rect(msgspec.Struct, frozen=True, kw_only=True):
    """One bar: `x` and `width` in percent, `y` in pixels; `kind`: its CSS class; `tip`: its tooltip."""

    x: float
    width: float
    y: int
    kind: str
    tip: str
    unit: str
    critical: bool
    wait_x: float
    wait: float


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """The label at the start of a row."""

    key: str
    title: str
    head: bool


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the time axis, at `x` percent."""

    x: float
    text: str


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """A timeline."""

    labels: tuple[Label, ...]
    rects: tuple[Rect, ...]
    spans: tuple[Rect, ...]
    ticks: tuple[Tick, ...]
    height: int
    hidden: int = 0


def by_task(metrics: Metrics, titles: dict[str, str]) -> Chart:
    """Returns a chart with a row for each unit, below its task, in the order of ids."""
    total = _total(metrics)
    labels: list[Label] = []
    rects: list[Rect] = []
    spans: list[Rect] = []
    tasks = sorted({bar.task for bar in metrics.bars}, key=natural_key)
    for task in tasks:
        bars = [bar for bar in metrics.bars if bar.task == task]
        units = sorted({bar.unit for bar in bars}, key=natural_key)
        if units != [task]:
            spans.append(_span(task, bars, len(labels), total))
            labels.append(Label(key=task, title=titles.get(task, ""), head=True))
        for unit in units:
            own = [bar for bar in bars if bar.unit == unit]
            rects += [_rect(bar, len(labels), total) for bar in own]
            labels.append(Label(key=unit, title=own[0].title, head=False))
    shown = min(len(labels), MOST_ROWS)
    return Chart(
        labels=tuple(labels[:shown]),
        rects=tuple(rect for rect in rects if rect.y < shown * ROW),
        spans=tuple(span for span in spans if span.y < shown * ROW),
        ticks=_ticks(total),
        height=shown * ROW,
        hidden=len(labels) - shown,
    )


def by_slot(metrics: Metrics) -> Chart:
    """Returns a chart with a row for each slot and the attempts that used it."""
    total = _total(metrics)
    lanes = max((bar.lane for bar in metrics.bars), default=-1) + 1
    return Chart(
        labels=tuple(Label(key=f"slot {lane + 1}", title="", head=False) for lane in range(lanes)),
        rects=tuple(_rect(bar, bar.lane, total) for bar in metrics.bars),
        spans=(),
        ticks=_ticks(total),
        height=lanes * ROW,
    )


def kind_of(bar: Bar) -> str:
    """Returns the CSS class of a bar, by the outcome of its attempt."""
    if bar.outcome is None:
        return "running"
    if bar.outcome == "ok":
        return "rework" if bar.rework else "ok"
    if bar.outcome == "conflict":
        return "conflict"
    return "failed" if bar.outcome in ("failed", "wrong") else "lost"


def _total(metrics: Metrics) -> float:
    return max((bar.end for bar in metrics.bars), default=0.0) or 1.0


def _rect(bar: Bar, row: int, total: float) -> Rect:
    waited = min(bar.waited, bar.start)
    return Rect(
        x=_percent(bar.start, total),
        # A very short attempt must stay visible.
        width=max(0.25, _percent(bar.end - bar.start, total)),
        y=row * ROW,
        kind=kind_of(bar),
        tip=_tip(bar),
        unit=bar.unit,
        critical=bar.critical,
        wait_x=_percent(bar.start - waited, total),
        wait=_percent(waited, total),
    )


def _span(task: str, bars: Sequence[Bar], row: int, total: float) -> Rect:
    start, end = min(bar.start for bar in bars), max(bar.end for bar in bars)
    return Rect(
        x=_percent(start, total),
        width=max(0.25, _percent(end - start, total)),
        y=row * ROW,
        kind="span",
        tip=f"{task}: {duration(end - start)} from the first start to the last end",
        unit=task,
        critical=False,
        wait_x=0,
        wait=0,
    )


def _tip(bar: Bar) -> str:
    words: list[str] = [f"{bar.unit} {bar.title}".strip()]
    if bar.attempt > 1:
        words.append(f"attempt {bar.attempt}{', rework' if bar.rework else ''}")
    if bar.reworks:
        words.append("a conflict went back to the agent")
    words.append(f"{duration(bar.end - bar.start)}, from {duration(bar.start)} on")
    words.append((bar.outcome or "at work") + (f": {bar.reason}" if bar.reason else ""))
    if bar.waited >= 1:
        words.append(f"waited {duration(bar.waited)}")
    if bar.by:
        words.append(bar.by)
    return " · ".join(words)


def _percent(part: float, total: float) -> float:
    return round(100 * part / total, 3)


def _ticks(total: float) -> tuple[Tick, ...]:
    step = next(
        (step for step in _STEPS if total / step <= _MOST_TICKS), 86400 * max(1, round(total / 500_000))
    )
    return tuple(
        Tick(x=_percent(at, total), text=_tick(at, step))
        for at in _multiples(step, total)
        if at < total * 0.97
    )


def _multiples(step: int, total: float) -> Iterable[int]:
    return range(0, int(total) + 1, step)


def _tick(at: int, step: int) -> str:
    if at == 0:
        return "0"
    if step >= 3600:
        return f"{at // 3600} h"
    if step >= 60:
        return f"{at // 60} min"
    return f"{at} s" if at < 60 else f"{at // 60}:{at % 60:02}"
