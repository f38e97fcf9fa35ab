"""Runs one attempt from claim to result, the same on every engine.

The claim fences everything after it: once a newer attempt has begun, an older one cannot submit.
"""

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from gitcoord.git.git_cli import Oid
from gitcoord.git.remote_refs import SharedRefs
from gitcoord.git.repository import Repository
from gitcoord.settings import Settings
from gitcoord.state.store import Store
from gitcoord.state.task_history import PENDING
from gitcoord.worker.attempt.attempt_context import ReadyAttempt
from gitcoord.worker.attempt.claim import MOMENT, ClaimRefusal, claim_here
from gitcoord.worker.attempt.claimed_attempt import run_claimed
from gitcoord.worker.attempt.dead_worker import record_dead_worker
from gitcoord.worker.attempt.paths import attempt_directory, checkout_directory
from gitcoord.worker.attempt.preconditions import clear_what_is_done, look, without_attempt
from gitcoord.worker.attempt.prompt.task_description import describe
from gitcoord.worker.attempt.prompt.template import read_template
from gitcoord.worker.attempt.request import WorkerOrder
from gitcoord.worker.attempt.signals import StopSignal
from gitcoord.worker.attempt.worker_end import WorkerEnd, not_begun
from gitcoord.worker.task_context import task_context_for
from gitcoord.worker.transient_errors import try_for
from gitcoord.worker.unit import WorkUnit, find_unit


def run_attempt(
    repository: Repository,
    shared: SharedRefs,
    store: Store,
    settings: Settings,
    order: WorkerOrder,
    stop: StopSignal,
    *,
    dry_run: bool = False,
    clock: Callable[[], float] = time.time,
) -> WorkerEnd:
    """Claims the unit, runs the agent, submits the work, and records the result; `dry_run`: changes nothing.

    `clock` returns seconds since the epoch. Raises before the claim `no-plan`, `no-such-task`, `task-done`,
    `tasks-changed`, `has-subtasks`, `name-taken` or `bad-template` (exit 2), `diverged` (exit 1), and the
    errors of reading the repository; after it, an error only if the result cannot be recorded.
    """

    def stopped() -> bool:
        return stop.requested is not None

    try_for(MOMENT, store.refresh, given_up=stopped)
    plan = store.require_plan()
    unit = find_unit(plan, order.unit)
    task_context = task_context_for(repository, shared, store, plan, unit.task, settings)
    words = describe(task_context, unit, order)
    template = read_template(repository.root, settings.run.prompt)
    directory = checkout_directory(repository, plan.generation, unit.id, settings.run.worktrees)
    mine = (
        task_context.progress.get(unit.id, PENDING)
        if dry_run
        else record_dead_worker(task_context, unit, order)
    )
    begin = look(task_context, unit, order, directory, mine, fresh=settings.run.fresh)
    if isinstance(begin, WorkerEnd):
        if begin.code == 0 and not dry_run:
            clear_what_is_done(task_context, unit, directory, mine, keep=settings.run.keep_checkout)
        return begin
    how, start = begin
    preview = _would_begin(repository, unit, start, directory) if dry_run else ""
    instead = without_attempt(task_context, unit, order, mine, stop, clock, preview)
    if instead is not None:
        return instead
    attempt = order.attempt or (mine.attempt.number if mine.attempt else 0) + 1
    place = attempt_directory(repository.common_dir, plan.generation, unit.id, attempt)
    numbered = msgspec.structs.replace(order, attempt=attempt)
    held = claim_here(task_context, unit, numbered, start, place, given_up=stopped)
    if isinstance(held, ClaimRefusal):
        return not_begun(unit, order, held.reason, held.code)
    ready = ReadyAttempt(
        task_context=task_context,
        unit=unit,
        order=order,
        described=words,
        template=template,
        settings=settings,
        how=how,
        start=start,
        directory=directory,
        place=place,
    )
    return run_claimed(ready, held, stop, clock)


def _would_begin(repository: Repository, unit: WorkUnit, start: Oid, directory: Path) -> str:
    begin = "continued" if repository.resolve(f"refs/heads/{unit.branch}") else "made"
    return f"{unit.branch} would be {begin} at {start[:12]}, in {directory}"
