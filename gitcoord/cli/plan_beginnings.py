"""The ways in which a plan begins: on top of the saved one, afresh, or as that of another task list."""

from collections.abc import Collection, Mapping

import msgspec

from gitcoord.errors import usage_error
from gitcoord.planning.arrange_waves import natural_key
from gitcoord.planning.model import Plan
from gitcoord.state.known_tasks import begun_tasks, find_changes, tasks_changed
from gitcoord.state.store import Store
from gitcoord.state.task_history import PENDING, Progress
from gitcoord.tasks.model import TaskId, TaskList
from gitcoord.text_lists import named_tasks

_MOST_NAMED = 5


class AbandonedWork(msgspec.Struct, frozen=True, kw_only=True):
    """Work that is given up: its branch stays, and nobody goes on from it."""

    task: TaskId
    title: str
    branch: str
    state: str

    def sentence(self) -> str:
        """What is given up, in one line."""
        return f"task {self.task} ({self.title}), {self.state}, on {self.branch or 'no branch'}"


class PlanStart(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan begins with. `numbered`: its generation may still be another one, if names are taken."""

    previous: Plan | None = None
    under_way: Collection[TaskId] = frozenset()
    generation: int = 1
    numbered: bool = False
    carried: tuple[TaskId, ...] = ()
    given_up: tuple[AbandonedWork, ...] = ()
    renamed: tuple[TaskId, ...] = ()


def go_on(store: Store, saved: Plan | None, listed: TaskList, *, same_tasks: bool) -> PlanStart:
    """The plan goes on from the saved one; another tag only while nothing is under way.

    Raises `tasks-changed` when a task under way is another one in the list, `other-plan`.
    """
    progress, tips = store.progress(), store.shared.branches()
    under_way = store.under_way()
    other_tag = saved is not None and saved.tag != listed.tag
    at_work = under_way & saved.tasks.keys() if saved is not None else frozenset()
    if saved is not None and other_tag and at_work and not same_tasks:
        raise usage_error(
            "other-plan",
            f"The saved plan is for the tag {saved.tag}, and {_some(at_work)} of it under way; "
            f"the task list was read for the tag {listed.tag}.",
            f"Say `--tag {saved.tag}` to go on with it, or `--new-list` to begin this tag with branches "
            "and a history of its own. To have both at once, give this tag a `state-prefix`.",
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
    """The plan is that of another task list: nothing of the old one counts for it."""
    progress = store.progress()
    begun = begun_tasks(saved, progress, store.shared.branches())
    if not begun:
        return PlanStart(generation=store.generation, numbered=True)
    left = [task for task in begun if progress.get(task, PENDING).stand != "landed"]
    return PlanStart(
        generation=max(*store.generations(), store.generation) + 1,
        numbered=True,
        given_up=_given(left, saved, progress),
    )


def start_afresh(store: Store, saved: Plan | None, listed: TaskList, *, force: bool) -> PlanStart:
    """The plan begins anew with the same list: what has landed stays landed, the rest is given up.

    What was cancelled is over; giving up more needs `force`. Where something is given up, a new generation
    begins, so that its branches are not taken for the new plan's work. Raises `work-under-way`.
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
            f"The plan cannot be started afresh: {_some(open_work)} under way.",
            "Plan without --reset, which keeps the place of what is under way; `--reset --force` gives it up "
            "(its branches stay), and with --dry-run says what that is.",
        )
    generation = store.generation
    return PlanStart(
        under_way=landed,
        generation=max(*store.generations(), generation) + 1 if left else generation,
        numbered=bool(left) or not begun,
        carried=tuple(sorted(landed & progress.keys(), key=natural_key)) if left else (),
        given_up=_given(left, saved, progress),
    )


def _is_over(told: Progress) -> bool:
    return told.cancelled and not (told.attempt is not None and told.attempt.running)


def _landed(store: Store, saved: Plan | None, progress: Mapping[TaskId, Progress]) -> set[TaskId]:
    """The tasks of the saved plan that the base has, with their subtasks."""
    from gitcoord.evidence.snapshot import find_snapshot

    if saved is None:
        return {task for task, told in progress.items() if told.stand == "landed"}
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
            state="cancelled" if told.cancelled else "started" if told.stand == "pending" else told.stand,
        )
        for task in sorted(tasks, key=natural_key)
        for told in [progress.get(task, PENDING)]
    )


def _branch(told: Progress) -> str:
    started = told.attempt.started if told.attempt is not None else None
    return told.branch or (started.branch if started is not None else "")


def _some(tasks: Collection[TaskId]) -> str:
    ids = sorted(tasks, key=natural_key)
    return f"{named_tasks(ids, _MOST_NAMED)} {'is' if len(ids) == 1 else 'are'}"
