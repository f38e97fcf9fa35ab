"""A worker's view of a stack: the parent has landed under other commits, and the branch takes the base in."""

from gitcoord.evidence.stacks import Parents, UnknownParent
from gitcoord.git.run import Oid
from gitcoord.git.working_copy import WorkingCopy
from gitcoord.planning.order import natural_key
from gitcoord.running.model import TaskContext
from gitcoord.sentences import named_tasks, some
from gitcoord.state.progress import PENDING
from gitcoord.tasks.model import TaskId


def bring_up_to_date(
    desk: TaskContext, copy: WorkingCopy, head: Oid
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Merges the base into a stacked branch; the conflicted paths that are left, and what to tell the worker.

    Uncommitted work is never in the way: the worker is told, and nothing moves.
    """
    base, branch = desk.plan.base, desk.task.branch
    rewritten = rewritten_parents(desk, head)
    for parent in rewritten:
        if not parent.here:
            return (), (parent.sentence(branch, base),)
    if not rewritten and not desk.stacks.heads(desk.repository.git, head):
        return (), ()
    why = rewritten[0].fact(branch) if rewritten else _why(desk, head)
    others = _unlanded_parents(desk, head)
    if others:
        return (), (f"{why}; {branch} takes {base} in once {named_tasks(others)} landed, too",)
    unclean = copy.changes(untracked=False)
    if unclean:
        return (), (
            f"{why}; commit what is in {some(unclean)}, and `gitcoord checkout {desk.task.id}` merges {base} "
            "into the branch",
        )
    # The worker looks at what comes of a rewritten parent; landing, where nobody does, holds such a branch.
    like = desk.stacks.base_for(desk.repository.git, head, *(parent.head for parent in rewritten))
    state = copy.merge(desk.base_commit, f"Merge {base} into {branch}\n", like=like)
    if not state.running:
        after = f" as if it began at {rewritten[0].head[:12]}: look through it" if rewritten else ""
        return (), (f"{why}: {base} was merged into {branch}{after}",)
    return state.unmerged, (f"{why}: {base} was merged in", say_conflict(desk, state.unmerged))


def _unlanded_parents(desk: TaskContext, head: Oid) -> list[TaskId]:
    """The other tasks that the branch is stacked on: while the base lacks one, no merge base is right."""
    heads: dict[Oid, TaskId] = {}
    for task, planned in desk.plan.tasks.items():
        if task == desk.task.id or task in desk.landed:
            continue
        known = (
            desk.tips.get(planned.branch),
            desk.progress.get(task, PENDING).head,
            desk.mine.parents.get(task),
        )
        heads |= {commit: task for commit in known if commit}
    below = desk.ancestry.contained(head, set(heads)) if heads else set()
    below -= desk.ancestry.contained(desk.base_commit, below) if below else set()
    return sorted({heads[commit] for commit in below}, key=natural_key)


def told_of_update(desk: TaskContext, before: Oid | None, commit: Oid) -> tuple[str, ...]:
    """A word to the worker whose branch somebody else brought up to date meanwhile."""
    git = desk.repository.git
    if before is None or before == commit or not desk.stacks.heads(git, before):
        return ()
    if desk.stacks.heads(git, commit):
        return ()
    return (f"{_why(desk, before)}: {desk.task.branch} was brought up to date with {desk.plan.base}",)


def parent_unknown(desk: TaskContext, head: Oid) -> UnknownParent | None:
    """The parent that landed rewritten, so that it cannot be told what the branch did itself."""
    return _parents(desk).unknown(head, desk.task.id)


def rewritten_parents(desk: TaskContext, head: Oid) -> list[UnknownParent]:
    """The parents that landed rewritten, so that it cannot be told what the branch did itself."""
    return list(_parents(desk).all_unknown(head, desk.task.id))


def _parents(desk: TaskContext) -> Parents:
    return Parents(desk.repository.git, desk.stacks, desk.plan, desk.progress, desk.landed)


def only_stacked(desk: TaskContext, head: Oid) -> bool:
    """Whether the branch holds nothing but what it is stacked on, which has landed under other commits."""
    git = desk.repository.git
    heads = desk.stacks.heads(git, head)
    landed = [f"^{commit}" for commit in (desk.base_commit, *heads)]
    return bool(heads) and not git.lines("rev-list", "--no-merges", "--max-count=1", head, *landed)


def say_conflict(desk: TaskContext, paths: tuple[str, ...]) -> str:
    """What to do about a merge that is in progress in the working copy."""
    if not paths:
        return f"a merge into {desk.task.branch} is in progress; `gitcoord submit` completes it"
    return (
        f"{desk.task.branch} conflicts in {', '.join(paths)}: resolve the conflict in the working copy, "
        "then `gitcoord submit`"
    )


def _why(desk: TaskContext, head: Oid) -> str:
    heads = desk.stacks.heads(desk.repository.git, head)
    landings = {task: one for task, one in desk.landed.items() if one.head in heads}
    if not landings:
        return f"{desk.task.branch} is stacked on work that {desk.plan.base} holds under other commits"
    commits = ", ".join(dict.fromkeys(one.commit[:12] for one in landings.values()))
    return f"{named_tasks(list(landings))} landed as {commits}"
