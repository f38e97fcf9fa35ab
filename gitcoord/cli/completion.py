"""Completion in the shell: the plan's tasks and levels, from the last fetch."""

from gitcoord.errors import GitcoordError


def complete_task(incomplete: str) -> list[str]:
    """Returns the ids of the saved plan's tasks that start with `incomplete`."""
    return [name for name in _names()[0] if name.startswith(incomplete)]


def complete_unit(incomplete: str) -> list[str]:
    """Returns the ids of tasks and subtasks that start with `incomplete`."""
    return [name for name in _names()[2] if name.startswith(incomplete)]


def complete_level(incomplete: str) -> list[str]:
    """Returns the names of the saved plan's levels that start with `incomplete`."""
    return [name for name in _names()[1] if name.startswith(incomplete)]


def complete_kind(incomplete: str) -> list[str]:
    """Returns the kinds of task lists that start with `incomplete`."""
    from gitcoord.tasks.sources.kinds import KINDS

    return [kind for kind in KINDS if kind.startswith(incomplete)]


def _names() -> tuple[list[str], list[str], list[str]]:
    from gitcoord.cli.context import open_context

    try:
        plan = open_context(reads=True).store.plan()  # no fetch: Tab must not wait for the network
    except GitcoordError:
        plan = None
    if plan is None:
        return [], [], []
    units = [name for task in plan.tasks.values() for name in (task.id, *(part.id for part in task.subtasks))]
    return list(plan.tasks), [level.name for level in plan.levels], list(units)
