"""Finds the level that a command names."""

from collections.abc import Collection

from gitcoord.errors import usage_error
from gitcoord.planning.model import Plan, PlannedLevel
from gitcoord.tasks.model import TaskId


def find_level(plan: Plan, requested: str | None, landed: Collection[TaskId]) -> PlannedLevel:
    """Returns the level named `requested` (`level-0` or `0`), or the first with a task that has not landed.

    If everything has landed, returns the last one. Raises `no-such-level` (exit 2) with the levels' names.
    """
    if requested is None:
        open_levels = [level for level in plan.levels if any(task not in landed for task in level.tasks)]
        if not plan.levels:
            raise usage_error("no-such-level", "The plan has no levels: every task is done.", "")
        return (open_levels or [plan.levels[-1]])[0]
    wanted = requested.strip()
    for level in plan.levels:
        if wanted in (level.name, str(level.number)):
            return level
    known = ", ".join(level.name for level in plan.levels[:10]) or "none"
    raise usage_error("no-such-level", f"The plan has no level {requested!r}.", f"Its levels: {known}.")
