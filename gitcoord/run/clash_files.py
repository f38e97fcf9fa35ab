"""Writes the clashes of running agents to files in their checkouts."""

from gitcoord.events import TasksClash
from gitcoord.git.repository import Repository
from gitcoord.run.observe import RunView
from gitcoord.state.task_history import PENDING
from gitcoord.tasks.model import TaskId
from gitcoord.worker.attempt.clash_lines import clash_lines
from gitcoord.worker.attempt.exchange_files import CLASHES, leave
from gitcoord.worker.attempt.paths import checkout_directory


def leave_clashes(repository: Repository, view: RunView, new: TasksClash, worktrees: str) -> None:
    """For each unit of `new` that runs here, writes all its clashes since its attempt began."""
    for unit in (TaskId(new.task or ""), TaskId(new.other)):
        if unit in view.seen.running:
            directory = checkout_directory(repository, view.plan.generation, unit, worktrees)
            attempt = view.progress.get(unit, PENDING).attempt
            begun = attempt.started.at if attempt is not None and attempt.started is not None else ""
            leave(directory, CLASHES, clash_lines(view.plan, (*view.events, new), unit, begun))
