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


def approval_view(asked: "Approval", *, overlap: str) -> list[Shown]:
    """Returns the preview of a run for approval, for a terminal of 80 columns or more."""
    left = asked.units - asked.done
    if asked.idle:
        return [*_idle(asked, left), *_never(asked)]
    parts: list[Shown] = []
    head = plain(f"{count_of(left, 'unit')} of work in {count_of(asked.tasks, 'task')}", "bold")
    head.append(f" onto {clean(asked.base)}, {asked.strategy}, at most {asked.max_parallel} at once", "dim")
    if asked.done:
        head.append(f", {asked.done} already done", "dim")
    parts.append(head)
    for number, units in enumerate(asked.together[:_MOST_SETS], start=1):
        word = "together" if len(units) > 1 else "alone   "
        parts.append(plain(f"  {number:>2}  {word}  {clean(some(units, _MOST_NAMES))}"))
    if len(asked.together) > _MOST_SETS:
        parts.append(plain(f"      … and {len(asked.together) - _MOST_SETS} more", "dim"))
    parts += _risks(asked, overlap)
    cost = plain(f"Takes about {minutes(asked.duration)}", "bold")
    if asked.sequential > asked.duration:
        saved = minutes(asked.sequential - asked.duration)
        cost.append(f" instead of {minutes(asked.sequential)} one after another: saves {saved}, ")
        cost.append(f"{asked.speedup:.2f} times as fast", "green")
        cost.append(f" ({asked.efficiency:.0%} of {count_of(asked.max_parallel, 'worker')} used, ")
        cost.append(f"{asked.parallel_efficiency:.0%} of the {asked.most} at once)")
    else:
        cost.append(": no tasks run in parallel")
    parts += [cost, plain(_starting(asked), "dim")]
    if asked.tokens is not None:
        parts.append(plain(f"At most {asked.tokens:,} tokens for the tasks that run at once"))
    parts.append(plain(clean(asked.estimates_from), "dim"))
    return [*parts, *_never(asked)]


def _starting(asked: "Approval") -> str:
    """Says when work starts, and how long the run would take with the other rule."""
    if asked.pipeline:
        how = ", before they land (--speculate)" if asked.speculate else " (--pipeline)"
        text, other = f"A task starts when its dependencies are submitted{how}", "without it"
    else:
        text, other = "A task starts when its dependencies have landed", "with --pipeline"
    if asked.otherwise is None:
        return f"{text}."
    return f"{text}; {other}, the run takes about {minutes(asked.otherwise)}."


def _idle(asked: "Approval", left: int) -> Sequence[Shown]:
    if left:
        text = f"Nothing can start: the remaining {left:,} of {count_of(asked.units, 'unit')} of work wait."
    else:
        text = f"Nothing is left to run: the work of {count_of(asked.tasks, 'task')} is done."
        unlanded = asked.tasks - asked.landed
        if unlanded:
            way = "will land now" if asked.lands else "not landed yet"
            text += f" {count_of(unlanded, 'task')} {way}."
    return [plain(text, "bold")]


def _never(asked: "Approval") -> Iterator[Shown]:
    """Yields the units that are not in this run, by cause."""
    if not asked.never:
        return
    causes: dict[str, list[str]] = {}
    for unit, reason in asked.never.items():
        causes.setdefault(reason, []).append(unit)
    yield plain("Not in this run:", "yellow")
    for reason, units in list(causes.items())[:_MOST_SETS]:
        yield plain(f"  {clean(some(units, _MOST_NAMES))}: {clean(reason)}", "yellow")
    if len(causes) > _MOST_SETS:
        yield plain(f"  … and {len(causes) - _MOST_SETS} more causes; --json has them all", "yellow")
    if asked.given_up:
        yield plain(f"To retry them: `{_retry(asked.given_up)}`")


def _retry(units: Sequence[str]) -> str:
    few = len(units) <= _MOST_NAMES
    return clean(f"gitcoord retry {' '.join(units) if few else '--all'}")


def _risks(asked: "Approval", overlap: str) -> list[Shown]:
    lines: list[Shown] = []
    how = "the later one waits" if overlap == "wait" else "both start anyway"
    for clash in asked.clashes[:_MOST_CLASHES]:
        why = "clashed before" if clash.seen else "declare the same paths"
        lines.append(
            plain(f"  !  {clean(clash.units[0])} and {clean(clash.units[1])} {why}: {how}", "yellow")
        )
    if len(asked.clashes) > _MOST_CLASHES:
        lines.append(plain(f"     … and {len(asked.clashes) - _MOST_CLASHES} more pairs", "yellow"))
    if asked.silent:
        verb = "declares" if asked.silent == 1 else "declare"
        text = f"{count_of(asked.silent, 'unit')} {verb} no files: a clash is found only while they run"
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
    """Returns a line for each change outside the agents' checkouts."""
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
