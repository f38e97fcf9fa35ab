"""Merged pull requests as evidence, for merges that git alone cannot recognize."""

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from gitcoord.evidence.model import Landing, Rollbacks
from gitcoord.evidence.proof_by_content import holds
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.git_cli import Git, Oid
from gitcoord.planning.model import Plan
from gitcoord.state.task_history import PENDING, Progress
from gitcoord.tasks.model import TaskId

if TYPE_CHECKING:
    from gitcoord.forge.pull_requests import Pull


def merged_into(ancestry: Ancestry, base_commit: Oid, pulls: "Iterable[Pull]") -> "list[tuple[Pull, Oid]]":
    """Returns the pull requests whose merge commit the base contains, each with that commit."""
    merged = [(p, p.merge_commit) for p in pulls if p.state == "merged" and p.merge_commit is not None]
    inside = ancestry.contained(base_commit, {commit for _, commit in merged})
    return [(pull, commit) for pull, commit in merged if commit in inside]


def pulled_tasks(
    git: Git,
    ancestry: Ancestry,
    *,
    base_commit: Oid,
    plan: Plan,
    progress: Mapping[TaskId, Progress],
    tips: Mapping[str, Oid],
    heads: Mapping[TaskId, Oid],
    pulls: "Collection[Pull]",
) -> dict[TaskId, Landing]:
    """Returns the landings of tasks by merged pull requests, of the task's own branch or of a level branch.

    `heads` are the known heads of tasks. A merged pull request needs to contain only the submitted work:
    gitcoord may have merged the base into the branch while somebody merged the pull request. A task that was
    only started counts if a pull request of its branch was merged after the start.
    """
    submitted = {task: progress.get(task, PENDING).submitted_head or head for task, head in heads.items()}
    owners = {planned.branch: task for task, planned in plan.tasks.items()}
    found: dict[TaskId, Landing] = {}
    for pull, commit in merged_into(ancestry, base_commit, pulls):
        owner = owners.get(pull.head)
        if owner is not None and owner not in heads:
            known = (progress.get(owner, PENDING), tips.get(pull.head))
            # An adopted pull request is the task itself. Its number is never used again, unlike a name.
            if (plan.adopted and owner == str(pull.number)) or _is_work_of(
                ancestry, base_commit, *known, pull, commit
            ):
                found[owner] = Landing(commit=commit, head=pull.head_commit)
            continue
        own = submitted if owner is None else {owner: submitted[owner]}
        part = ancestry.contained(pull.head_commit, set(own.values()))
        found |= {task: Landing(commit=commit, head=heads[task]) for task, h in own.items() if h in part}
        if owner is not None and owner not in found:
            head = own[owner]
            if _holds_unseen(git, ancestry, pull, commit, head):
                found[owner] = Landing(commit=commit, head=head)
    return found


def _is_work_of(
    ancestry: Ancestry, base_commit: Oid, before: Progress, tip: Oid | None, pull: "Pull", commit: Oid
) -> bool:
    """Whether a pull request merged the work of a task that was started and not submitted.

    Branch names are used again: a pull request does not count if the work began on top of its head or merge.
    Nor does it count while an attempt is running, or if the branch has more commits.
    """
    began, attempt = before.began, before.attempt
    if before.state != "started" or began is None or (attempt is not None and attempt.running):
        return False
    if not ancestry.existing({began}) or ancestry.contained(began, {commit, pull.head_commit}):
        return False
    return tip is None or ancestry.contains(pull.head_commit, tip) or ancestry.contains(base_commit, tip)


def _holds_unseen(git: Git, ancestry: Ancestry, pull: "Pull", commit: Oid, head: Oid) -> bool:
    """Whether `commit`, the merge of a head that this clone lacks, contains the task's work."""
    if ancestry.existing({pull.head_commit}) or not ancestry.existing({head}):
        return False
    key = ("pulled", commit, head)
    return ancestry.remembered(key, lambda: commit if holds(git, [(commit, head)])[0] else None) is not None


def stands_pulled(ancestry: Ancestry, undone: Rollbacks, task: TaskId, landing: Landing) -> bool:
    """Whether the landing by a pull request still counts: its merge and its head contain all rollbacks.

    Merging a head without the rollback again restores nothing, because the base's history has its commits.
    """
    return all(
        ancestry.contains(commit, one.commit)
        for one in undone.get(task, ())
        for commit in (landing.commit, landing.head)
    )
