"""Renders a plan: levels and waves, the critical path, a comparison of schedules."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gitcoord.cli.views.output import RISK_STYLES, clean, count_of, percent, plain
from gitcoord.cli.views.styled_text import Shown, StyledText, TextColumn, TextTable

if TYPE_CHECKING:
    from gitcoord.planning.model import Plan, PlannedLevel, PlannedTask, Schedule
    from gitcoord.tasks.model import TaskId

MOST_LEVELS = 60
MOST_WAVES = 12
MOST_TASKS = 10
MOST_RISKS = 5
MOST_SHOWN_IDS = 24
_CRITICAL = "◆"
_EFFICIENCY = (
    "Efficiency: the speed-up divided by the number of workers, and by the largest number of units at once."
)


def plan_view(plan: "Plan") -> list[Shown]:
    """Returns the complete plan for a terminal of 80 columns or more."""
    parts: list[Shown] = [_headline(plan)]
    for level in plan.levels[:MOST_LEVELS]:
        parts += [_level_line(plan, level), _level_table(plan, level)]
    if len(plan.levels) > MOST_LEVELS:
        parts.append(_dim(f"… and {count_of(len(plan.levels) - MOST_LEVELS, 'more level')}"))
    if plan.tasks:
        parts += [plain(""), _critical_path(plan), *_opportunities(plan), *_risks(plan)]
        parts += [plain(""), _schedules(plan)]
        parts.append(_dim(_EFFICIENCY))
    parts.append(_dim(plan.estimates_from))
    return parts


def minutes(value: float) -> str:
    """Formats minutes: `95` as `1 h 35 min`."""
    whole = round(value)
    hours, rest = divmod(whole, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours:,} h {rest:02} min" if rest else f"{hours:,} h"


def _headline(plan: "Plan") -> StyledText:
    said = f"{count_of(len(plan.tasks), 'task')} in {count_of(len(plan.levels), 'level')}"
    line = plain(said, "bold")
    line.append(f"  tag {clean(plan.tag)} onto {clean(plan.base)}, {plan.strategy}, ", "dim")
    line.append(f"at most {plan.max_parallel} at once", "dim")
    if plan.satisfied:
        line.append(f", {len(plan.satisfied):,} done", "dim")
    return line


def _level_line(plan: "Plan", level: "PlannedLevel") -> StyledText:
    line = plain(f"\n{level.name}", "bold cyan")
    waves = f" in {count_of(len(level.waves), 'wave')}" if len(level.waves) > 1 else ""
    line.append(f"  {count_of(len(level.tasks), 'task')}{waves}", "dim")
    if plan.strategy == "single-pr":
        line.append(f"  {clean(level.branch)}", "dim")
    return line


def _level_table(plan: "Plan", level: "PlannedLevel") -> TextTable:
    several = any(task.repositories for task in plan.tasks.values())
    table = TextTable(
        TextColumn("wave", right=True, width=4),
        TextColumn("", width=1),
        TextColumn("task", most=14),
        TextColumn("title", ratio=1),
        *([TextColumn("repository", most=14)] if several else []),
        TextColumn("needs", most=14),
        TextColumn("takes", right=True),
        TextColumn("slack", right=True),
        *([] if plan.token_budget is None else [TextColumn("tokens", right=True)]),
        full=True,
    )
    for number, wave in list(enumerate(level.waves, start=1))[:MOST_WAVES]:
        for place, task in enumerate(wave[:MOST_TASKS]):
            table.add_row(*_row(plan, plan.tasks[task], number if place == 0 else None, several=several))
            if sum(map(len, plan.tasks[task].subtask_waves)) > 1:
                table.add_row("", "", "", _dim(_subtasks(plan.tasks[task])))
        if len(wave) > MOST_TASKS:
            table.add_row("", "", "", _dim(f"… and {len(wave) - MOST_TASKS:,} more"))
    hidden = level.waves[MOST_WAVES:]
    if hidden:
        tasks = count_of(sum(map(len, hidden)), "task")
        table.add_row("", "", "", _dim(f"… and {count_of(len(hidden), 'more wave')} with {tasks}"))
    return table


def _row(plan: "Plan", task: "PlannedTask", wave: int | None, *, several: bool) -> list[StyledText]:
    style = "bold red" if task.critical else ""
    needs = ", ".join(clean(need) for need in task.depends_on if need in plan.tasks)
    row = [
        _dim("" if wave is None else str(wave)),
        plain(_CRITICAL if task.critical else "", style),
        plain(clean(task.id), style),
        plain(clean(task.title)),
        *([_dim(clean(", ".join(task.repositories)))] if several else []),
        _dim(needs),
        plain(minutes(task.duration or task.estimate)),
        plain("" if task.critical else minutes(task.slack), "green"),
    ]
    if plan.token_budget is not None:
        row.append(plain(f"{task.tokens or 0:,}"))
    return row


def _subtasks(task: "PlannedTask") -> str:
    waves = (
        " + ".join(clean(subtask.removeprefix(f"{task.id}.")) for subtask in wave)
        for wave in task.subtask_waves
    )
    work = f"  {minutes(task.estimate)} of work" if task.estimate > task.duration > 0 else ""
    return f"subtasks {' → '.join(waves)}{work}"


def _critical_path(plan: "Plan") -> StyledText:
    line = plain(f"{_CRITICAL} Critical path  ", "bold red")
    line.append(_shortened(plan.critical_path, " → "))
    line.append(f"  ({minutes(plan.critical_minutes)})", "dim")
    return line


def _opportunities(plan: "Plan") -> list[StyledText]:
    lines = []
    for chance in plan.opportunities[:MOST_TASKS]:
        line = plain("  Ready together ", "bold")
        line.append(f" {_shortened(chance.tasks, ', ')}")
        after = f"after {_shortened(chance.depends_on, ', ')}" if chance.depends_on else "at once"
        line.append(f"  {after}", "dim")
        if chance.saves:
            line.append(f"  saves {minutes(chance.saves)}", "green")
        lines.append(line)
    if len(plan.opportunities) > MOST_TASKS:
        lines.append(_dim(f"  … and {len(plan.opportunities) - MOST_TASKS:,} more such sets"))
    return lines


def _risks(plan: "Plan") -> list[StyledText]:
    """Returns the pairs that will probably conflict, with files, and whether they run at the same time."""
    shown = [pair for pair in plan.risks.pairs if pair.band != "low" and not pair.asserted]
    shown = [pair for pair in shown if set(pair.tasks) <= plan.tasks.keys()]
    lines = []
    for pair in shown[:MOST_RISKS]:
        one, other = pair.tasks
        line = plain(f"  {pair.band:>6} risk ", RISK_STYLES[pair.band])
        line.append(f" {clean(one)} and {clean(other)}, {percent(pair.conflict)}")
        if pair.files:
            line.append(f": {', '.join(clean(file.path) for file in pair.files[:2])}", "dim")
        together = _together(plan, one, other)
        line.append("  together" if together else "  kept apart", "yellow" if together else "green")
        lines.append(line)
    if len(shown) > MOST_RISKS:
        lines.append(_dim(f"  … and {count_of(len(shown) - MOST_RISKS, 'more such pair')}"))
    if lines:
        learned = f"Likely to conflict, learned from {count_of(plan.risks.changes, 'change')}"
        if plan.risks.own_pairs:
            learned += f" and {count_of(plan.risks.own_pairs, 'pair')} of tasks that ran here"
        lines.insert(0, plain(learned, "bold"))
    return lines


def _together(plan: "Plan", one: "TaskId", other: "TaskId") -> bool:
    """Whether, according to the estimates, both tasks would run at the same time."""
    starts = plan.schedules.no_barrier.starts
    first, second = sorted((one, other), key=lambda task: starts.get(task, 0.0))
    end = starts.get(first, 0.0) + max(plan.tasks[first].duration, plan.tasks[first].estimate)
    return starts.get(second, 0.0) < end


def _schedules(plan: "Plan") -> TextTable:
    figures = ("takes", "saves", "speed-up", "efficiency", "of units at once")
    table = TextTable(TextColumn("schedule"), *(TextColumn(name, right=True) for name in figures))
    slowest = plan.schedules.sequential.duration
    for name, schedule in (
        ("one at a time", plan.schedules.sequential),
        ("level by level", plan.schedules.level_barrier),
        ("as work lands", plan.schedules.no_barrier),
        ("pipelined", plan.schedules.pipeline),
    ):
        table.add_row(*_schedule_row(name, schedule, slowest))
    return table


def _schedule_row(name: str, schedule: "Schedule", slowest: float) -> list[StyledText]:
    saved = slowest - schedule.duration
    return [
        plain(name),
        plain(minutes(schedule.duration), "bold"),
        plain(minutes(saved) if saved else "", "green"),
        plain(f"{schedule.speedup:.2f}×"),
        plain(f"{schedule.efficiency:.0%}"),
        plain(f"{schedule.parallel_efficiency:.0%} of {schedule.most}"),
    ]


def _shortened(ids: Sequence[str], between: str) -> str:
    shown = [clean(id) for id in ids]
    if len(shown) > MOST_SHOWN_IDS:
        half = MOST_SHOWN_IDS // 2
        shown = [*shown[:half], f"… {len(shown) - 2 * half:,} more …", *shown[-half:]]
    return between.join(shown)


def _dim(text: str) -> StyledText:
    return plain(text, "dim")
