"""Updates a stacked branch from the base after its parent has landed as other commits."""

from gitcoord.evidence.stacks import Parents, UnknownParent
from gitcoord.git.git_cli import Oid
from gitcoord.git.worktree import WorkingCopy
from gitcoord.natural_order import natural_key
from gitcoord.state.task_history import PENDING
from gitcoord.tasks.model import TaskId
from gitcoord.text_lists import named_tasks, some
from gitcoord.worker.task_context import TaskContext


def bring_up_to_date(
    context: TaskContext, copy: WorkingCopy, head: Oid
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Merges the base into a stacked branch; returns conflicting paths and notes for the worker.

    Changes nothing if there are uncommitted changes, or if a task below has not landed; the notes say so.
    """
    base, branch = context.plan.base, context.task.branch
    rewritten = rewritten_parents(context, head)
    for parent in rewritten:
        if not parent.here:
            return (), (parent.sentence(branch, base),)
    if not rewritten and not context.stacks.heads(context.repository.git, head):
        return (), ()
    why = rewritten[0].fact(branch) if rewritten else _why(context, head)
    others = _unlanded_parents(context, head)
    if others:
        return (), (
            f"{why}; {branch} will be updated from {base} after the landing of {named_tasks(others)}",
        )
    unclean = copy.changes(untracked=False)
    if unclean:
        return (), (
            f"{why}; commit the changes in {some(unclean)}, and `gitcoord checkout {context.task.id}` "
            f"merges {base} "
            "into the branch",
        )
    # The worker can review the merge with a rewritten parent; landing cannot, and holds such a branch.
    like = context.stacks.base_for(context.repository.git, head, *(parent.head for parent in rewritten))
    state = copy.merge(context.base_commit, f"Merge {base} into {branch}\n", like=like)
    if not state.running:
        after = f" as if that began at {rewritten[0].head[:12]}: review the merge" if rewritten else ""
        return (), (f"{why}: {base} was merged into {branch}{after}",)
    return state.unmerged, (f"{why}: {base} was merged into {branch}", say_conflict(context, state.unmerged))


def _unlanded_parents(context: TaskContext, head: Oid) -> list[TaskId]:
    """The tasks below the branch whose work the base lacks: until they land, no merge base is right."""
    heads: dict[Oid, TaskId] = {}
    for task, planned in context.plan.tasks.items():
        if task == context.task.id or task in context.landed:
            continue
        known = (
            context.tips.get(planned.branch),
            context.progress.get(task, PENDING).head,
            context.mine.parents.get(task),
        )
        heads |= {commit: task for commit in known if commit}
    below = context.ancestry.contained(head, set(heads)) if heads else set()
    below -= context.ancestry.contained(context.base_commit, below) if below else set()
    return sorted({heads[commit] for commit in below}, key=natural_key)


def told_of_update(context: TaskContext, before: Oid | None, commit: Oid) -> tuple[str, ...]:
    """A note for the worker if somebody else has merged the base into the branch; else empty."""
    git = context.repository.git
    if before is None or before == commit or not context.stacks.heads(git, before):
        return ()
    if context.stacks.heads(git, commit):
        return ()
    return (
        f"{_why(context, before)}: {context.task.branch} was brought up to date with {context.plan.base}",
    )


def parent_unknown(context: TaskContext, head: Oid) -> UnknownParent | None:
    """A parent that landed rewritten: its changes cannot be separated from the branch's own. Else None."""
    return _parents(context).unknown(head, context.task.id)


def rewritten_parents(context: TaskContext, head: Oid) -> list[UnknownParent]:
    """The parents that landed rewritten: their changes cannot be separated from the branch's own."""
    return list(_parents(context).all_unknown(head, context.task.id))


def _parents(context: TaskContext) -> Parents:
    return Parents(context.repository.git, context.stacks, context.plan, context.progress, context.landed)


def only_stacked(context: TaskContext, head: Oid) -> bool:
    """Whether the branch has no work beyond that of its parents, which landed as other commits."""
    git = context.repository.git
    heads = context.stacks.heads(git, head)
    landed = [f"^{commit}" for commit in (context.base_commit, *heads)]
    return bool(heads) and not git.lines("rev-list", "--no-merges", "--max-count=1", head, *landed)


def say_conflict(context: TaskContext, paths: tuple[str, ...]) -> str:
    """The note about a merge that is in progress in the working copy."""
    if not paths:
        return f"a merge into {context.task.branch} is in progress; `gitcoord submit` completes it"
    return (
        f"{context.task.branch} conflicts in {', '.join(paths)}: resolve the conflict in the working copy, "
        "then `gitcoord submit`"
    )


def _why(context: TaskContext, head: Oid) -> str:
    heads = context.stacks.heads(context.repository.git, head)
    landings = {task: one for task, one in context.landed.items() if one.head in heads}
    if not landings:
        return f"{context.task.branch} is stacked on work that {context.plan.base} has as other commits"
    commits = ", ".join(dict.fromkeys(one.commit[:12] for one in landings.values()))
    return f"{named_tasks(list(landings))} landed as {commits}"
