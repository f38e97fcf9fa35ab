"""Finds out which tasks have landed, from git itself.

The journal only says where to look: a task has landed only if the base's history proves it. Evidence,
cheapest first: the submitted head is an ancestor of the base; the commit that was recorded as its landing is
an ancestor of the base, and nothing was submitted since; a commit of the base that contains the changes names
the head in a `Gitcoord-Landed` trailer (squash); a commit with author, time and subject of one of the head's
commits contains the changes (rebase; `copies.py` finds both); a commit that names the head contains a commit
of the level branch in which somebody resolved the head's conflict (`resolved_heads.py`); or the head is part
of work that landed in such a way. Work that was rolled back since does not count (`rollbacks.py`).
"""

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from gitcoord.evidence.copies import find_copies
from gitcoord.evidence.merged_pulls import pulled_tasks, stands_pulled
from gitcoord.evidence.model import Landing, Rollbacks
from gitcoord.evidence.resolved_heads import find_resolved
from gitcoord.evidence.rollbacks import find_rollbacks, stands
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.git_cli import Git, Oid
from gitcoord.planning.model import Plan, PlannedTask
from gitcoord.state.task_history import PENDING, Progress
from gitcoord.tasks.model import TaskId

if TYPE_CHECKING:
    from gitcoord.forge.pull_requests import Pull


def landed_tasks(
    git: Git,
    *,
    base_commit: Oid,
    plan: Plan,
    progress: Mapping[TaskId, Progress],
    tips: Mapping[str, Oid],
    ancestry: Ancestry | None = None,
    pulls: "Collection[Pull]" = (),
    undone: Rollbacks | None = None,
) -> dict[TaskId, Landing]:
    """Returns the landings of the plan's tasks that the base contains; `tips` maps branch names to commits.

    `pulls` are pull requests from the forge, for merges that git alone does not recognize. `undone` are the
    rollbacks, if the caller knows them. For a branch without a record, its tip counts as submitted, unless
    the tip is on the base's first-parent line or part of a dependency's work: then the branch was just
    created.
    """
    ancestry = ancestry or Ancestry(git)
    made = just_stacked(ancestry, plan, progress, tips)
    heads = {task: head for task, head in _heads(plan, progress, tips).items() if task not in made}
    known = ancestry.existing({*heads.values(), *_recorded(progress)})
    inside = ancestry.contained(base_commit, known)
    main_line = _first_parents(git, base_commit, {heads[t] for t in heads if t not in progress} & inside)
    found: dict[TaskId, Landing] = {}
    elsewhere: dict[TaskId, Oid] = {}
    for task in plan.tasks:
        before = progress.get(task, PENDING)
        head = heads.get(task)
        claim = before.landing
        if claim is not None and claim.commit in inside:
            found[task] = Landing(commit=claim.commit, head=claim.head)
        elif head is None or _only_started(progress, task):
            continue
        elif head in inside:
            if task in progress or head not in main_line:
                found[task] = Landing(commit=head, head=head)
        elif head in known:
            elsewhere[task] = head
    copies = find_copies(git, ancestry, base_commit, set(elsewhere.values()))
    level_tips = {
        task: tips[level.branch] for level in plan.levels if level.branch in tips for task in level.tasks
    }
    carried_by = {h: level_tips[t] for t, h in elsewhere.items() if h not in copies and t in level_tips}
    copies |= find_resolved(git, ancestry, base_commit, carried_by)
    found |= {task: Landing(commit=copies[h], head=h) for task, h in elsewhere.items() if h in copies}
    if undone is None:
        undone = find_rollbacks(git, ancestry, base_commit, progress)

    def standing(landings: Mapping[TaskId, Landing]) -> dict[TaskId, Landing]:
        told = {task: landings[task] for task in plan.tasks if task in landings}
        return {t: one for t, one in told.items() if stands(ancestry, undone.get(t, ()), one.commit)}

    handed_in = {task: head for task, head in heads.items() if not _only_started(progress, task)}
    pulled = pulled_tasks(
        git,
        ancestry,
        base_commit=base_commit,
        plan=plan,
        progress=progress,
        tips=tips,
        heads=handed_in,
        pulls=pulls,
    )
    pulled = {task: one for task, one in pulled.items() if stands_pulled(ancestry, undone, task, one)}
    landed = standing(pulled | standing(found))
    left = {task: head for task, head in elsewhere.items() if task not in found and task not in pulled}
    return standing(landed | _carried(ancestry, base_commit, landed, left))


def _only_started(progress: Mapping[TaskId, Progress], task: TaskId) -> bool:
    """Whether the task was started and nothing was submitted."""
    return progress.get(task, PENDING).state == "started"


def moved_on(
    ancestry: Ancestry,
    *,
    base_commit: Oid,
    plan: Plan,
    landed: Mapping[TaskId, Landing],
    tips: Mapping[str, Oid],
) -> dict[TaskId, Oid]:
    """Returns the branch tips of landed tasks that have further commits on top of the landed ones."""
    ahead = {
        task: tip
        for task, landing in landed.items()
        if (tip := tips.get(plan.tasks[task].branch)) is not None and tip != landing.head
    }
    inside = ancestry.contained(base_commit, set(ahead.values()))
    return {
        task: tip
        for task, tip in ahead.items()
        if tip not in inside and ancestry.contains(tip, landed[task].head)
    }


def _heads(plan: Plan, progress: Mapping[TaskId, Progress], tips: Mapping[str, Oid]) -> dict[TaskId, Oid]:
    heads: dict[TaskId, Oid] = {}
    for task, planned in plan.tasks.items():
        before = progress.get(task)
        parts = before is None and in_parts(planned, progress)
        head = before.head if before else None if parts else tips.get(planned.branch)
        if head is not None:
            heads[task] = head
    return heads


def in_parts(planned: PlannedTask, progress: Mapping[TaskId, Progress]) -> bool:
    """Whether a subtask has begun: until the task is submitted, its branch has only a part of the work."""
    return any(part.id in progress for part in planned.subtasks)


def just_stacked(
    ancestry: Ancestry, plan: Plan, progress: Mapping[TaskId, Progress], tips: Mapping[str, Oid]
) -> set[TaskId]:
    """Returns the tasks without a record whose branches contain only the work of their dependencies."""
    heads = _heads(plan, progress, tips)
    above: dict[TaskId, set[TaskId]] = {}
    for task in heads.keys() - progress.keys():
        for need in needed(plan, task) & heads.keys():
            above.setdefault(need, set()).add(task)
    found = set[TaskId]()
    for need, tasks in above.items():
        inside = ancestry.contained(heads[need], {heads[task] for task in tasks})
        found |= {task for task in tasks if heads[task] in inside}
    return found


def needed(plan: Plan, task: TaskId) -> set[TaskId]:
    """Returns the tasks on which a task depends, directly or indirectly."""
    found, todo = set[TaskId](), [task]
    while todo:
        new = {need for need in plan.tasks[todo.pop()].depends_on if need in plan.tasks} - found
        found |= new
        todo += new
    return found


def _recorded(progress: Mapping[TaskId, Progress]) -> Iterable[Oid]:
    return (entry.landing.commit for entry in progress.values() if entry.landing is not None)


def _first_parents(git: Git, tip: Oid, wanted: Collection[Oid]) -> set[Oid]:
    if not wanted:
        return set()
    return set(git.lines("rev-list", "--first-parent", tip)) & set(wanted)


def _carried(
    ancestry: Ancestry, base_commit: Oid, found: Mapping[TaskId, Landing], heads: Mapping[TaskId, Oid]
) -> dict[TaskId, Landing]:
    """Returns the landings of heads that are part of other heads, which landed by squash or rebase."""
    carried: dict[TaskId, Landing] = {}
    own = ancestry.contained(base_commit, {landing.head for landing in found.values()}) if heads else set()
    for landing in found.values() if heads else ():
        if landing.head in own:
            continue
        inside = ancestry.contained(landing.head, set(heads.values()))
        carried |= {t: Landing(commit=landing.commit, head=h) for t, h in heads.items() if h in inside}
    return carried
