"""Finds out which landings were rolled back, from git and the forge.

A landing that was rolled back stays in the base's history. Therefore a landing counts only if it contains
every rollback of its task. The journal says where to look: at commits that were proposed, and at those that
took effect. A squashed or rebased rollback is found by its changes (`reverts.py`), or by the merged pull
request that contained it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from gitcoord.event_stamp import now, worker_name
from gitcoord.events import RollbackProposed, TaskRolledBack
from gitcoord.evidence.merged_pulls import merged_into
from gitcoord.evidence.model import Rollback, Rollbacks
from gitcoord.evidence.reverts import Reverts
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.git_cli import Git, Oid
from gitcoord.state.task_history import Progress, after
from gitcoord.tasks.model import TaskId

if TYPE_CHECKING:
    from gitcoord.forge.pull_requests import Pull


def find_rollbacks(
    git: Git,
    ancestry: Ancestry,
    base_commit: Oid,
    progress: Mapping[TaskId, Progress],
    pulls: "Collection[Pull]" = (),
) -> dict[TaskId, list[Rollback]]:
    """Returns all rollbacks in the base by task, oldest first; `pulls` are pull requests of rollbacks."""
    told = {task: entry.rollbacks for task, entry in progress.items() if entry.rollbacks}
    inside = ancestry.contained(base_commit, {event.commit for events in told.values() for event in events})
    landings = {entry.landing.commit for entry in progress.values() if entry.landing is not None}
    reverts = Reverts(git, ancestry, base_commit, landings)
    sources = (reverts.find, _pulled(ancestry, reverts, merged_into(ancestry, base_commit, pulls)))
    found: dict[TaskId, list[Rollback]] = {}
    for task, events in told.items():
        same: dict[tuple[Oid, Oid], list[RollbackProposed | TaskRolledBack]] = {}
        for event in events:
            same.setdefault((event.head, event.start), []).append(event)
        here = [one for copies in same.values() if (one := _confirmed(copies, inside, sources)) is not None]
        if here:
            found[task] = here
    return found


def stands(ancestry: Ancestry, rollbacks: Sequence[Rollback], *evidence: Oid) -> bool:
    """Whether the work in the commits `evidence` still counts: each of them contains all `rollbacks`."""
    return all(ancestry.contains(commit, one.commit) for commit in evidence for one in rollbacks)


def open_proposals(progress: Mapping[TaskId, Progress], rollbacks: Rollbacks) -> set[str]:
    """Returns the branches of proposals that are not in `rollbacks`: the forge may have merged them."""
    return {
        event.branch
        for task, entry in progress.items()
        for event in entry.rollbacks
        if isinstance(event, RollbackProposed) and event.branch
        if not any((one.head, one.start) == (event.head, event.start) for one in rollbacks.get(task, ()))
    }


def with_rollbacks(
    ancestry: Ancestry, progress: Mapping[TaskId, Progress], rollbacks: Rollbacks
) -> dict[TaskId, Progress]:
    """Returns the progress, corrected by rollbacks that are in git but not in the journal."""
    corrected = dict(progress)
    for task, found in rollbacks.items():
        for one in found:
            landing = corrected[task].landing
            again = landing is not None and stands(ancestry, [one], landing.commit)
            if not one.recorded and not again:
                corrected[task] = after(corrected[task], rolled_back_event(task, one))
    return corrected


def unrecorded(rollbacks: Rollbacks) -> tuple[TaskRolledBack, ...]:
    """Makes the events for rollbacks that are not in the journal yet."""
    fresh = [(task, one) for task, found in rollbacks.items() for one in found if not one.recorded]
    return tuple(rolled_back_event(task, one) for task, one in fresh)


def is_recorded(event: TaskRolledBack, before: Progress) -> bool:
    """Whether the journal already has the rollback."""
    done = (one for one in before.rollbacks if isinstance(one, TaskRolledBack))
    return any(one.commit == event.commit for one in done)


def rolled_back_event(task: TaskId, rollback: Rollback) -> TaskRolledBack:
    """Makes the event for a rollback that was found in git."""
    return TaskRolledBack(
        at=now(),
        by=worker_name(),
        task=task,
        head=rollback.head,
        start=rollback.start,
        commit=rollback.commit,
    )


def _confirmed(
    copies: Sequence[RollbackProposed | TaskRolledBack],
    inside: Collection[Oid],
    sources: Sequence[Callable[[RollbackProposed], Oid | None]],
) -> Rollback | None:
    """Returns the rollback of one landing if the base contains it; `copies` are its proposals and records."""
    first = copies[0]
    done = [event.commit for event in copies if isinstance(event, TaskRolledBack) and event.commit in inside]
    commits = done or [event.commit for event in copies if event.commit in inside]
    for find in () if commits else sources:
        found = [find(event) for event in copies if isinstance(event, RollbackProposed)]
        commits = commits or [commit for commit in found if commit is not None]
    if not commits:
        return None
    return Rollback(commit=commits[-1], head=first.head, start=first.start, recorded=bool(done))


def _pulled(
    ancestry: Ancestry, reverts: Reverts, merged: "Sequence[tuple[Pull, Oid]]"
) -> Callable[[RollbackProposed], Oid | None]:
    """Returns a function that finds the merge commit of a proposal's pull request.

    The merged head must contain the proposed commit, or the merge must have reverted the whole landing.
    People may have added more to the branch.
    """
    known = {pull.head: (pull.head_commit, commit) for pull, commit in merged}

    def find(event: RollbackProposed) -> Oid | None:
        head, commit = known.get(event.branch, ("", ""))
        if not head or not (ancestry.contains(head, event.commit) or reverts.took_back(commit, event)):
            return None
        return commit

    return find
