"""Removes what finished tasks no longer need: checkouts, and this clone's branches of landed tasks."""

from collections.abc import Collection
from contextlib import suppress

from gitcoord.errors import GitcoordError
from gitcoord.evidence.model import Landing
from gitcoord.evidence.spent_branches import is_spent
from gitcoord.git.git_cli import Oid
from gitcoord.git.remote_refs import HEADS
from gitcoord.git.worktree import WorkingCopy
from gitcoord.git.worktree_list import worktrees
from gitcoord.notices import BranchesDeleted, Tell
from gitcoord.planning.model import PlannedTask
from gitcoord.run.run_report import RunEnd
from gitcoord.settings import RunSettings
from gitcoord.state.store import Store
from gitcoord.state.task_history import PENDING
from gitcoord.tasks.model import TaskId
from gitcoord.worker.attempt.agent_checkout import clear_done
from gitcoord.worker.attempt.local_attempts import attempts_here
from gitcoord.worker.attempt.paths import checkout_directory
from gitcoord.worker.unit import find_unit


class Leftovers:
    """Checkouts and branches that attempts left in one clone."""

    def __init__(self, store: Store, settings: RunSettings) -> None:
        self._store = store
        self._settings = settings

    def clear(self, id: TaskId) -> None:
        """Removes the checkout of a finished task or subtask, unless a person worked there or it is kept."""
        repository = self._store.repository
        directory = checkout_directory(repository, self._store.generation, id, self._settings.worktrees)
        if not directory.is_dir() or self._settings.keep_checkout == "always":
            return
        known = self._store.progress().get(id, PENDING)
        newest, folded = known.attempt, known.folded.head if known.folded else None
        by_worker = newest is not None and (newest.ended is None or newest.ended.outcome == "ok")
        if not by_worker and _holds_more(WorkingCopy(repository, directory)):
            return  # a person has worked there
        unit = find_unit(self._store.require_plan(), id)
        clear_done(repository, self._store.shared, unit, directory, folded)

    def close(self) -> None:
        """Removes the default directory of checkouts when it is empty."""
        if not self._settings.worktrees:
            with suppress(OSError):
                checkout_directory(self._store.repository, 1, TaskId("1")).parent.rmdir()

    def delete_branches(self, base: Oid, landed: Collection[TaskId]) -> tuple[str, ...]:
        """Deletes this clone's branches of tasks that have landed, and returns their names.

        Deletes a branch only if the task had an attempt here, no worktree uses the branch, and the base or
        the shared branch provably contains its work.
        """
        if self._store.shared.remote is None:
            return ()  # without a remote these are the shared branches: landing deletes them
        git, ancestry = self._store.repository.git, self._store.repository.ancestry
        plan, progress = self._store.require_plan(), self._store.progress()
        taken = worktrees(git)
        deleted = []
        for task in (plan.tasks[id] for id in landed):
            ref = HEADS + task.branch
            tip = self._store.repository.resolve(ref)
            if tip is None or ref in taken or not self._made_here(task):
                continue
            claim, shared = progress.get(task.id, PENDING).landing, self._store.shared.branch(task.branch)
            landing = None if claim is None else Landing(commit=claim.commit, head=claim.head)
            elsewhere = shared is not None and ancestry.contains(shared, tip)
            spent = elsewhere or is_spent(git, ancestry, base_commit=base, tip=tip, landing=landing)
            if spent and git.run("update-ref", "-d", ref, tip, ok=()).code == 0:
                deleted.append(task.branch)
        return tuple(deleted)

    def _made_here(self, task: PlannedTask) -> bool:
        common_dir = self._store.repository.common_dir
        ids = (task.id, *(part.id for part in task.subtasks))
        return any(attempts_here(common_dir, self._store.generation, id) for id in ids)


def _holds_more(copy: WorkingCopy) -> bool:
    """Whether the checkout has uncommitted changes or no branch, so that its work may be on no branch."""
    try:
        return copy.branch() is None or bool(copy.changes(untracked=True))
    except GitcoordError:
        return True  # not a checkout


def clear_up(leftovers: Leftovers, end: RunEnd, tell: Tell, *, branches: bool) -> None:
    """Removes the checkouts of finished units, and with `branches` the local branches of landed tasks."""
    for report in end.of("landed", "handed-in", "done"):
        leftovers.clear(report.unit)
    # A task with subtasks is no unit, but may have a checkout of its own.
    for task in {report.task for report in end.of("landed", "handed-in")} - {one.unit for one in end.units}:
        leftovers.clear(task)
    leftovers.close()
    if branches:
        landed = dict.fromkeys(report.task for report in end.of("landed"))
        deleted = leftovers.delete_branches(end.base_commit, landed)
        if deleted:
            tell(BranchesDeleted(branches=deleted))
