"""A worker's view of a rollback: the task's branch gets its work back, or says that it has to."""

from gitcoord.errors import answer_no
from gitcoord.evidence.model import Rollback
from gitcoord.evidence.rollbacks import find_rollbacks, stands
from gitcoord.git.run import Oid
from gitcoord.git.working_copy import WorkingCopy
from gitcoord.merging.rollback.revive import TO_COME, revive
from gitcoord.running.model import TaskContext
from gitcoord.sentences import some


def rolled_back(desk: TaskContext, tip: Oid) -> Rollback | None:
    """The newest rollback of the task whose work a branch at `tip` has not brought back."""
    found = find_rollbacks(desk.repository.git, desk.ancestry, desk.base_commit, desk.progress)
    mine = found.get(desk.task.id, [])
    missing = mine and (not stands(desk.ancestry, mine, tip) or _before_work(desk, tip) != tip)
    return mine[-1] if missing else None


def former_work(desk: TaskContext) -> Oid | None:
    """The work of a task that was rolled back, when its branch is gone; the remote may still have it."""
    found = find_rollbacks(desk.repository.git, desk.ancestry, desk.base_commit, desk.progress)
    mine = found.get(desk.task.id, [])
    head = mine[-1].head if mine else None
    if head is None or desk.ancestry.existing({head}):
        return head
    return head if desk.shared.bring(head) and desk.ancestry.existing({head}) else None


def check_brought_back(desk: TaskContext) -> None:
    """Raises `rolled-back` (exit 1) when landing the branch would bring nothing of its former work back."""
    head = desk.local_tip or desk.shared_tip
    if head is None or rolled_back(desk, head) is None:
        return
    task = desk.task.id
    raise answer_no(
        "rolled-back",
        f"Task {task} was rolled back, and {desk.task.branch} goes on from before that. "
        f"{desk.plan.base} has had its commits already: merging them again would bring nothing back.",
        f"`gitcoord checkout {task}` brings the work back as a new commit on top; then submit.",
    )


def bring_back(desk: TaskContext, copy: WorkingCopy) -> tuple[str, ...]:
    """Puts the rolled-back work onto the checked-out branch again; a conflict stays in the working copy."""
    tip = copy.git.text("rev-parse", "HEAD")
    rollback = rolled_back(desk, tip)
    if rollback is None:
        return _say_gone(desk)
    unclean = copy.changes(untracked=False)
    if unclean:
        raise answer_no(
            "unclean",
            f"{copy.directory} has uncommitted changes in the way of the work that was rolled back: "
            f"{some(unclean)}.",
            "Commit or stash them, then run the command again.",
        )
    base, branch = desk.plan.base, desk.task.branch
    again = revive(
        desk.repository,
        task=desk.task.id,
        branch=branch,
        tip=tip,
        former=_before_work(desk, tip),
        start=rollback.start,
        base=base,
        base_commit=desk.base_commit,
    )
    copy.fast_forward(again.work or again.without)
    if again.work == again.without:
        return (f"{branch} was brought up to date with {base}, which has the task's former work again",)
    if again.work is not None:
        return (f"task {desk.task.id} was rolled back: its work is back on {branch} as {again.work[:12]}",)
    copy.merge(again.former, f"Bring the work of task {desk.task.id} back after its rollback")
    return (f"task {desk.task.id} was rolled back: bringing its work back conflicts with {base}",)


def _say_gone(desk: TaskContext) -> tuple[str, ...]:
    """A word to the worker who begins anew, because nobody has the former work any more."""
    if desk.mine.stand != "rolled-back" or desk.shared_tip is not None or former_work(desk):
        return ()
    taken_back = desk.mine.rollbacks[-1].commit[:12]
    return (
        f"the former work of task {desk.task.id} is gone; `git show {taken_back}` shows what was taken back",
    )


def _before_work(desk: TaskContext, tip: Oid) -> Oid:
    """The commit that holds the work: not one that was to have it brought back on top, and did not."""
    git = desk.repository.git
    while git.text("show", "--no-patch", f"--format=%(trailers:key={TO_COME},valueonly)", tip):
        tip = git.text("rev-parse", "--verify", f"{tip}^1")
    return tip
