"""A worker at a time of the test's choosing: what `gitcoord worker` does, with another clock."""

import sys

from gitcoord.cli.context import open_context
from gitcoord.tasks.model import TaskId
from gitcoord.worker.attempt.request import WorkerOrder
from gitcoord.worker.attempt.signals import listening
from gitcoord.worker.attempt.work import work


def main(unit: str, attempt: str, agent: str, now: str) -> None:
    """Does `unit` while it is `now` (seconds since the epoch); its exit code is the worker's."""
    context = open_context()
    order = WorkerOrder(unit=TaskId(unit), attempt=int(attempt), agent=agent, now=True)
    with listening() as stop:
        done = work(
            context.repository,
            context.shared,
            context.store,
            context.settings,
            order,
            stop,
            clock=lambda: float(now),
        )
    if done.code:
        sys.exit(done.code)
