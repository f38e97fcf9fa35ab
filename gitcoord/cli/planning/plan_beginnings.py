"""The starting point of a new plan: the saved plan, nothing (--reset), or another task list (--new-list)."""

from collections.abc import Collection, Mapping

import msgspec

from gitcoord.errors import usage_error
from gitcoord.natural_order import natural_key
from gitcoord.planning.model import Plan
from gitcoord.state.known_tasks import begun_tasks, find_changes, tasks_changed
from gitcoord.state.store import Store
from gitcoord.state.task_history import PENDING, Progress
from gitcoord.tasks.model import TaskId, TaskList
from gitcoord.text_lists import named_tasks

_MOST_NAMED = 5


class AbandonedWork(msgspec.Struct, frozen=True, kw_only=True):
    """Discarded work: its branch stays, but no task continues from it."""

    task: TaskId
    title: str
    branch: str
    state: str

    def sentence(self) -> str:
        """Describes the discarded work in one line."""
        return f"task {self.task} ({self.title}), {self.state}, on {self.branch or 'no branch'}"


class PlanStart(msgspec.Struct, frozen=True, kw_only=True):
    """The starting point of a plan. `numbered`: it may get a higher generation if branch names are taken."""

    previous: Plan | None = None
    under_way: Collection[TaskId] = frozenset()
    generation: int = 1
    numbered: bool = False
    carried: tuple[TaskId, ...] = ()
    given_up: tuple[AbandonedWork, ...] = ()
    renamed: tuple[TaskId, ...] = ()


def go_on(store: Store, saved: Plan | None, listed: TaskList, *, same_tasks: bool) -> PlanStart:
    """Continues from the saved plan.

    Raises `other-plan` for another tag if tasks are in progress, unless `same_tasks`. Raises `tasks-changed`
    if the list has another task under the id of one in progress; `same_tasks` accepts changed texts.
    """
    progress, tips = store.progress(), store.shared.branches()
    under_way = store.under_way()
    other_tag = saved is not None and saved.tag != listed.tag
    at_work = under_way & saved.tasks.keys() if saved is not None else frozenset()
    if saved is not None and other_tag and at_work and not same_tasks:
        raise usage_error(
            "other-plan",
            f"The saved plan is for the tag {saved.tag}, and {_some(at_work)} in progress; "
            f"the task list was read for the tag {listed.tag}.",
            f"Use `--tag {saved.tag}` to continue it, or `--new-list` to start this tag with branches "
            "and a journal of its own. To run both at once, give this tag a `state-prefix`.",
        )
    changes = find_changes(listed, saved, progress, tips)
    if changes and not (same_tasks and all(change.moved_to is None for change in changes)):
        raise tasks_changed(changes, listed.source)
    return PlanStart(
        previous=None if other_tag and not under_way else saved,
        under_way=under_way,
        generation=store.generation,
        numbered=saved is None and not under_way,
        renamed=tuple(change.task for change in changes),
    )


def begin_list(store: Store, saved: Plan | None) -> PlanStart:
    """Starts the plan of another task list; discards the work on the old one that has not landed."""
    progress = store.progress()
    begun = begun_tasks(saved, progress, store.shared.branches())
    if not begun:
        return PlanStart(generation=store.generation, numbered=True)
    left = [task for task in begun if progress.get(task, PENDING).state != "landed"]
    return PlanStart(
        generation=max(*store.generations(), store.generation) + 1,
        numbered=True,
        given_up=_given(left, saved, progress),
    )


def start_afresh(store: Store, saved: Plan | None, listed: TaskList, *, force: bool) -> PlanStart:
    """Starts again with the same list: keeps landed work and discards the rest.

    Discarding work needs `force`, unless it was cancelled. If work is discarded, starts a new generation, so
    that the plan uses other branches. Raises `work-under-way` and `tasks-changed`.
    """
    progress = store.progress()
    landed = _landed(store, saved, progress)
    changes = find_changes(listed, saved, progress, store.shared.branches(), landed)
    if changes:
        raise tasks_changed(changes, listed.source)
    begun = begun_tasks(saved, progress, store.shared.branches())
    left = begun - landed
    open_work = {task for task in left if not _is_over(progress.get(task, PENDING))}
    if open_work and not force:
        raise usage_error(
            "work-under-way",
            f"The plan cannot be reset: {_some(open_work)} in progress.",
            "Plan without --reset to keep tasks in progress; `--reset --force` discards them "
            "(their branches stay). Add --dry-run to list them.",
        )
    generation = store.generation
    return PlanStart(
        under_way=landed,
        generation=max(*store.generations(), generation) + 1 if left else generation,
        numbered=bool(left) or not begun,
        carried=tuple(sorted(landed & progress.keys(), key=natural_key)) if left else (),
        given_up=_given(left, saved, progress),
    )


def _is_over(progress: Progress) -> bool:
    return progress.cancelled and not (progress.attempt is not None and progress.attempt.running)


def _landed(store: Store, saved: Plan | None, progress: Mapping[TaskId, Progress]) -> set[TaskId]:
    """Returns the landed tasks of the saved plan with their subtasks; without a plan, the journal's."""
    from gitcoord.evidence.snapshot import find_snapshot

    if saved is None:
        return {task for task, task_progress in progress.items() if task_progress.state == "landed"}
    snapshot = find_snapshot(store, saved)
    found = snapshot.landed if snapshot is not None else {}
    below = (part.id for task in found for part in saved.tasks[task].subtasks)
    return {*found, *below}


def _given(
    tasks: Collection[TaskId], saved: Plan | None, progress: Mapping[TaskId, Progress]
) -> tuple[AbandonedWork, ...]:
    titles = {task: identity.title for task, identity in saved.identities().items()} if saved else {}
    return tuple(
        AbandonedWork(
            task=task,
            title=told.identity.title if told.identity else titles.get(task, "no longer in the plan"),
            branch=_branch(told) or (saved.tasks[task].branch if saved and task in saved.tasks else ""),
            state="cancelled" if told.cancelled else "started" if told.state == "pending" else told.state,
        )
        for task in sorted(tasks, key=natural_key)
        for told in [progress.get(task, PENDING)]
    )


def _branch(progress: Progress) -> str:
    started = progress.attempt.started if progress.attempt is not None else None
    return progress.branch or (started.branch if started is not None else "")


def _some(tasks: Collection[TaskId]) -> str:
    ids = sorted(tasks, key=natural_key)
    return f"{named_tasks(ids, _MOST_NAMED)} {'is' if len(ids) == 1 else 'are'}"
