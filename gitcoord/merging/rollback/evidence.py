"""Which landings were rolled back, by the evidence of git itself.

A landing that was rolled back stays in the base's history, so that being there is not enough: it counts only
if it contains every rollback of its task. The journal points at where to look: at commits that were
proposed, and at those that took effect; a squash or a rebase of one is found by its `Gitcoord-Rolled-Back`
trailer, or by its title and that it changed just what was proposed.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache, partial

import msgspec

from gitcoord.events import RollbackProposed, TaskRolledBack
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.merges import merge_tree
from gitcoord.git.run import Git, Oid
from gitcoord.state.journal import now, worker_name
from gitcoord.state.progress import Progress, after
from gitcoord.tasks.model import TaskId

ROLLBACK_TRAILER = "Gitcoord-Rolled-Back"
TITLE = "Roll back "


class Rollback(msgspec.Struct, frozen=True, kw_only=True):
    """The base's commit `commit` took the landing of `head` back; `start` was the base before it."""

    commit: Oid
    head: Oid
    start: Oid
    recorded: bool = False


Rollbacks = Mapping[TaskId, Sequence[Rollback]]


def rollback_trailer(task: str, head: Oid) -> str:
    """The line of a message that says whose landing its commit takes back."""
    return f"{ROLLBACK_TRAILER}: {task} {head}"


def find_rollbacks(
    git: Git, ancestry: Ancestry, base_commit: Oid, progress: Mapping[TaskId, Progress]
) -> dict[TaskId, list[Rollback]]:
    """Every rollback that the base holds, by task, oldest first."""
    told = {task: entry.rollbacks for task, entry in progress.items() if entry.rollbacks}
    inside = ancestry.contained(base_commit, {event.commit for events in told.values() for event in events})
    copied = cache(partial(_copied, git, ancestry, base_commit))
    found: dict[TaskId, list[Rollback]] = {}
    for task, events in told.items():
        same: dict[tuple[Oid, Oid], list[RollbackProposed | TaskRolledBack]] = {}
        for event in events:
            same.setdefault((event.head, event.start), []).append(event)
        here = [one for copies in same.values() if (one := _confirmed(copies, inside, copied)) is not None]
        if here:
            found[task] = here
    return found


def stands(ancestry: Ancestry, rollbacks: Sequence[Rollback], *evidence: Oid) -> bool:
    """Whether what these commits brought has not been taken back since."""
    return all(ancestry.contains(commit, one.commit) for commit in evidence for one in rollbacks)


def with_rollbacks(progress: Mapping[TaskId, Progress], rollbacks: Rollbacks) -> dict[TaskId, Progress]:
    """The journal's word, corrected by rollbacks that git shows and nobody has recorded yet."""
    corrected = dict(progress)
    for task, found in rollbacks.items():
        for one in found:
            if not one.recorded:
                corrected[task] = after(corrected[task], rolled_back_event(task, one))
    return corrected


def rolled_back_event(task: TaskId, rollback: Rollback, pull: int | None = None) -> TaskRolledBack:
    """The journal's entry for a rollback that git shows."""
    return TaskRolledBack(
        at=now(),
        by=worker_name(),
        task=task,
        head=rollback.head,
        start=rollback.start,
        commit=rollback.commit,
        pull=pull,
    )


def _confirmed(
    copies: Sequence[RollbackProposed | TaskRolledBack],
    inside: Collection[Oid],
    copied: Callable[[Oid, Oid], Mapping[str, Oid]],
) -> Rollback | None:
    """The rollback of one landing, proposed more than once perhaps, as far as the base holds it."""
    first = copies[0]
    done = [event.commit for event in copies if isinstance(event, TaskRolledBack) and event.commit in inside]
    commits = done or [event.commit for event in copies if event.commit in inside]
    if not commits:
        name = f"{first.task} {first.head}"
        proposed = [event for event in copies if isinstance(event, RollbackProposed)]
        found = (copied(event.base, event.commit) for event in proposed)
        commits = [commit for named in found if (commit := named.get(name) or named.get("")) is not None]
    if not commits:
        return None
    return Rollback(commit=commits[-1], head=first.head, start=first.start, recorded=bool(done))


def _copied(git: Git, ancestry: Ancestry, base_commit: Oid, since: Oid, proposed: Oid) -> Mapping[str, Oid]:
    """What the trailers of `since..base_commit` name, with their commits; "" for a copy of `proposed`."""
    fields = f"--format=%H%x1f%(trailers:key={ROLLBACK_TRAILER},valueonly,separator=%x1f)"
    wanted = (f"--grep=^{ROLLBACK_TRAILER}: ", f"--grep=^{TITLE}")
    options = ("log", "-z", "--no-show-signature", *wanted, fields)
    text = git.probe(*options, "--end-of-options", f"{since}..{base_commit}")
    named: dict[str, Oid] = {}
    for record in filter(None, (text or "").split("\0")):
        commit, *values = record.strip("\n").split("\x1f")
        for value in filter(None, values):
            named.setdefault(value, commit)
        if not any(values) and ancestry.existing({proposed}) and _does_the_same(git, commit, proposed):
            named.setdefault("", commit)
    return named


def _does_the_same(git: Git, commit: Oid, proposed: Oid) -> bool:
    """Whether a commit of the base did to its parent what merging the proposed one does."""
    parent = git.probe("rev-parse", "--verify", "--quiet", f"{commit}^1")
    merged = merge_tree(git, parent, proposed) if parent else None
    return merged is not None and merged.tree == git.text("rev-parse", f"{commit}^{{tree}}")
