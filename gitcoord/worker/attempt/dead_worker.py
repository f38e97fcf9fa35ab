"""Records the end of an attempt whose worker died on this machine."""

from gitcoord.event_stamp import now, worker_name
from gitcoord.events import AttemptEnded
from gitcoord.state.log_ends import write_log_end
from gitcoord.state.task_history import PENDING, Progress
from gitcoord.worker.attempt.outside import MOST_OUTSIDE, outside_of_dead
from gitcoord.worker.attempt.paths import attempt_directory
from gitcoord.worker.attempt.pid_file import died_here
from gitcoord.worker.attempt.preconditions import why_done
from gitcoord.worker.attempt.request import WorkerOrder
from gitcoord.worker.leases import superseded
from gitcoord.worker.task_context import TaskContext
from gitcoord.worker.unit import WorkUnit


def record_dead_worker(task_context: TaskContext, unit: WorkUnit, order: WorkerOrder) -> Progress:
    """Records the end of the unit's newest attempt if its worker died here; returns the unit's progress.

    Records nothing if the order has an attempt number: a run gives numbers, and records ends itself.
    """
    mine = task_context.progress.get(unit.id, PENDING)
    newest = mine.attempt
    if order.attempt is not None or newest is None or not newest.running:
        return mine
    place = attempt_directory(
        task_context.repository.common_dir, task_context.plan.generation, unit.id, newest.number
    )
    if not died_here(place):
        return mine
    outside = outside_of_dead(task_context.repository, task_context.plan, place)
    done = bool(why_done(task_context, unit, mine))
    event = AttemptEnded(
        at=now(),
        by=worker_name(),
        task=unit.id,
        attempt=newest.number,
        outcome="ok" if done else "lost",
        reason="its worker ended before it recorded the result" if done else "its worker is gone",
        head=mine.head or "" if done else "",
        outside=outside[:MOST_OUTSIDE],
        outside_count=len(outside),
    )
    end = write_log_end(task_context.store, event, place / "log", task_context.settings.run.keep_log_ends)
    task_context.store.record(event, unless=superseded(newest.number), extra=end)
    return task_context.store.progress().get(unit.id, PENDING)
