"""The paths and lines that each task's branch changes, for a worker who asks before writing a file."""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec.structs import replace

from gitcoord.conflicts.changes import Changes, Edit, changes_between
from gitcoord.conflicts.fork_points import find_forks
from gitcoord.conflicts.hunks import Hunk, Hunks, hunks_of
from gitcoord.events import TasksClash
from gitcoord.evidence.landings import needed
from gitcoord.evidence.snapshot import find_snapshot
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.object_writer import Writer
from gitcoord.git.refs import read_refs
from gitcoord.git.remote_refs import HEADS, SharedRefs
from gitcoord.git.repository import Repository
from gitcoord.git.stacks import Stacks
from gitcoord.planning.model import Plan, PlannedTask
from gitcoord.state.published_work import published_work
from gitcoord.state.store import Store
from gitcoord.state.task_history import PENDING
from gitcoord.tasks.model import TaskId
from gitcoord.worker.unit import subtask_branch


class TouchedPath(msgspec.Struct, frozen=True, kw_only=True):
    """A path that a task's branch changes; `lines` are inclusive ranges of the base's lines, from 1.

    `known_to` are tasks that depend on this one and whose branches contain all of its work.
    """

    path: str
    task: TaskId
    branch: str
    title: str
    lines: tuple[tuple[int, int], ...] = ()
    known_to: tuple[TaskId, ...] = ()


def find_touched(repository: Repository, shared: SharedRefs, store: Store) -> list[TouchedPath]:
    """Returns the paths that the branches of unlanded tasks change: shared branches and those of this clone.

    Includes paths of unfinished work that workers publish, and those in which running tasks conflict, even if
    no branch changes them yet.
    """
    plan = store.require_plan()
    snapshot = find_snapshot(store, plan)
    if snapshot is None:
        return []
    branches, base, stacks = _branches(repository, shared), snapshot.base_commit, snapshot.make_stacks()
    published = _published(plan, store)
    tips = {
        task: branches.get(planned.branch, [])
        for task, planned in plan.tasks.items()
        if task not in snapshot.landed and (planned.branch in branches or task in published)
    }
    below = _heads_below(plan, store, tips, stacks.ancestry)
    own = {
        task: [tip for tip in (*both, *published.get(task, ())) if tip not in below[task]]
        for task, both in tips.items()
    }
    known_to = _known_to(plan, tips, branches, stacks.ancestry)
    with repository.git.quarantine() as git:
        everything = {tip: below[task] for task, both in own.items() for tip in both}
        changed = _changes(git, stacks, list(everything), everything)
        hunks = _hunks(git, base, list(changed.values()))
    found = []
    for task, both in own.items():
        planned = plan.tasks[task]
        paths = {path for tip in both if tip in changed for path in changed[tip].paths}
        found += [
            TouchedPath(
                path=path,
                task=task,
                branch=planned.branch,
                title=planned.title,
                lines=_lines(path, [changed[tip] for tip in both if tip in changed], hunks),
                known_to=known_to[task],
            )
            for path in sorted(paths)
        ]
    known = {(one.path, one.task) for one in found}
    return found + [one for one in _clashing(store, plan) if (one.path, one.task) not in known]


def _clashing(store: Store, plan: Plan) -> list[TouchedPath]:
    """The paths in which running tasks conflict. The branches may not contain the changes yet."""
    progress, owners = store.progress(), _owners(plan)
    found: dict[tuple[str, TaskId], TouchedPath] = {}
    for event in (entry.event for entry in store.journal()):
        if not isinstance(event, TasksClash):
            continue
        for unit in (TaskId(event.task or ""), TaskId(event.other)):
            task, attempt = owners.get(unit), progress.get(unit, PENDING).attempt
            if task is None or attempt is None or attempt.started is None:
                continue
            if attempt.running and event.at >= attempt.started.at:
                for path in event.paths:
                    one = TouchedPath(path=path, task=task.id, branch=task.branch, title=task.title)
                    found[path, task.id] = one
    return list(found.values())


def _published(plan: Plan, store: Store) -> dict[TaskId, list[Oid]]:
    """The unfinished work that workers have published for each task and its subtasks."""
    owners, found = _owners(plan), dict[TaskId, list[Oid]]()
    for unit, tip in published_work(store, store.progress()).items():
        if unit in owners:
            found.setdefault(owners[unit].id, []).append(tip)
    return found


def _owners(plan: Plan) -> dict[TaskId, PlannedTask]:
    tasks = plan.tasks.values()
    return {id: task for task in tasks for id in (task.id, *(part.id for part in task.subtasks))}


def _branches(repository: Repository, shared: SharedRefs) -> dict[str, list[Oid]]:
    """The tips of each branch: the shared one, and that of this clone if it differs."""
    here = {name.removeprefix(HEADS): tip for name, tip in read_refs(repository.git, HEADS).targets.items()}
    both: dict[str, list[Oid]] = {}
    for name, tip in (*shared.branches().items(), *here.items()):
        both.setdefault(name, [])
        both[name] += [tip] if tip not in both[name] else []
    return both


def _heads_below(
    plan: Plan, store: Store, tips: Mapping[TaskId, list[Oid]], ancestry: Ancestry
) -> dict[TaskId, tuple[Oid, ...]]:
    """For each task, the heads of its unlanded dependencies: its own changes begin there."""
    progress = store.progress()
    found = {}
    for task in tips:
        needs = needed(plan, task)
        recorded = progress.get(task, PENDING).parents.items()
        heads = [tip for need in plan.tasks if need in needs for tip in tips.get(need, ())]
        heads += [head for need, head in recorded if TaskId(need) in tips]
        here = ancestry.existing(heads) if heads else ()
        found[task] = tuple(dict.fromkeys(head for head in heads if head in here))
    return found


def _known_to(
    plan: Plan, tips: Mapping[TaskId, list[Oid]], branches: Mapping[str, list[Oid]], ancestry: Ancestry
) -> dict[TaskId, tuple[TaskId, ...]]:
    """For each task, the dependents with a branch (or a subtask's branch) that contains all of its tips."""
    found: dict[TaskId, tuple[TaskId, ...]] = dict.fromkeys(tips, ())
    for task, planned in plan.tasks.items():
        names = (planned.branch, *(subtask_branch(planned.branch, task, one.id) for one in planned.subtasks))
        heads = {head for name in names for head in branches.get(name, ())}
        needs = needed(plan, task) & tips.keys() if heads else set[TaskId]()
        wanted = {tip for need in needs for tip in tips[need]}
        inside = (
            {commit for head in heads for commit in ancestry.contained(head, wanted)} if wanted else set()
        )
        for need in needs:
            found[need] += (task,) if tips[need] and inside.issuperset(tips[need]) else ()
    return found


def _changes(
    git: Git, stacks: Stacks, tips: Sequence[Oid], below: Mapping[Oid, Sequence[Oid]]
) -> dict[Oid, Changes]:
    """The changes of each tip, without the changes of its landed dependencies and of the heads `below` it."""
    landed = stacks.find(git, tips)
    stacked = {tip: (*landed.get(tip, ()), *below.get(tip, ())) for tip in tips}
    forks = find_forks(git, stacks.base, tips, stacked)
    own = [tip for tip in tips if forks[tip].merge_bases and not forks[tip].inside]
    # If a path is the same in a branch below, the change came from there and is not the task's own.
    pairs = [(start, tip) for tip in own for start in forks[tip].merge_bases[: None if below.get(tip) else 1]]
    found: dict[Oid, Changes] = {}
    for (_, tip), changes in zip(pairs, changes_between(git, pairs), strict=True):
        before = found.setdefault(tip, changes)
        found[tip] = replace(before, paths=before.paths & changes.paths)
    return found


def _hunks(git: Git, base: Oid, changes: Sequence[Changes]) -> Mapping[Edit, Hunks]:
    edits = dict.fromkeys((path, edit) for change in changes for path, edit in change.edits.items())
    return hunks_of(git, Writer(git, base), list(edits))


def _lines(path: str, changes: Sequence[Changes], hunks: Mapping[Edit, Hunks]) -> tuple[tuple[int, int], ...]:
    edits = [change.edits[path] for change in changes if path in change.edits]
    ranges = {_range(hunk) for edit in edits for hunk in hunks.get(edit, ())}
    return tuple(sorted(ranges))


def _range(hunk: Hunk) -> tuple[int, int]:
    # An insertion replaces no line: report the line that it follows.
    return (hunk.start + 1, hunk.end) if hunk.end > hunk.start else (max(hunk.start, 1), max(hunk.start, 1))
