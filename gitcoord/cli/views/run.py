"""Renders a run before it starts and after it has ended."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gitcoord.cli.views.output import clean, count_of, plain
from gitcoord.cli.views.plan import minutes
from gitcoord.cli.views.styled_text import Shown, StyledText, TextColumn, TextTable
from gitcoord.text_lists import some

if TYPE_CHECKING:
    from gitcoord.progress.outside_changes import OutsideSeen
    from gitcoord.run.run_preview import Approval
    from gitcoord.run.run_report import RunEnd, UnitReport

_MOST_SETS = 12
_MOST_CLASHES = 8
_MOST_NAMES = 10
_MOST_REPORTS = 20
_MOST_OUTSIDE = 12
# The JSON document keeps the older word for this state.
_WORDS = {"handed-in": "submitted"}


def approval_view(preview: "Approval", *, overlap: str, check: str = "") -> list[Shown]:
    """Returns the preview of a run for approval, for a terminal of 80 columns or more.

    `check`: the command that a tree must pass before it lands; empty if there is none.
    """
    left = preview.units - preview.done
    if preview.idle:
        return [*_idle(preview, left), *_never(preview)]
    parts: list[Shown] = []
    head = plain(f"{count_of(left, 'unit')} of work in {count_of(preview.tasks, 'task')}", "bold")
    head.append(
        f" onto {clean(preview.base)}, {preview.strategy}, at most {preview.max_parallel} at once", "dim"
    )
    if preview.done:
        head.append(f", {preview.done} already done", "dim")
    parts.append(head)
    for number, units in enumerate(preview.together[:_MOST_SETS], start=1):
        word = "together" if len(units) > 1 else "alone   "
        parts.append(plain(f"  {number:>2}  {word}  {clean(some(units, _MOST_NAMES))}"))
    if len(preview.together) > _MOST_SETS:
        parts.append(plain(f"      … and {len(preview.together) - _MOST_SETS} more", "dim"))
    parts += _risks(preview, overlap)
    cost = plain(f"Takes about {minutes(preview.duration)}", "bold")
    if preview.sequential > preview.duration:
        saved = minutes(preview.sequential - preview.duration)
        cost.append(f" instead of {minutes(preview.sequential)} one after another: saves {saved}, ")
        cost.append(f"{preview.speedup:.2f} times as fast", "green")
        cost.append(f" ({preview.efficiency:.0%} of {count_of(preview.max_parallel, 'worker')} used, ")
        cost.append(f"{preview.parallel_efficiency:.0%} of the {preview.most} at once)")
    else:
        cost.append(": no tasks run in parallel")
    parts += [cost, plain(_starting(preview), "dim")]
    if preview.lands:
        only = f"only trees that pass `{clean(check)}`" if check else "what git merges cleanly, unchecked"
        parts.append(plain(f"The run lands {only}.", "dim"))
    if preview.tokens is not None:
        parts.append(plain(f"At most {preview.tokens:,} tokens for the tasks that run at once"))
    parts.append(plain(clean(preview.estimates_from), "dim"))
    return [*parts, *_never(preview)]


def _starting(approval: "Approval") -> str:
    """Returns a sentence on when tasks start, and on how long the run would take with the other rule."""
    if approval.pipeline:
        how = ", before they land (--speculate)" if approval.speculate else " (--pipeline)"
        text, other = f"A task starts when its dependencies are submitted{how}", "without it"
    else:
        text, other = "A task starts when its dependencies have landed", "with --pipeline"
    if approval.otherwise is None:
        return f"{text}."
    return f"{text}; {other}, the run takes about {minutes(approval.otherwise)}."


def _idle(approval: "Approval", left: int) -> Sequence[Shown]:
    if left:
        text = (
            f"Nothing can start: the remaining {left:,} of {count_of(approval.units, 'unit')} of work wait."
        )
    else:
        text = f"Nothing is left to run: the work of {count_of(approval.tasks, 'task')} is done."
        unlanded = approval.tasks - approval.landed
        if unlanded:
            way = "will land now" if approval.lands else "not landed yet"
            text += f" {count_of(unlanded, 'task')} {way}."
    return [plain(text, "bold")]


def _never(approval: "Approval") -> Iterator[Shown]:
    """Yields the units that are not in this run, by cause."""
    if not approval.never:
        return
    causes: dict[str, list[str]] = {}
    for unit, reason in approval.never.items():
        causes.setdefault(reason, []).append(unit)
    yield plain("Not in this run:", "yellow")
    for reason, units in list(causes.items())[:_MOST_SETS]:
        yield plain(f"  {clean(some(units, _MOST_NAMES))}: {clean(reason)}", "yellow")
    if len(causes) > _MOST_SETS:
        yield plain(f"  … and {len(causes) - _MOST_SETS} more causes; --json has them all", "yellow")
    if approval.given_up:
        yield plain(f"To retry them: `{_retry(approval.given_up)}`")


def _retry(units: Sequence[str]) -> str:
    few = len(units) <= _MOST_NAMES
    return clean(f"gitcoord retry {' '.join(units) if few else '--all'}")


def _risks(approval: "Approval", overlap: str) -> list[Shown]:
    lines: list[Shown] = []
    how = "the later one waits" if overlap == "wait" else "both start anyway"
    for clash in approval.clashes[:_MOST_CLASHES]:
        why = "clashed before" if clash.seen else "declare the same paths"
        lines.append(
            plain(f"  !  {clean(clash.units[0])} and {clean(clash.units[1])} {why}: {how}", "yellow")
        )
    if len(approval.clashes) > _MOST_CLASHES:
        lines.append(plain(f"     … and {len(approval.clashes) - _MOST_CLASHES} more pairs", "yellow"))
    if approval.silent:
        verb = "declares" if approval.silent == 1 else "declare"
        text = f"{count_of(approval.silent, 'unit')} {verb} no files: a clash is found only while they run"
        lines.append(plain(f"  {text}", "dim"))
    return lines


def end_view(end: "RunEnd", *, landing: bool) -> list[Shown]:
    """Returns the result of a run: counts, then each unit that is not done, with the reason."""
    counts = []
    for state in ("landed", "handed-in", "done", "running", "failed", "blocked", "cancelled", "waiting"):
        number = len(end.of(state))
        if number:
            counts.append(f"{number} {_WORDS.get(state, state)}")
    parts: list[Shown] = [plain(", ".join(counts) or "nothing to do", "bold")]
    rest = end.of("failed", "blocked", "cancelled", "waiting", "running")
    rest += end.of("handed-in") if landing else ()
    if rest:
        columns = (TextColumn("unit"), TextColumn("state"), TextColumn("reason", folds=True))
        table = TextTable(*columns, headed=False)
        for report in rest[:_MOST_REPORTS]:
            table.add_row(clean(report.unit), _coloured(report), plain(clean(report.reason)))
        parts.append(table)
        if len(rest) > _MOST_REPORTS:
            parts.append(plain(f"… and {len(rest) - _MOST_REPORTS} more; --json has them all", "dim"))
    parts += [plain(line, "yellow") for line in outside_lines(end.outside, end.outside_more)]
    parts += [plain(line) for line in _ways_out(end, landing=landing)]
    return parts


def outside_lines(seen: "Sequence[OutsideSeen]", more: int) -> list[str]:
    """Returns a heading and a line for each change outside the agents' checkouts; nothing without changes."""
    if not seen:
        return []
    lines = [f"  {clean(one.sentence())}" for one in seen[:_MOST_OUTSIDE]]
    more += max(0, len(seen) - _MOST_OUTSIDE)
    lines += [f"  … and {more} more; `gitcoord report --json` lists them"] if more else []
    return ["Changed outside the agents' checkouts:", *lines]


def _coloured(report: "UnitReport") -> StyledText:
    style = {"failed": "bold red", "blocked": "red", "waiting": "yellow", "running": "cyan"}
    return plain(_WORDS.get(report.state, report.state), style.get(report.state, ""))


def _ways_out(end: "RunEnd", *, landing: bool) -> Sequence[str]:
    lines = []
    failed = end.of("failed")
    if failed:
        first = clean(failed[0].unit)
        again = _retry([report.unit for report in failed])
        lines.append(f"See `gitcoord logs {first}`, then `{again}` and run again.")
    handed_in = end.of("handed-in")
    if handed_in and not landing:
        lines.append("To land what is submitted: `gitcoord merge-level`, or run again with `--land`.")
    if end.stopped:
        lines.append("Stopped. To continue: gitcoord run")
    return lines
