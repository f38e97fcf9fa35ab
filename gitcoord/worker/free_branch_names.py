"""Checks before any work begins that no existing branch prevents the creation of one that the plan needs."""

from collections.abc import Collection, Iterator, Mapping
from itertools import islice

from gitcoord.errors import Exit
from gitcoord.git.remote_refs import HEADS, SharedRefs
from gitcoord.landing.level_branch_names import round_names
from gitcoord.planning.model import Plan
from gitcoord.state.saved_plan import own_prefix
from gitcoord.state.task_history import PENDING, Progress
from gitcoord.tasks.model import TaskId
from gitcoord.worker.unit import subtask_branch

_ROUNDS = 3


def require_free_names(
    shared: SharedRefs,
    plan: Plan,
    progress: Mapping[TaskId, Progress],
    tasks: Collection[TaskId] | None = None,
) -> None:
    """Raises `name-taken` (exit 2) if a branch or record of one of the `tasks` (None: all) cannot be created.

    Looks at the shared refs as of the last refresh; if there is a remote, also at this clone's branches, read
    now. Ignores landed tasks.
    """
    wanted = [task for task in plan.tasks if tasks is None or task in tasks]
    open_tasks = [task for task in wanted if progress.get(task, PENDING).landing is None]
    own = [HEADS + name for task in open_tasks for name in _own_names(plan, task)]
    prefix = own_prefix(shared.state_prefix, plan.generation)
    require_free(shared, own, [*_level_refs(plan, open_tasks), *_state_refs(prefix, open_tasks)])


def require_free(shared: SharedRefs, own: Collection[str], others: Collection[str] = ()) -> None:
    """Raises `name-taken` (exit 2) if one of these refs cannot be created; also tests `own` in this clone."""
    for remote, clashes in (
        (shared.remote, shared.clashes([*own, *others])),
        (None, shared.clashes_here(own)),
    ):
        if clashes:
            from gitcoord.git.remote_errors import name_taken

            other = next(iter(clashes.values()))
            blocked = [ref for ref, one in clashes.items() if one == other]
            raise name_taken(remote, blocked, other, exit=Exit.USAGE)


def _own_names(plan: Plan, task: TaskId) -> Iterator[str]:
    planned = plan.tasks[task]
    yield planned.branch
    for part in planned.subtasks:
        yield subtask_branch(planned.branch, task, part.id)


def _level_refs(plan: Plan, tasks: Collection[TaskId]) -> Iterator[str]:
    if plan.strategy == "single-pr":
        some = set(tasks)
        for level in plan.levels:
            if not some.isdisjoint(level.tasks):
                yield from (HEADS + name for name in islice(round_names(level), _ROUNDS))


def _state_refs(prefix: str, tasks: Collection[TaskId]) -> Iterator[str]:
    yield from (f"{prefix}{name}" for name in ("plan", "run", "life"))
    yield from (f"{prefix}tasks/{task}" for task in tasks)
