"""Finds branches with commits of unsubmitted tasks; reports them, and holds them if the settings say so."""

from collections.abc import Mapping, Sequence

import msgspec

from gitcoord.evidence.foreign_commits import Carried, Tracks, foreign_work, still_foreign
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.git_cli import Git, Oid
from gitcoord.landing.model import TaskState
from gitcoord.planning.model import Plan
from gitcoord.state.task_history import PENDING
from gitcoord.tasks.model import TaskId
from gitcoord.text_lists import named_tasks


def carried_words(plan: Plan, branch: str, carried: Carried) -> str:
    """Returns a sentence about the unsubmitted tasks whose commits the branch contains."""
    names = [
        f"{named_tasks([task])} ({plan.tasks[task].branch}, up to {commit[:12]})"
        if task in plan.tasks
        else f"{named_tasks([task])} (up to {commit[:12]})"
        for task, commit in carried.items()
    ]
    verb = "has" if len(names) == 1 else "have"
    return f"{branch} contains commits of {' and '.join(names)}, which {verb} not been submitted yet"


def all_carried(
    git: Git,
    ancestry: Ancestry,
    base: Oid,
    tracks: Tracks,
    tips: Mapping[str, Oid],
    heads: Mapping[TaskId, Oid],
) -> dict[TaskId, Carried]:
    """Returns the unsubmitted tasks whose commits a head contains, for each head that contains any.

    Finds them by the branches and by the journal.
    """
    at_work = {(task, tips[one.branch]) for task, one in tracks.plan.tasks.items() if one.branch in tips}
    found = foreign_work(git, ancestry, base, tracks, heads, at_work)
    for task, head in heads.items():
        task_progress = tracks.progress.get(task, PENDING)
        known = {
            t: c for t, c in task_progress.carries.items() if task_progress.head == head and t not in heads
        }
        if known and (merged := {**still_foreign(ancestry, base, tracks, known), **found.get(task, {})}):
            found[task] = merged
    return found


def with_carried(
    git: Git,
    ancestry: Ancestry,
    base: Oid,
    tracks: Tracks,
    tips: Mapping[str, Oid],
    works: Sequence[TaskState],
    *,
    hold: bool,
) -> list[TaskState]:
    """Adds a message to each work that contains commits of unsubmitted tasks; with `hold`, the work waits."""
    heads = {work.task: work.head for work in works if work.standing == "ready" and work.head}
    found = all_carried(git, ancestry, base, tracks, tips, heads)
    return [
        _mark(tracks.plan, work, found[work.task], hold) if work.task in found else work for work in works
    ]


def _mark(plan: Plan, work: TaskState, carried: Carried, hold: bool) -> TaskState:
    words = carried_words(plan, work.branch, carried)
    if not hold:
        return msgspec.structs.replace(work, carries=words)
    reason = f"{words}: submit them first, or remove those commits"
    return msgspec.structs.replace(work, standing="waiting", needs="work", reason=reason, carries=words)
