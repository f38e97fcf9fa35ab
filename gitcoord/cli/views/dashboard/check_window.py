"""Renders the checks below the dashboard: combinations that passed or run, and tasks that failed."""

from typing import TYPE_CHECKING

from gitcoord.cli.views.output import clean
from gitcoord.text_lists import some

if TYPE_CHECKING:
    from rich.text import Text

    from gitcoord.notices import ChecksRunning

_MOST = 6


def window_line(window: "ChecksRunning", width: int) -> "Text":
    """Returns one line. Names each combination by its last task: it contains all tasks before that one."""
    from rich.text import Text

    line = Text(no_wrap=True, overflow="ellipsis").append(f"checks on {clean(window.base)}", "dim")
    if window.passed:
        line.append(f"  ✓ {clean(some(window.passed, _MOST))}", "green")
    for tasks in window.running:
        name = f"up to {tasks[-1]}" if tasks else "the base"
        line.append(f"  ▶ {clean(name)} ({len(tasks)})" if tasks else f"  ▶ {name}", "bold cyan")
    if window.out:
        line.append(f"  ✗ {clean(some(window.out, _MOST))}", "bold red")
    line.truncate(width, overflow="ellipsis")
    return line
