"""The numbers of a report in words: its headline, its summary and its tiles."""

import msgspec

from gitcoord.cli.views.output import count_of
from gitcoord.cli.views.times import duration
from gitcoord.progress.make_metrics import Metrics
from gitcoord.progress.make_picture import Picture


class Tile(msgspec.Struct, frozen=True, kw_only=True):
    """One number. `tone` is `good`, `bad` or empty."""

    name: str
    value: str
    unit: str = ""
    note: str = ""
    tone: str = ""


def headline_of(picture: Picture) -> str:
    if not picture.tasks:
        return "The plan has no tasks"
    if picture.landed == picture.tasks:
        return "Everything has landed" if picture.tasks > 1 else "The task has landed"
    if not picture.done and picture.counts.keys() <= {"waiting", "ready"}:
        return f"{count_of(picture.tasks, 'task')} wait{'s' if picture.tasks == 1 else ''} to start"
    return (
        f"{picture.landed} of {count_of(picture.tasks, 'task')} landed, {picture.percent} % of the work done"
    )


def story_of(picture: Picture, metrics: Metrics) -> str:
    if not metrics.tries or not metrics.elapsed:
        return "No task has started yet."
    told = f"{count_of(metrics.handed_in, 'unit')} took {_spelled(metrics.elapsed)}"
    if not metrics.handed_in:
        told = f"Nothing was submitted during {_spelled(metrics.elapsed)}."
    elif metrics.speedup > 1.005:
        saved = metrics.sequential - metrics.elapsed
        told += f". One worker would have needed {_spelled(metrics.sequential)}: {_spelled(saved)} saved."
    elif metrics.speedup < 0.995:
        longer = _spelled(metrics.elapsed - metrics.sequential)
        told += f", {longer} more than one worker doing the same work: "
        told += "waiting, failures or rework took the time."
    else:
        told += ", as long as one worker would have needed."
    lost = [f"{metrics.failed} failed"] if metrics.failed else []
    lost += [f"{metrics.cancelled} ended by cancelling"] if metrics.cancelled else []
    reworked = [bar.outcome for bar in metrics.bars if bar.rework and not (bar.after_check or bar.moved)]
    after_check = [bar.outcome for bar in metrics.bars if bar.after_check]
    at_once = [bar.outcome for bar in metrics.bars if bar.reworks and not bar.rework]
    resolved, open_still = [(reworked + at_once).count(how) for how in ("ok", "conflict")]
    lost += [f"{fixed} fixed a failed check"] if (fixed := after_check.count("ok")) else []
    lost += [f"{resolved} resolved a conflict"] if resolved else []
    lost += [f"{open_still} left a conflict unresolved"] if open_still else []
    if lost:
        most, last = ", ".join(lost[:-1]), lost[-1]
        told += f" Of {count_of(metrics.tries, 'attempt')}, {f'{most} and {last}' if most else last}."
    stuck = sum(picture.counts.get(state, 0) for state in ("failed", "blocked", "cancelled"))
    if stuck:
        told += f" {count_of(stuck, 'unit')} {'needs' if stuck == 1 else 'need'} your attention."
    return told


def breaks_of(metrics: Metrics) -> str:
    """Returns a sentence on the time that the report leaves out; empty if that is less than a minute."""
    if metrics.breaks < 60:
        return ""
    return f"Left out: {_spelled(metrics.breaks)} without a run and without any work."


def tiles_of(picture: Picture, metrics: Metrics) -> tuple[Tile, ...]:
    conflicts = metrics.conflicts
    waited = sum(one.seconds for one in metrics.waiting)
    for_start = sum(one.seconds for one in metrics.waiting if one.cause != "handed-in")
    held = "ready, but held back"
    if for_start < waited:
        held = f"{duration(for_start)} to start, {duration(waited - for_start)} to land"
    busy = f"{metrics.busy:.0%} of {count_of(metrics.slots, 'slot')} busy, {metrics.most_at_once} at most"
    found = f"{conflicts.found} found, {conflicts.predicted} predicted"
    cancelled = f"{metrics.cancelled} cancelled, " if metrics.cancelled else ""
    failed = f"{metrics.failed} failed, {cancelled}{metrics.rework} rework"
    return (
        Tile(
            name="Speed-up",
            value=f"{metrics.speedup:.2f}",
            unit="×",
            note=f"the plan predicted {metrics.predicted:.2f}×",
            tone="good" if metrics.speedup > 1.05 else "",
        ),
        _time_tile("Elapsed", metrics.elapsed, f"one by one {duration(metrics.sequential)}"),
        Tile(name="Efficiency", value=f"{metrics.efficiency:.0%}"[:-1], unit="%", note=busy),
        _landed_tile(picture, metrics),
        Tile(
            name="Conflict rate",
            value=f"{conflicts.rate:.0%}"[:-1],
            unit="%",
            note=f"{conflicts.conflicted} of {count_of(conflicts.tasks, 'task')}; {found}",
        ),
        Tile(
            name="Attempts",
            value=f"{metrics.tries}",
            note=failed + (f", {duration(metrics.wasted)} wasted" if metrics.wasted >= 1 else ""),
        ),
        _time_tile("Waiting", waited, held),
        *_speculation_tiles(metrics),
        Tile(
            name="Tokens",
            value=_many(metrics.tokens) if metrics.tokens else "–",
            note=f"{metrics.tokens // max(1, metrics.handed_in):,} per unit"
            + (f", ${metrics.usd:,.2f} in all" if metrics.usd else "")
            if metrics.tokens
            else "no agent reported any",
        ),
    )


def _speculation_tiles(metrics: Metrics) -> tuple[Tile, ...]:
    """Returns the tile of work that started before its dependencies had landed; empty if there was none."""
    figures = metrics.speculation
    if not figures.begun:
        return ()
    note = f"{count_of(figures.begun, 'attempt')} began before dependencies had landed"
    note += f", {figures.moved} moved" if figures.moved else ""
    if figures.thrown_away:
        note += f", {figures.thrown_away} thrown away ({duration(figures.wasted)})"
    return (_time_tile("Head start", figures.ahead, note),)


def _landed_tile(picture: Picture, metrics: Metrics) -> Tile:
    stuck = picture.counts.get("failed", 0)
    done = f"{picture.done} of {picture.units} units done"
    return Tile(
        name="Landed",
        value=f"{metrics.landed}",
        unit=f"of {metrics.tasks}",
        note=f"{count_of(stuck, 'unit')} failed" if stuck else done,
        tone="bad" if stuck else "good" if metrics.landed == metrics.tasks else "",
    )


def _many(count: int) -> str:
    return (
        f"{count / 1_000_000:.2f} M"
        if count >= 1_000_000
        else f"{count / 1000:.0f} k"
        if count >= 10_000
        else str(count)
    )


def _time_tile(name: str, seconds: float, note: str) -> Tile:
    value, _, unit = duration(seconds).partition(" ")
    return Tile(name=name, value=value, unit=unit, note=note)


def _spelled(seconds: float) -> str:
    """Formats a duration with no-break spaces."""
    return duration(seconds).replace(" ", "\u00a0")
