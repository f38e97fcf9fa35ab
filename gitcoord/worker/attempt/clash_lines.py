"""The file in which an agent reads about clashes of its task with other running tasks."""

from collections.abc import Iterable

from gitcoord.events import AnyEvent, TasksClash
from gitcoord.planning.model import Plan
from gitcoord.tasks.model import TaskId
from gitcoord.worker.unit import find_unit


def clash_lines(plan: Plan, events: Iterable[AnyEvent], unit: TaskId, begun: str) -> str:
    """Returns a line for each path in which the unit has clashed with another one since the time `begun`."""
    found: dict[str, None] = {}
    for event in events:
        if not isinstance(event, TasksClash) or event.at < begun or unit not in (event.task, event.other):
            continue
        other = find_unit(plan, event.other if event.task == unit else event.task or "")
        title = " ".join(other.title.split())
        found.update(
            {f"{path}: task {other.id} ({title}), on {other.branch}\n": None for path in event.paths}
        )
    return "".join(found)
