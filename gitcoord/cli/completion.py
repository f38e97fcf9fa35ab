"""What the shell offers on Tab: the plan's tasks and levels, as of the last look at the shared refs."""

from gitcoord.errors import GitcoordError


def complete_task(incomplete: str) -> list[str]:
    """The ids of the saved plan's tasks that begin so."""
    return [name for name in _names()[0] if name.startswith(incomplete)]


def complete_unit(incomplete: str) -> list[str]:
    """The same, and the ids of their subtasks."""
    return [name for name in _names()[2] if name.startswith(incomplete)]


def complete_level(incomplete: str) -> list[str]:
    """The names of the saved plan's levels that begin so."""
    return [name for name in _names()[1] if name.startswith(incomplete)]


def complete_kind(incomplete: str) -> list[str]:
    """The kinds of task lists that begin so."""
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
