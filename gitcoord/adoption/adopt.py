"""Makes adopted heads a level of a separate plan; its state is stored beside that of the task list."""

from collections.abc import Mapping

from gitcoord.adoption.model import Adoption, KnownHead
from gitcoord.git.remote_refs import SharedRefs
from gitcoord.planning.adopted import KnownTask, adopted_plan
from gitcoord.planning.model import Plan, PlannedLevel, Strategy
from gitcoord.state.store import Store
from gitcoord.state.task_history import Progress
from gitcoord.tasks.model import TaskId


def adopted_store(task_store: Store, base: str) -> Store:
    """Returns the store of the heads that were adopted onto `base`."""
    return Store(task_store.repository, task_store.shared, area=f"adopted/{base}/")


def adopted_bases(task_store: Store) -> list[str]:
    """Returns the bases onto which heads were adopted, sorted. The caller has fetched the shared refs."""
    prefix, plan = f"{task_store.prefix}adopted/", "/plan"
    refs = (ref.removeprefix(prefix) for ref in task_store.shared.list(prefix) if ref.endswith(plan))
    return sorted(name.removesuffix(plan) for name in refs)


def known_branches(store: Store) -> dict[str, KnownHead]:
    """Returns the branches that were adopted before, with their recorded landings and needs."""
    plan = store.plan()
    journal = _journal(store, plan)
    tasks = plan.tasks if plan is not None else {}
    needs = {
        one.branch: tuple(tasks[need].branch for need in one.depends_on if need in tasks)
        for one in tasks.values()
    }
    found = dict.fromkeys(needs, False)
    # A branch that was adopted again after it had landed has an id for each time.
    found |= {one.branch: one.landed for one in sorted(journal.values(), key=lambda one: not one.landed)}
    landings: dict[str, list[tuple[str, str]]] = {}
    for task, task_progress in store.progress().items():
        if task_progress.landing is not None:
            landing = (task_progress.landing.head, task_progress.landing.commit)
            landings.setdefault(journal[task].branch, []).append(landing)
    return {
        branch: KnownHead(landed=one, needs=needs.get(branch, ()), landings=tuple(landings.get(branch, ())))
        for branch, one in found.items()
    }


def draft_plan(
    store: Store, shared: SharedRefs, adoption: Adoption, strategy: Strategy
) -> tuple[Plan, PlannedLevel]:
    """Returns the plan with a level of the adopted heads; saves nothing."""
    return _with_heads(store, shared, adoption, strategy, store.plan())


def save_plan(
    store: Store, shared: SharedRefs, adoption: Adoption, strategy: Strategy
) -> tuple[Plan, PlannedLevel]:
    """Saves the plan with a level of the adopted heads. Raises `plan-moved`."""
    level: PlannedLevel | None = None

    def make(saved: Plan | None) -> Plan:
        nonlocal level
        plan, level = _with_heads(store, shared, adoption, strategy, saved)
        return plan

    plan = store.put_plan(make)
    assert level is not None  # noqa: S101 - `make` has run
    return plan, level


def _with_heads(
    store: Store, shared: SharedRefs, adoption: Adoption, strategy: Strategy, saved: Plan | None
) -> tuple[Plan, PlannedLevel]:
    return adopted_plan(
        saved,
        adoption.heads,
        base=adoption.base,
        strategy=strategy,
        journal=_journal(store, saved),
        branches=shared.branches().keys(),
    )


def _journal(store: Store, plan: Plan | None) -> Mapping[TaskId, KnownTask]:
    return {
        task: KnownTask(branch=_branch(plan, task, task_progress), landed=task_progress.landing is not None)
        for task, task_progress in store.progress().items()
    }


def _branch(plan: Plan | None, task: TaskId, task_progress: Progress) -> str:
    """The branch of an adopted head; its record has none if a person merged it before it was submitted."""
    if task_progress.branch or task_progress.landing is None:
        return task_progress.branch
    return (
        plan.tasks[task].branch if plan is not None and task in plan.tasks else task_progress.landing.branch
    )
