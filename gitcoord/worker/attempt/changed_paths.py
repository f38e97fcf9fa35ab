"""The paths that a branch changes, as they lie in its checkout: for a check that looks at these alone."""

from gitcoord.git.worktree import WorkingCopy
from gitcoord.worker.own_work import began_at
from gitcoord.worker.task_context import TaskContext


def changed_paths(task_context: TaskContext, copy: WorkingCopy) -> list[str]:
    """The paths that the branch changes, uncommitted ones and deleted ones too, since it left the base.

    While the other side of a conflict is being merged in, that counts as the base.
    """
    git = copy.git
    head = git.text("rev-parse", "--verify", "HEAD")
    since = (
        git.probe("rev-parse", "--verify", "--quiet", "MERGE_HEAD") or began_at(task_context, head) or head
    )
    changed = git.text("diff", "--name-only", "--no-renames", "-z", since).split("\0")
    new = git.text("ls-files", "--others", "--exclude-standard", "-z").split("\0")
    return sorted({path for path in (*changed, *new) if path})
