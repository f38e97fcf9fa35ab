"""Defers a task: words the reason why its branch cannot land, and records it."""

from gitcoord.event_stamp import now, worker_name
from gitcoord.events import TaskDeferred, TaskSubmitted, WavesSaved
from gitcoord.git.git_cli import Oid
from gitcoord.landing.conflicting_tasks import other_side
from gitcoord.landing.context import LandingContext
from gitcoord.landing.model import LandingSnapshot, TaskState
from gitcoord.landing.proof import CheckFailure
from gitcoord.landing.steps import Defer
from gitcoord.planning.later_wave import postponed
from gitcoord.planning.model import Plan
from gitcoord.state.store import Store
from gitcoord.state.task_history import Progress
from gitcoord.tasks.model import TaskId
from gitcoord.text_lists import some


def make_deferral(context: LandingContext, snapshot: LandingSnapshot, step: Defer) -> TaskDeferred:
    """Makes the event that defers a task, with the paths and the tasks on the other side. Records nothing."""
    work = snapshot.work(step.task)
    if step.failure is not None:
        return _check_failed(step, step.failure, work, snapshot.base)
    others = other_side(
        context.repository.git,
        head=work.head or "",
        paths=step.paths,
        heads={other.task: head for other in snapshot.works if (head := _present(other, step.task))},
    )
    return TaskDeferred(
        at=now(),
        by=worker_name(),
        task=work.task,
        head=work.head or "",
        reason=reason_of(step, others, context.plan),
        others=others,
        paths=step.paths,
        onto=step.onto,
        exclusive=step.exclusive,
    )


def _check_failed(step: Defer, failure: CheckFailure, work: TaskState, base: str) -> TaskDeferred:
    return TaskDeferred(
        at=now(),
        by=worker_name(),
        task=work.task,
        head=work.head or "",
        reason=failure_reason(work.task, failure, base),
        others=failure.others,
        onto=step.onto,
        check=failure.command.digest,
        tree=failure.tree,
        output=failure.output,
    )


def failure_reason(task: TaskId, failure: CheckFailure, base: str) -> str:
    """Describes the failed check of a task that merges: the tasks with which it fails, and the reason."""
    commits = [f"commit {commit[:12]} of {base}" for commit in failure.commits]
    others = [*(f"task {other}" for other in failure.others), *commits]
    if failure.alone:
        where = "by itself, without any other task"
    elif others:
        more = "" if failure.complete else " (and earlier work)"
        where = f"with {' and '.join(others)}{more}, although they merge"
    else:
        where = f"on {base}"
    return f"task {task} fails the check `{failure.command.text}` {where}: {failure.reason}"


def record_deferral(store: Store, event: TaskDeferred) -> None:
    """Records the deferral in the journal, and moves the task to the next wave if it is not alone in its own.

    Does neither if newer work was submitted or the same deferral is recorded. Leaves the waves as they are if
    the task is deferred because of the work that it is stacked on.
    """
    task = TaskId(event.task or "")
    known = (event.head, event.onto, event.stands_on)

    def is_settled(before: Progress) -> bool:
        # The deferral is not about work that was submitted since.
        newer = before.head is not None and before.head != event.head
        old = before.deferral
        told = old is not None and (old.head, old.onto, old.stands_on) == known
        # On the same base the check may also fail with other tasks, after the first ones were deferred.
        return newer or (told and (not event.check or _same_failure(event, old)))

    if store.record(event, unless=is_settled) and not event.stands_on:
        store.change_plan(lambda plan: postponed(plan, task), lambda plan: _waves_saved(plan, task))


def _same_failure(event: TaskDeferred, before: TaskDeferred | None) -> bool:
    return before is not None and (before.check, before.tree, before.others) == (
        event.check,
        event.tree,
        event.others,
    )


def take_again(context: LandingContext) -> tuple[TaskId, ...]:
    """Submits again the deferred tasks whose check has failed, so that landing checks them again.

    Returns these tasks.
    """
    progress = context.store.progress()
    known = {task: progress[task] for task in context.level.tasks if task in progress}
    failed = {task: told for task, told in known.items() if told.deferral is not None and told.deferral.check}
    events = [
        TaskSubmitted(
            at=now(),
            by=worker_name(),
            task=task,
            branch=told.branch,
            head=told.head or "",
            carries=dict(told.carries),
        )
        for task, told in failed.items()
    ]
    context.store.record_all([(event, lambda before: before.deferral is None) for event in events])
    return tuple(failed)


def retry_hint(id: str) -> str:
    """Returns the hint for work that no worker can merge."""
    return f"`gitcoord retry {id} --fresh` starts again"


def conflict_reason(
    task: TaskId, others: tuple[TaskId, ...], paths: tuple[str, ...], base: str, problem: str = ""
) -> str:
    """Names both sides of a conflict and the paths, or git's `problem` if it could not merge at all."""
    if problem and not paths:
        return f"task {task} cannot be merged with {base}: {problem}; {retry_hint(task)}"
    against = " and ".join(f"task {other}" for other in others) or base
    return f"task {task} conflicts with {against} in {some(paths)}"


def exclusive_reason(task: TaskId, others: tuple[TaskId, ...], paths: tuple[str, ...], base: str) -> str:
    """Says that another task changed exclusive paths before this one."""
    first = " and ".join(f"task {other}" for other in others) or base
    return f"task {task} cannot land yet: {first} changed exclusive paths first ({some(paths)})"


def reason_of(step: Defer, others: tuple[TaskId, ...], plan: Plan) -> str:
    """Returns the reason why a task is deferred."""
    base = plan.base
    if step.exclusive:
        return exclusive_reason(step.task, others, step.paths, base)
    if step.problem and not step.paths and plan.adopted:
        return f"task {step.task} cannot be merged with {base}: {step.problem}"
    return conflict_reason(step.task, others, step.paths, base, step.problem)


def _waves_saved(plan: Plan, task: TaskId) -> WavesSaved:
    level = plan.level_of(task)
    return WavesSaved(at=now(), by=worker_name(), level=level.name, waves=level.waves)


def _present(work: TaskState, task: TaskId) -> Oid | None:
    if work.task == task:
        return None
    if work.landing is not None:
        return work.landing.head
    return work.head if work.folded else None
