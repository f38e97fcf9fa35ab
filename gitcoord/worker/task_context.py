"""The values of a worker's two commands, `checkout` and `submit`."""

import msgspec

from gitcoord.errors import usage_error
from gitcoord.evidence.snapshot import Snapshot, read_snapshot
from gitcoord.git.git_cli import Oid
from gitcoord.git.remote_refs import HEADS, SharedRefs
from gitcoord.git.repository import Repository
from gitcoord.git.stacks import Stacks
from gitcoord.natural_order import natural_key
from gitcoord.planning.model import Plan, PlannedTask
from gitcoord.settings import Settings
from gitcoord.state.store import Store
from gitcoord.state.task_history import PENDING, Progress
from gitcoord.tasks.model import TaskId

_USUAL = Settings()


class TaskContext(Snapshot, frozen=True, kw_only=True):
    """The context of a worker's command: its task in the plan, and the snapshot that was just read."""

    repository: Repository
    shared: SharedRefs
    store: Store
    task: PlannedTask
    stacks: Stacks
    settings: Settings = Settings()

    @property
    def mine(self) -> Progress:
        """The task's progress according to the journal."""
        return self.progress.get(self.task.id, PENDING)

    @property
    def shared_tip(self) -> Oid | None:
        """The tip of the task's shared branch; None if there is none."""
        return self.tips.get(self.task.branch)

    @property
    def local_tip(self) -> Oid | None:
        """The tip of the task's branch in this clone, read again at each access; None if there is none."""
        return self.repository.resolve(HEADS + self.task.branch)


class Checkout(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a checkout: the branch is checked out at `commit` in `directory`.

    `created` is False for a branch that existed. `conflicts` has the paths that the worker has to resolve.
    """

    task: TaskId
    branch: str
    base: str
    commit: Oid
    directory: str
    created: bool
    conflicts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a submit. The shared branch is at `head`; `folded` is the commit in `folded_into`.

    `folded_into` is the level branch, for a subtask the parent's branch; None if the work was not folded.
    """

    task: TaskId
    branch: str
    head: Oid
    folded_into: str | None = None
    folded: Oid | None = None
    notes: tuple[str, ...] = ()


def load_task_context(
    repository: Repository,
    shared: SharedRefs,
    store: Store,
    task: str,
    settings: Settings = _USUAL,
    *,
    fetch: bool = True,
) -> TaskContext:
    """Makes the context of `task`; fetches first, unless `fetch` is False.

    Raises `no-plan`, `no-such-task`, `task-done` or `base-missing` (exit 2).
    """
    if fetch:
        store.refresh()
    plan = store.require_plan()
    return task_context_for(repository, shared, store, plan, find_task(plan, task), settings)


def task_context_for(
    repository: Repository,
    shared: SharedRefs,
    store: Store,
    plan: Plan,
    planned: PlannedTask,
    settings: Settings = _USUAL,
) -> TaskContext:
    """The context of a planned task, from the last fetch. Raises `base-missing` (exit 2)."""
    snapshot = read_snapshot(store, plan)
    return TaskContext(
        **msgspec.structs.asdict(snapshot),
        repository=repository,
        shared=shared,
        store=store,
        task=planned,
        stacks=snapshot.make_stacks(),
        settings=settings,
    )


def find_task(plan: Plan, task: str) -> PlannedTask:
    """The planned task with this id; raises `no-such-task` or `task-done` (exit 2)."""
    planned = plan.tasks.get(TaskId(task.strip()))
    if planned is not None:
        return planned
    if task in plan.satisfied:
        raise usage_error("task-done", f"Task {task} is already done according to the task list.")
    known = ", ".join(sorted(plan.tasks, key=natural_key)[:12]) + (" …" if len(plan.tasks) > 12 else "")
    raise usage_error(
        "no-such-task",
        f"The plan has no task {task!r}.",
        f"Its tasks: {known}. Run `gitcoord plan` again if the task list has changed.",
    )


def task_of_branch(plan: Plan, branch: str | None) -> TaskId | None:
    """The task that the branch belongs to; None if there is none."""
    return next((task for task, planned in plan.tasks.items() if planned.branch == branch), None)
