"""Makes deferred work ready again if it now merges because the other side has changed."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial

import msgspec

from gitcoord.conflicts.exclusive_paths import overtaken
from gitcoord.conflicts.rules import Rulebook
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.merge_tree import TreeMerge, merge_trees
from gitcoord.git.stacks import Stacks
from gitcoord.landing.model import TaskState
from gitcoord.landing.proof import CheckOptions
from gitcoord.state.task_history import PENDING, Progress
from gitcoord.tasks.model import TaskId


def revived(
    git: Git,
    ancestry: Ancestry,
    stacks: Stacks,
    works: list[TaskState],
    targets: Sequence[Oid],
    book: Rulebook,
    failing_checks: Collection[TaskId] = (),
) -> list[TaskState]:
    """Makes deferred works ready if they merge with all of `targets`.

    Skips those in `failing_checks`, and those with exclusive paths that other work changed first. A stacked
    work only has to merge with the base: that merge gives it a new head.
    """
    deferred = [
        work
        for work in works
        if work.standing == "deferred" and work.head is not None and work.task not in failing_checks
    ]
    if not deferred:
        return works
    stacked = stacks.find(git, {work.head or "" for work in deferred})
    pairs = [
        (target, work.head or "")
        for work in deferred
        for target in ([stacks.base_for(git, work.head or "")] if work.head in stacked else targets)
    ]
    unknown = [pair for pair in pairs if not ancestry.recalls(("merges", *pair))]
    with git.quarantine() as aside:
        for pair, merged in zip(unknown, merge_trees(aside, unknown), strict=True):
            ancestry.remembered(("merges", *pair), partial(_clean_tree, merged))
    failing = {head for target, head in pairs if not _merges(ancestry, target, head)}
    failing |= {h for target, h in pairs if h not in failing and overtaken(git, book, target, h)}
    again = {work.task for work in deferred if work.head not in failing}
    return [
        msgspec.structs.replace(work, standing="ready", reason="") if work.task in again else work
        for work in works
    ]


def still_failing(
    works: Sequence[TaskState], progress: Mapping[TaskId, Progress], check: CheckOptions | None
) -> set[TaskId]:
    """Returns the deferred tasks that stay deferred even if they merge: their check failed on this very work.

    Includes tasks on top of work that landed as other commits: a merge would restore the old commits.
    Excludes tasks whose failed check was another command, and those that failed together with a task of the
    level that is now neither landed nor ready.
    """
    present = {work.task for work in works if work.standing in ("landed", "ready")}
    found = set()
    for work in works:
        deferral = progress.get(work.task, PENDING).deferral
        if work.standing == "deferred" and deferral is not None and deferral.stands_on:
            found.add(work.task)
        if work.standing != "deferred" or deferral is None or not deferral.check:
            continue
        here = [TaskId(other) for other in deferral.others if other in {one.task for one in works}]
        if (check is None or check.command.digest == deferral.check) and present.issuperset(here):
            found.add(work.task)
    return found


def _merges(ancestry: Ancestry, target: Oid, head: Oid) -> bool:
    return ancestry.remembered(("merges", target, head), lambda: None) is not None


def _clean_tree(merged: TreeMerge) -> Oid | None:
    return merged.tree if merged.clean else None
