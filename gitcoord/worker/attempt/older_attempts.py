"""Ends processes that earlier attempts at a unit left on this machine."""

from gitcoord.engines.engine import key_of, mark_of
from gitcoord.engines.processes import end, marked
from gitcoord.worker.attempt.attempt_context import AttemptContext
from gitcoord.worker.attempt.command_result import processes
from gitcoord.worker.attempt.paths import run_directory
from gitcoord.worker.attempt.pid_file import worker_at


def end_older(context: AttemptContext) -> None:
    """Ends all processes that older attempts at the unit left on this machine, including stopped ones."""
    run = run_directory(context.task_context.repository.common_dir, context.task_context.plan.generation)
    older = {key_of(context.unit.id, known.number) for known in context.before.attempts} - {context.key}
    if not older:
        return
    for key in older:
        process = worker_at(run / key)
        if process is not None:
            process.kill()
    marks = {mark_of(run, key) for key in older}
    if count := end(lambda: marked(marks.__contains__), context.order.grace):
        context.log.say(f"ended {processes(count)} of earlier attempts")
