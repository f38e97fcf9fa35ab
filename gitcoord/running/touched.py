"""What every task's branch touches, and in which lines: for a worker who asks before writing a file."""

from collections.abc import Mapping, Sequence

import msgspec

from gitcoord.conflicts.changes import Changes, Edit, changes_between
from gitcoord.conflicts.history import find_forks
from gitcoord.conflicts.lines import Hunk, Hunks, hunks_of
from gitcoord.events import TasksClash
from gitcoord.evidence.landings import landed_tasks
from gitcoord.evidence.stacks import find_stacks
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.refs import read_refs
from gitcoord.git.repository import Repository
from gitcoord.git.run import Git, Oid
from gitcoord.git.shared import HEADS, SharedRefs
from gitcoord.git.stacks import Stacks
from gitcoord.git.writing import Writer
from gitcoord.planning.model import Plan, PlannedTask
from gitcoord.state.progress import PENDING
from gitcoord.state.store import Store
from gitcoord.tasks.model import TaskId


class TouchedPath(msgspec.Struct, frozen=True, kw_only=True):
    """A path that a task's branch changes; `lines` are those of the base, from 1, both ends included."""

    path: str
    task: TaskId
    branch: str
    title: str
    lines: tuple[tuple[int, int], ...] = ()


def find_touched(repository: Repository, shared: SharedRefs, store: Store) -> list[TouchedPath]:
    """What the branches of all tasks that have not landed change, shared ones and those of this clone.

    Where work under way was seen to conflict, its paths are there before any branch has them.
    """
    plan = store.require_plan()
    base = shared.branch(plan.base) or repository.resolve(HEADS + plan.base)
    if base is None:
        return []
    tips, stacks = _tips(repository, shared, store, plan, base)
    everything = list(dict.fromkeys(tip for both in tips.values() for tip in both))
    with repository.git.quarantine() as git:
        changed = _changes(git, stacks, everything)
        hunks = _hunks(git, base, list(changed.values()))
    found = []
    for task, both in tips.items():
        planned = plan.tasks[task]
        paths = {path for tip in both if tip in changed for path in changed[tip].paths}
        found += [
            TouchedPath(
                path=path,
                task=task,
                branch=planned.branch,
                title=planned.title,
                lines=_lines(path, [changed[tip] for tip in both if tip in changed], hunks),
            )
            for path in sorted(paths)
        ]
    known = {(one.path, one.task) for one in found}
    return found + [one for one in _clashing(store, plan) if (one.path, one.task) not in known]


def _clashing(store: Store, plan: Plan) -> list[TouchedPath]:
    """What was seen to conflict while its tasks are at work: of that, branches need not have anything yet."""
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


def _owners(plan: Plan) -> dict[TaskId, PlannedTask]:
    tasks = plan.tasks.values()
    return {id: task for task in tasks for id in (task.id, *(part.id for part in task.subtasks))}


def _tips(
    repository: Repository, shared: SharedRefs, store: Store, plan: Plan, base: Oid
) -> tuple[dict[TaskId, list[Oid]], Stacks]:
    """Each task's branch as everybody sees it and as this clone has it, if they differ; their stacks."""
    everywhere = shared.branches()
    here = read_refs(repository.git, HEADS).targets
    git, progress = repository.git, store.progress()
    ancestry = Ancestry(git)
    landed = landed_tasks(
        git, base_commit=base, plan=plan, progress=progress, tips=everywhere, ancestry=ancestry
    )
    tips = {}
    for task, planned in plan.tasks.items():
        both = (everywhere.get(planned.branch), here.get(HEADS + planned.branch))
        if task not in landed and any(both):
            tips[task] = list(dict.fromkeys(tip for tip in both if tip))
    return tips, find_stacks(git, ancestry, base, progress, landed)


def _changes(git: Git, stacks: Stacks, tips: Sequence[Oid]) -> dict[Oid, Changes]:
    forks = find_forks(git, stacks.base, tips, stacks.find(git, tips))
    own = [tip for tip in tips if forks[tip].merge_bases and not forks[tip].inside]
    return dict(
        zip(own, changes_between(git, [(forks[tip].merge_bases[0], tip) for tip in own]), strict=True)
    )


def _hunks(git: Git, base: Oid, changes: Sequence[Changes]) -> Mapping[Edit, Hunks]:
    edits = dict.fromkeys((path, edit) for change in changes for path, edit in change.edits.items())
    return hunks_of(git, Writer(git, base), list(edits))


def _lines(path: str, changes: Sequence[Changes], hunks: Mapping[Edit, Hunks]) -> tuple[tuple[int, int], ...]:
    edits = [change.edits[path] for change in changes if path in change.edits]
    ranges = {_range(hunk) for edit in edits for hunk in hunks.get(edit, ())}
    return tuple(sorted(ranges))


def _range(hunk: Hunk) -> tuple[int, int]:
    # An insertion takes no line: it is told as the line that it follows.
    return (hunk.start + 1, hunk.end) if hunk.end > hunk.start else (max(hunk.start, 1), max(hunk.start, 1))
