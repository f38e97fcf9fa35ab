"""Finds commits of unsubmitted tasks in other tasks' branches.

A task's own commits are those on the first-parent line of its branch since its start. Commits that are on the
lines of two branches belong to the branch from which the other branch was created.
"""

from collections.abc import Collection, Mapping

import msgspec

from gitcoord.evidence.landings import needed
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.stacks import reached
from gitcoord.planning.model import Plan
from gitcoord.state.task_history import PENDING, Progress
from gitcoord.tasks.model import TaskId

Tip = tuple[TaskId, Oid]
"""A task that may be in progress, and a tip of its branch."""
Carried = Mapping[TaskId, Oid]
"""For each unsubmitted task whose commits a head contains, the newest of these commits."""


class Tracks(msgspec.Struct, frozen=True, kw_only=True):
    """The facts about the tasks whose commits may be contained."""

    plan: Plan
    progress: Mapping[TaskId, Progress]
    landed: Collection[TaskId]


def foreign_work(
    git: Git,
    ancestry: Ancestry,
    base: Oid,
    tracks: Tracks,
    heads: Mapping[TaskId, Oid],
    tips: Collection[Tip],
) -> dict[TaskId, Carried]:
    """Finds commits of unsubmitted tasks in the heads of submitted ones.

    `tips` are the tips of tasks that may be unsubmitted. Ignores tasks that depend on the task of the head.
    """
    left = {
        (task, tip)
        for task, tip in tips
        if task not in heads and task not in tracks.landed and tip not in _handed_in(tracks.progress, task)
    }
    if not left or not heads:
        return {}
    request = "".join(f"{commit}\n" for commit in {*heads.values(), *(tip for _, tip in left)}) + f"^{base}\n"
    listing = git.text("rev-list", "--parents", "--stdin", input=request.encode())
    parents = {words[0]: words[1:] for words in map(str.split, listing.splitlines())}
    inside = ancestry.contained(base, set(parents)) if parents else set()
    graph = {commit: above for commit, above in parents.items() if commit not in inside}
    found: dict[TaskId, Carried] = {}
    for task, head in heads.items():
        done = {
            one for other in tracks.progress if other != task for one in _handed_in(tracks.progress, other)
        }
        done |= {one for other, one in heads.items() if other != task}
        before = set[Oid]().union(*(reached(graph, one) for one in done if one in graph))
        carried = {
            other: commit
            for other, tip in sorted(left)
            if task not in needed(tracks.plan, other)
            and (commit := _newest(graph, tracks, (task, head), (other, tip), before)) is not None
        }
        if carried:
            found[task] = carried
    return found


def still_foreign(
    ancestry: Ancestry, base: Oid, tracks: Tracks, carried: Mapping[str, Oid]
) -> dict[TaskId, Oid]:
    """Returns the entries of the recorded `carried` whose commits have not landed or been submitted since."""
    found = {}
    for name, commit in carried.items():
        task = TaskId(name)
        later = {*_handed_in(tracks.progress, task), base} if ancestry.existing({commit}) else set()
        later = ancestry.existing(later) if later else set()
        if task not in tracks.landed and not any(ancestry.contains(one, commit) for one in later):
            found[task] = commit
    return found


def _newest(
    graph: Mapping[Oid, list[Oid]], tracks: Tracks, mine: Tip, other: Tip, before: Collection[Oid]
) -> Oid | None:
    """The newest own commit of `other` that `mine` contains."""
    own, theirs = reached(graph, mine[1]), reached(graph, other[1])
    task_progress = tracks.progress.get(other[0], PENDING)
    begun = reached(graph, task_progress.began) if task_progress.began else set()
    made_on = reached(graph, tracks.progress.get(mine[0], PENDING).began or "")
    line = _first_parents(graph, mine[1])
    if mine[1] == other[1] and not task_progress.begun:
        return None  # nobody has worked on this branch
    for commit in _first_parents(graph, other[1]):
        if commit not in own or commit in before or commit in begun:
            continue
        if commit in line and commit not in made_on and other[1] not in own and mine[1] in theirs:
            continue  # the other branch was made from this one
        return commit
    return None


def _first_parents(graph: Mapping[Oid, list[Oid]], tip: Oid) -> list[Oid]:
    line, commit = [], tip
    while commit in graph:
        line.append(commit)
        commit = graph[commit][0] if graph[commit] else ""
    return line


def _handed_in(progress: Mapping[TaskId, Progress], task: TaskId) -> set[Oid]:
    """The submitted heads of a task, or a subtask's head in its parent's branch."""
    task_progress = progress.get(task, PENDING)
    return {
        one
        for one in (
            *task_progress.heads,
            task_progress.head,
            task_progress.folded and task_progress.folded.head,
        )
        if one
    }
