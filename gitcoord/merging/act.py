"""Performing one step on git and the journal. Every write is compare-and-swap; a lost race is a new look."""

from collections.abc import Callable

from gitcoord.events import BranchUpdated, TaskDeferred, TaskFolded, TaskLanded, TaskSubmitted, WavesSaved
from gitcoord.git.merges import commit_tree, merge_tree
from gitcoord.git.run import Oid
from gitcoord.git.shared import HEADS
from gitcoord.git.shared import Update as RefUpdate
from gitcoord.merging.blame import other_side
from gitcoord.merging.fold import FOLD_TRAILER, FoldConflict, fold_in, fold_in_memory
from gitcoord.merging.model import Adopt, Defer, Fold, Rebuild, RecordLanding, Update, Work, World
from gitcoord.merging.observe import Scene
from gitcoord.planning.later import postponed
from gitcoord.planning.model import Plan
from gitcoord.state.journal import now, worker_name
from gitcoord.state.store import Store
from gitcoord.tasks.model import TaskId

Tell = Callable[[str], None]


def record_landing(scene: Scene, world: World, step: RecordLanding) -> None:
    """Writes into the journal what git shows."""
    work = world.work(step.task)
    if work.landing is None:
        return
    merged = work.pull if work.pull is not None and work.pull.state == "merged" else None
    event = TaskLanded(
        at=now(),
        by=worker_name(),
        task=work.task,
        branch=merged.head if merged else work.branch,
        head=work.landing.head,
        commit=_bringing(scene, world, work.landing.commit),
        pull=merged.number if merged else None,
        wave=work.wave,
    )
    scene.store.record(event, unless=lambda before: before.stand == "landed")


def adopt(scene: Scene, world: World, step: Adopt) -> None:
    """Records a tip that nobody handed in as the work of its task."""
    work = world.work(step.task)
    event = TaskSubmitted(at=now(), by=worker_name(), task=step.task, branch=work.branch, head=step.head)
    scene.store.record(event, unless=lambda before: before.head == step.head)


def update(scene: Scene, world: World, step: Update) -> Defer | None:
    """Merges the base into the task's branch in memory and pushes it; Defer when that conflicts."""
    work = world.work(step.task)
    if work.head is None:
        return None
    git = scene.repository.git
    merged = merge_tree(git, work.head, world.base_commit)
    if not merged.clean:
        return Defer(task=work.task, paths=merged.paths, onto=world.base_commit)
    message = f"Merge {world.base} into {work.branch}\n"
    parents = [work.head, world.base_commit]
    commit = commit_tree(git, merged.tree, parents, message, environment=scene.repository.identity)
    if scene.shared.publish([RefUpdate(HEADS + work.branch, work.head, commit)]):
        event = BranchUpdated(
            at=now(), by=worker_name(), task=work.task, branch=work.branch, head=work.head, commit=commit
        )
        scene.store.record(event, unless=lambda before: before.head == commit)
    return None


def fold(scene: Scene, world: World, step: Fold) -> Defer | None:
    """Folds a task into the level branch; Defer when that conflicts."""
    work, branch = world.work(step.task), world.level_branch
    if work.head is None or branch is None:
        return None
    outcome = fold_in(
        scene.repository,
        scene.shared,
        branch=branch.name,
        base=world.base,
        head=work.head,
        task=work.task,
        title=work.title,
    )
    if isinstance(outcome, FoldConflict):
        return Defer(task=work.task, paths=outcome.paths, onto=outcome.onto)
    event = TaskFolded(
        at=now(), by=worker_name(), task=work.task, into=branch.name, head=work.head, commit=outcome.commit
    )
    scene.store.record(
        event, unless=lambda before: before.folded is not None and before.folded.commit == outcome.commit
    )
    return None


def rebuild(scene: Scene, world: World, step: Rebuild) -> str:
    """Makes the level branch anew from the base and those tasks that fold cleanly.

    Returns why not when the branch holds commits that gitcoord did not make: those are never dropped.
    """
    branch = world.level_branch
    if branch is None or branch.tip is None:
        return ""
    if not _only_folds(scene, world.base_commit, branch.tip):
        return f"{branch.name} conflicts with {world.base} and holds commits made by hand: merge them there"
    tip = world.base_commit
    for task in step.tasks:
        work = world.work(task)
        if work.head is None:
            continue
        named = {"task": task, "title": work.title, "branch": branch.name}
        outcome = fold_in_memory(scene.repository, tip, work.head, **named)
        if not isinstance(outcome, FoldConflict):
            tip = outcome.commit
    scene.shared.publish([RefUpdate(HEADS + branch.name, branch.tip, tip)])
    return ""


def defer(scene: Scene, world: World, step: Defer) -> TaskDeferred:
    """Records that a task has to be reworked, with the paths and the tasks on the other side."""
    work = world.work(step.task)
    others = other_side(
        scene.repository.git,
        head=work.head or "",
        paths=step.paths,
        heads={other.task: head for other in world.works if (head := _present(other, step.task))},
    )
    event = TaskDeferred(
        at=now(),
        by=worker_name(),
        task=work.task,
        head=work.head or "",
        reason=conflict_reason(step.task, others, step.paths, world.base),
        others=others,
        paths=step.paths,
        onto=step.onto,
    )
    record_deferral(scene.store, event)
    return event


def record_deferral(store: Store, event: TaskDeferred) -> None:
    """Writes the deferral into the journal, and moves its task to a later wave of the plan."""
    task = TaskId(event.task or "")
    known = (event.head, event.onto)
    fresh = store.record(
        event,
        unless=lambda before: (
            before.deferral is not None and (before.deferral.head, before.deferral.onto) == known
        ),
    )
    if fresh:
        store.change_plan(lambda plan: postponed(plan, task), lambda plan: _told(plan, task))


def conflict_reason(task: TaskId, others: tuple[TaskId, ...], paths: tuple[str, ...], base: str) -> str:
    """A sentence that names both sides and the paths."""
    shown = ", ".join(paths[:5]) + (f" and {len(paths) - 5} more" if len(paths) > 5 else "")
    against = " and ".join(f"task {other}" for other in others) or base
    return f"task {task} conflicts with {against} in {shown}"


def _told(plan: Plan, task: TaskId) -> WavesSaved:
    level = plan.level_of(task)
    return WavesSaved(at=now(), by=worker_name(), level=level.name, waves=level.waves)


def _present(work: Work, task: TaskId) -> Oid | None:
    if work.task == task:
        return None
    if work.landing is not None:
        return work.landing.head
    return work.head if work.folded else None


def _bringing(scene: Scene, world: World, commit: Oid) -> Oid:
    """The commit of the base's own line that brought `commit` in."""
    git = scene.repository.git
    line = git.lines("rev-list", "--first-parent", f"{commit}..{world.base_commit}")
    above = set(git.lines("rev-list", "--ancestry-path", f"{commit}..{world.base_commit}"))
    if commit in git.lines("rev-list", "--first-parent", "-n", str(len(line) + 1), world.base_commit):
        return commit
    return next((one for one in reversed(line) if one in above), commit)


def _only_folds(scene: Scene, base: Oid, tip: Oid) -> bool:
    fields = "%(trailers:key=" + FOLD_TRAILER + ",valueonly,separator=%x20)"
    options = ("log", "--first-parent", "-z", f"--format={fields}")
    texts = scene.repository.git.text(*options, f"{base}..{tip}").split("\0")
    return all(text.strip() for text in texts)
