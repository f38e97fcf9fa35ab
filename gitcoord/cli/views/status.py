"""Renders the status for a terminal of 80 columns or more."""

from collections import Counter
from typing import TYPE_CHECKING

from gitcoord.cli.views.output import clean, plain
from gitcoord.cli.views.styled_text import Shown, StyledText, TextColumn, TextTable
from gitcoord.cli.views.times import QUIET, ago, duration

if TYPE_CHECKING:
    from gitcoord.cli.status.status_document import LevelStatus, StatusDocument, TaskStatus

MOST_LEVELS = 60
MOST_ROWS = 40
_BAR = 30
_LATE = 0.4
"""The share of a lease after which at least one heartbeat is missing."""
MARKS: "dict[str, tuple[str, str]]" = {
    "pending": ("·", "dim"),
    "started": (">", "cyan"),
    "submitted": ("^", "blue"),
    "open-pull": ("^", "magenta"),
    "deferred": ("!", "bold red"),
    "landed": ("+", "green"),
    "rolled-back": ("<", "bold red"),
    "failed": ("x", "bold red"),
    "cancelled": ("-", "magenta"),
    "blocked": ("/", "red"),
    "stopped": ("|", "yellow"),
    "rework": (">", "cyan"),
}


def status_view(status: "StatusDocument") -> list[Shown]:
    """Returns the complete status; a landed level takes one line."""
    parts: list[Shown] = [_headline(status), _bar(status)]
    if status.closed:
        parts.append(plain(f"! {clean(status.closed)}; `gitcoord resume` clears it", "yellow"))
    for level in status.levels[:MOST_LEVELS]:
        parts.append(_level_line(status, level))
        if not level.landed:
            parts += [_level_table(status, level), *_reasons(status, level)]
    if len(status.levels) > MOST_LEVELS:
        parts.append(plain(f"… and {len(status.levels) - MOST_LEVELS} more levels", "dim"))
    return parts


def _headline(status: "StatusDocument") -> StyledText:
    line = plain("").append(f"{status.progress.landed} of {status.progress.tasks} tasks landed", "bold")
    line.append(f" on {clean(status.base)}", "bold")
    line.append(f"  {status.strategy}, tag {clean(status.tag)}", "dim")
    return line


def _bar(status: "StatusDocument") -> StyledText:
    done = status.progress
    filled = _BAR * done.landed // done.tasks if done.tasks else _BAR
    line = plain("").append("█" * filled, "green")
    line.append("░" * (_BAR - filled), "dim")
    line.append(f" {done.percent} %")
    counts = Counter(map(_shown, status.tasks.values()))
    others = [
        f"{counts[state]} {state_word(state)}" for state in MARKS if state != "landed" and counts[state]
    ]
    line.append(f"  {', '.join(others)}", "dim")
    return line


def _level_line(status: "StatusDocument", level: "LevelStatus") -> StyledText:
    landed = sum(status.tasks[task].state == "landed" for task in level.tasks)
    line = plain("").append(f"\n{level.name}", "bold cyan")
    if level.landed:
        line.append("  + landed", "green")
        line.append(f"  {_shortened(level.tasks)}", "dim")
    else:
        line.append(f"  {landed} of {len(level.tasks)} landed", "dim")
        if len(level.waves) > 1:
            line.append(f", {len(level.waves)} waves", "dim")
        if status.strategy == "single-pr":
            line.append(f"  {clean(level.branch)}", "dim")
    return line


def _level_table(status: "StatusDocument", level: "LevelStatus") -> TextTable:
    table = TextTable(
        TextColumn("wave", right=True, width=4),
        TextColumn("", width=1),
        TextColumn("task", most=12),
        TextColumn("title", ratio=1),
        TextColumn("state"),
        TextColumn("by", most=16),
        TextColumn("since", most=12, right=True),
        full=True,
    )
    rows = [
        (number if place == 0 else None, task)
        for number, wave in enumerate(level.waves, start=1)
        for place, task in enumerate(wave)
    ]
    for number, task in rows[:MOST_ROWS]:
        told = status.tasks[task]
        table.add_row(*_row(number, task, told))
    if len(rows) > MOST_ROWS:
        table.add_row("", "", "", plain(f"… and {len(rows) - MOST_ROWS} more", "dim"))
    return table


def _row(wave: int | None, task: str, status: "TaskStatus") -> list[StyledText]:
    shown = _shown(status)
    mark, style = MARKS[shown]
    pull = f" #{status.pull}" if status.pull is not None and status.state in ("open-pull", "landed") else ""
    return [
        plain("" if wave is None else str(wave), "dim"),
        plain(mark, style),
        plain(clean(task)),
        plain(clean(status.title)),
        plain(state_word(shown) + pull, style),
        plain(clean(status.by or ""), "dim"),
        plain(clean(ago(status.since)) if status.since else "", "dim"),
    ]


def _reasons(status: "StatusDocument", level: "LevelStatus") -> list[StyledText]:
    """Returns lines for the tasks of the level that cannot continue, print nothing, or lack heartbeats."""
    told = [(task, status.tasks[task]) for wave in level.waves for task in wave]
    lines = [
        plain(f"      ! {clean(unit)}: {clean(reason)}", "red")
        for task, one in told
        for unit, reason in (
            *([(task, one.deferred.reason)] if one.deferred else []),
            *([(task, one.held)] if one.held else []),
            *(
                (trouble.unit, f"{trouble.state}: {trouble.reason}".removesuffix(": "))
                for trouble in one.troubles
            ),
        )
        if reason
    ]
    lines += [
        plain(f"      {clean(unit)}: last output {duration(quiet)} ago", "yellow")
        for _, one in told
        for unit, quiet in one.quiet.items()
        if quiet >= QUIET
    ]
    lines += [
        plain(
            f"      {clean(unit)}: last heartbeat {duration(one.age)} ago; after {duration(one.lease)} "
            f"without one, attempt {one.attempt} counts as lost",
            "yellow",
        )
        for _, one_task in told
        for unit, one in one_task.leases.items()
        if one.lease and one.age > one.lease * _LATE
    ]
    hidden = len(lines) - MOST_ROWS
    return lines if hidden <= 0 else [*lines[:MOST_ROWS], plain(f"      … and {hidden} more", "dim")]


def _shown(status: "TaskStatus") -> str:
    """Returns the state to show: the task's, or a more precise one from the state of its units.

    `stopped`: the task was started, and has no running worker.
    """
    if status.state in ("deferred", "rolled-back") and status.work == "running":
        return "rework"
    if status.state not in ("pending", "started") or status.work is None:
        return status.state
    if status.work in ("failed", "cancelled", "blocked", "deferred"):
        return status.work
    return "stopped" if status.state == "started" and status.work != "running" else status.state


def state_word(state: str) -> str:
    """Returns the word that people read for a state."""
    return {
        "open-pull": "in pull",
        "rolled-back": "rolled back",
        "stopped": "interrupted",
        "rework": "in rework",
    }.get(state, state)


def _shortened(tasks: "tuple[str, ...]", most: int = 12) -> str:
    more = f" … and {len(tasks) - most} more" if len(tasks) > most else ""
    return ", ".join(clean(task) for task in tasks[:most]) + more
