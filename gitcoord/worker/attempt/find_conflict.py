"""Finds the conflict that an agent has to resolve: one of its new work, or one from an earlier attempt."""

import re
from pathlib import Path

from gitcoord.conflicts.exclusive_paths import overtaken
from gitcoord.conflicts.rules import rulebook
from gitcoord.git.git_cli import Oid
from gitcoord.git.merge_tree import merge_tree
from gitcoord.git.worktree import WorkingCopy
from gitcoord.landing.level_branch_names import present_round
from gitcoord.tasks.model import TaskId
from gitcoord.worker.attempt.attempt_context import AttemptContext
from gitcoord.worker.attempt.conflict_handoff import merge_in
from gitcoord.worker.attempt.prompt.markdown import ConflictBrief
from gitcoord.worker.deferred_work import merged_like
from gitcoord.worker.submit import other_side_of
from gitcoord.worker.task_context import TaskContext


def conflict_of(task_context: TaskContext, head: Oid) -> ConflictBrief | None:
    """The conflict of `head` with the level branch (single-PR) or the base; None if there is none.

    A clean merge is a conflict, too, if another task changed exclusive paths first. Returns None if git
    cannot tell.
    """
    name, commit = task_context.plan.base, task_context.base_commit
    folds = task_context.plan.strategy == "single-pr" and not task_context.stacks.heads(
        task_context.repository.git, head
    )
    if folds and not task_context.plan.waits_for(task_context.task.id, task_context.landed):
        level = present_round(task_context.plan.level_of(task_context.task.id), task_context.progress)
        tip = task_context.tips.get(level)
        if tip is not None and not task_context.ancestry.contains(commit, tip):
            name, commit = level, tip
    if task_context.ancestry.contains(head, commit) or task_context.ancestry.contains(commit, head):
        return None
    like = merged_like(task_context, commit, head)
    merged = merge_tree(task_context.repository.git, like, head)
    apart = overtaken(task_context.repository.git, rulebook(task_context.settings.rules), like, head)
    if merged.clean is None or (merged.clean and not apart):
        return None
    paths = merged.paths if not merged.clean else apart
    others = other_side_of(task_context, head, paths)
    exclusive = merged.clean is True
    return ConflictBrief(commit=commit, name=name, like=like, paths=paths, others=others, exclusive=exclusive)


def pending_conflict(context: AttemptContext, copy: WorkingCopy) -> ConflictBrief | None:
    """Returns the conflict to resolve, from an earlier attempt or a deferral; None if there is none.

    For a deferred subtask, merges the parent's branch into the checkout first.
    """
    state, task_context = copy.merge_state(), context.task_context
    if not state.running and context.unit.subtask is not None and context.before.deferral is not None:
        return merge_in(
            copy,
            ConflictBrief(commit=task_context.tips[task_context.task.branch], name=task_context.task.branch),
            context,
        )
    deferral = context.before.deferral
    merges = deferral is not None and bool(deferral.exclusive or deferral.check)
    if not state.running and deferral is not None and merges and deferral.onto:
        return ConflictBrief(
            commit=deferral.onto,
            name=task_context.plan.base,
            paths=deferral.paths,
            others=tuple(TaskId(other) for other in deferral.others),
            exclusive=deferral.exclusive,
            failure=deferral.reason if deferral.check else "",
            output=deferral.output,
        )
    if not state.running:
        return None
    commit, head = copy.git.text("rev-parse", "MERGE_HEAD"), copy.git.text("rev-parse", "HEAD")
    message = Path(copy.git.text("rev-parse", "--absolute-git-dir"), "MERGE_MSG").read_text(
        "utf-8", "replace"
    )
    merging = re.match(r"Merge (\S+) into ", message)
    return ConflictBrief(
        commit=commit,
        name=merging[1] if merging else f"The commit {commit[:12]}",
        paths=state.unmerged,
        others=other_side_of(task_context, head, state.unmerged),
    )
