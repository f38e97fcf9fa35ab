"""Work that carries commits of tasks that have not been handed in: named, and held where that is wanted."""

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
    """What a branch carries of whom, and that it would land."""
    names = [
        f"{named_tasks([task])} ({plan.tasks[task].branch}, up to {commit[:12]})"
        if task in plan.tasks
        else f"{named_tasks([task])} (up to {commit[:12]})"
        for task, commit in carried.items()
    ]
    verb = "is" if len(names) == 1 else "are"
    return f"{branch} has commits of {' and '.join(names)}, which {verb} not submitted"


def all_carried(
    git: Git,
    ancestry: Ancestry,
    base: Oid,
    tracks: Tracks,
    tips: Mapping[str, Oid],
    heads: Mapping[TaskId, Oid],
) -> dict[TaskId, Carried]:
    """For each of `heads`, what it carries: by the branches that are there, and by what was recorded."""
    at_work = {(task, tips[one.branch]) for task, one in tracks.plan.tasks.items() if one.branch in tips}
    found = foreign_work(git, ancestry, base, tracks, heads, at_work)
    for task, head in heads.items():
        told = tracks.progress.get(task, PENDING)
        known = {t: c for t, c in told.carries.items() if told.head == head and t not in heads}
        both = still_foreign(ancestry, base, tracks, known) | {**found.get(task, {})} if known else {}
        if both:
            found[task] = both
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
    """The works; those that carry such commits say so, and wait where they are held."""
    heads = {work.task: work.head for work in works if work.standing == "ready" and work.head}
    found = all_carried(git, ancestry, base, tracks, tips, heads)
    return [
        _told(tracks.plan, work, found[work.task], hold) if work.task in found else work for work in works
    ]


def _told(plan: Plan, work: TaskState, carried: Carried, hold: bool) -> TaskState:
    words = carried_words(plan, work.branch, carried)
    if not hold:
        return msgspec.structs.replace(work, carries=words)
    reason = f"{words}: it lands once they are, or without those commits"
    return msgspec.structs.replace(work, standing="waiting", needs="work", reason=reason, carries=words)
