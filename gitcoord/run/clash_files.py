"""Writes clashes that begin while agents run into files in their checkouts."""

from gitcoord.events import TasksClash
from gitcoord.git.repository import Repository
from gitcoord.run.observe import View
from gitcoord.state.task_history import PENDING
from gitcoord.tasks.model import TaskId
from gitcoord.worker.attempt.exchange_files import CLASHES, leave
from gitcoord.worker.attempt.paths import checkout_directory
from gitcoord.worker.unit import find_unit


def leave_clashes(repository: Repository, view: View, new: TasksClash, worktrees: str) -> None:
    """Writes all clashes since the attempts began for both sides of `new` that run on this machine."""
    for unit in (TaskId(new.task or ""), TaskId(new.other)):
        if unit in view.seen.running:
            directory = checkout_directory(repository, view.plan.generation, unit, worktrees)
            leave(directory, CLASHES, clash_lines(view, unit, new))


def clash_lines(view: View, unit: TaskId, new: TasksClash) -> str:
    """One line for each path in which the unit's work conflicts with another task's."""
    attempt = view.progress.get(unit, PENDING).attempt
    begun = attempt.started.at if attempt is not None and attempt.started is not None else ""
    found: dict[str, None] = {}
    for event in (*view.events, new):
        if not isinstance(event, TasksClash) or event.at < begun or unit not in (event.task, event.other):
            continue
        other = find_unit(view.plan, event.other if event.task == unit else event.task or "")
        title = " ".join(other.title.split())
        found.update(
            {f"{path}: task {other.id} ({title}), on {other.branch}\n": None for path in event.paths}
        )
    return "".join(found)
