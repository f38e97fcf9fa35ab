"""Renders the report for a terminal of 80 columns or more."""

from typing import TYPE_CHECKING

from gitcoord.cli.views.output import clean, count_of, percent, plain
from gitcoord.cli.views.report.gantt import kind_of
from gitcoord.cli.views.report.matrix import clash_place, conflict_sentence
from gitcoord.cli.views.report.page_data import CAUSES
from gitcoord.cli.views.report.tiles import breaks_of, headline_of, story_of, tiles_of
from gitcoord.cli.views.run import outside_lines
from gitcoord.cli.views.styled_text import Shown, StyledText, TextColumn, TextTable
from gitcoord.cli.views.times import duration

if TYPE_CHECKING:
    from gitcoord.progress.make_metrics import Bar, Metrics
    from gitcoord.progress.make_picture import Picture

MOST_BARS = 40
_MOST_CLASHES = 10
_CELLS = 44
_STYLES = {
    "ok": ("█", "blue"),
    "rework": ("█", "magenta"),
    "conflict": ("▒", "yellow"),
    "failed": ("▒", "red"),
    "lost": ("░", "dim"),
    "running": ("▶", "cyan"),
}


def report_text(picture: "Picture", metrics: "Metrics") -> list[Shown]:
    """Returns the complete report."""
    story = story_of(picture, metrics).replace("\u00a0", " ")
    parts: list[Shown] = [plain(headline_of(picture), "bold"), plain(story)]
    if metrics.tries:
        parts += [plain(""), _numbers(picture, metrics)]
        parts += [plain(""), *_path(metrics), *_waiting(metrics)]
        parts += [_label("Conflicts", conflict_sentence(metrics.conflicts)), *_clashes(metrics)]
        parts += _foretold(metrics)
        parts += [plain(line) for line in outside_lines(metrics.outside, metrics.outside_more)]
        parts += [plain(""), _timeline(metrics)]
        if breaks := breaks_of(metrics):
            parts.append(plain(breaks, "dim"))
    return parts


def _numbers(picture: "Picture", metrics: "Metrics") -> TextTable:
    table = TextTable(TextColumn("name"), TextColumn("value", right=True), TextColumn("note"), headed=False)
    for tile in tiles_of(picture, metrics):
        style = {"good": "bold green", "bad": "bold red"}.get(tile.tone, "bold")
        value = plain(f"{tile.value} {tile.unit}".strip(), style)
        table.add_row(plain(tile.name), value, plain(tile.note, "dim"))
    return table


def _label(name: str, text: str) -> StyledText:
    line = plain("")
    line.append(f"{name:<14}", "bold")
    line.append(clean(text))
    return line


def _path(metrics: "Metrics") -> list[StyledText]:
    units = [step.unit for step in metrics.critical_path]
    shown = [*units[:10], f"… {len(units) - 20} more …", *units[-10:]] if len(units) > 22 else units
    time = duration(sum(step.end - step.start + step.gap for step in metrics.critical_path))
    return [_label("Critical path", f"{' → '.join(shown)}  ({time})")]


def _waiting(metrics: "Metrics") -> list[StyledText]:
    told = [
        f"{duration(one.seconds)} for {CAUSES.get(one.cause, one.cause)}"
        for one in metrics.waiting
        if one.seconds >= 0.05
    ]
    return [_label("Waiting", ", ".join(told) or "nothing that was ready had to wait")]


def _clashes(metrics: "Metrics") -> list[StyledText]:
    found = [pair for pair in metrics.conflicts.pairs if pair.found]
    lines = [
        _label("", f"{pair.tasks[0]} and {pair.tasks[1]}{clash_place(pair)}")
        for pair in found[:_MOST_CLASHES]
    ]
    if len(found) > _MOST_CLASHES:
        lines.append(_label("", f"and {len(found) - _MOST_CLASHES} more"))
    return lines


def _foretold(metrics: "Metrics") -> list[StyledText]:
    """Compares predicted and found conflicts of pairs that ran in parallel."""
    lines = [
        f"{row.band} risk, {percent(row.least)} to {percent(row.most)}: {count_of(row.pairs, 'pair')} in "
        f"parallel, {row.expected:.1f} conflicts expected, {row.found} found"
        + (f", {row.by_check} failed the check" if row.by_check else "")
        for row in metrics.conflicts.foretold
    ]
    return [_label("Predicted" if number == 0 else "", line) for number, line in enumerate(lines)]


def _timeline(metrics: "Metrics") -> TextTable:
    """Returns a table with one bar for each unit, all its attempts in one line, in the order of starts."""
    total = max((bar.end for bar in metrics.bars), default=0.0) or 1.0
    table = TextTable(
        TextColumn("unit", most=10),
        TextColumn(f"0 to {duration(total)}", width=_CELLS),
        TextColumn("took", right=True),
        TextColumn("title", ratio=1),
        full=True,  # only the title shrinks; else the narrow columns would shrink, too
    )
    rows: dict[str, list[Bar]] = {}
    for bar in metrics.bars:
        rows.setdefault(bar.unit, []).append(bar)
    for unit, bars in list(rows.items())[:MOST_BARS]:
        took = duration(sum(bar.end - bar.start for bar in bars))
        style = "bold red" if bars[0].critical else ""
        title = plain(clean(bars[0].title), "" if bars[0].critical else "dim")
        table.add_row(plain(clean(unit), style), _bar(bars, total), plain(took), title)
    if len(rows) > MOST_BARS:
        table.add_row("", plain(f"… and {len(rows) - MOST_BARS} more", "dim"), "", "")
    return table


def _bar(bars: "list[Bar]", total: float) -> StyledText:
    line = plain("")
    for bar in bars:
        start = min(_CELLS - 1, int(_CELLS * bar.start / total))
        end = max(start + 1, min(_CELLS, round(_CELLS * bar.end / total)))
        line.append(" " * (start - len(line)))
        mark, style = _STYLES[kind_of(bar)]
        line.append(mark * (end - max(start, len(line))), style)
    return line
