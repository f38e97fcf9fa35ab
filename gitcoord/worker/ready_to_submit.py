"""Checks that the working copy on a branch is complete: no merge in progress, nothing uncommitted."""

from gitcoord.errors import GitcoordError, answer_no
from gitcoord.git.remote_refs import HEADS
from gitcoord.git.worktree import WorkingCopy
from gitcoord.git.worktree_list import worktrees
from gitcoord.settings_file import SETTINGS_FILES
from gitcoord.text_lists import some
from gitcoord.worker.task_context import TaskContext
from gitcoord.worker.task_list_changes import beside_lists, paths_at


def check_ready(context: TaskContext) -> None:
    """Raises (exit 1) if the working copy on the branch is not complete.

    `unfinished`: a merge or rebase is in progress; `unresolved`: conflict markers remain; `unclean`: there
    are uncommitted changes; `detached`: commits are on no branch.
    """
    copy = working_copy(context)
    if copy is None:
        _check_detached(context)
        return
    begun = copy.operation()
    if begun:
        raise _unfinished(copy, begun)
    state = copy.merge_state()
    left = copy.unresolved(state)
    if left:
        raise answer_no(
            "unresolved",
            f"The conflict is not resolved in {', '.join(left)}.",
            "Edit the files and remove the conflict markers (`git add` files that are right as they are, "
            "`git rm` files to delete), then submit again.",
        )
    unclean = copy.unstaged() if state.running else copy.changes(untracked=True)
    unclean = [path for path in unclean if path not in state.unmerged]
    unclean = _beside_new_settings(copy, beside_lists(copy, unclean, paths_at(context)))
    if unclean:
        raise answer_no(
            "unclean",
            f"{copy.directory} has uncommitted changes: {some(unclean)}.",
            "Commit them (or put them into .gitignore), then submit again."
            if not state.running
            else "Stage them with `git add` (or put them into .gitignore), then submit again.",
        )


def _beside_new_settings(copy: WorkingCopy, unclean: list[str]) -> list[str]:
    """The changed paths without untracked settings files: `init` wrote such a file, not the task's worker."""
    if not set(unclean) & set(SETTINGS_FILES):
        return unclean
    tracked = set(copy.changes(untracked=False))
    return [path for path in unclean if path in tracked or path not in SETTINGS_FILES]


def working_copy(context: TaskContext) -> WorkingCopy | None:
    """The worktree that has the task's branch checked out, this one or another; None if there is none."""
    place = worktrees(context.repository.git).get(HEADS + context.task.branch)
    return None if place is None else WorkingCopy(context.repository, place)


def _check_detached(context: TaskContext) -> None:
    """Raises `detached` if a detached HEAD has commits on top of the branch, which would be left behind."""
    if context.repository.root is None:
        return
    copy = WorkingCopy(context.repository, context.repository.root)
    tip, head = context.local_tip, context.repository.resolve("HEAD")
    if copy.branch() is not None or tip is None or head is None:
        return
    begun = copy.operation()
    if begun:
        raise _unfinished(copy, begun)
    if head != tip and context.ancestry.contains(head, tip):
        raise answer_no(
            "detached",
            f"HEAD is detached at {head[:12]}, with commits that {context.task.branch} does not have.",
            f"Put them on the branch with `git switch -C {context.task.branch}`, then submit again.",
        )


def _unfinished(copy: WorkingCopy, begun: str) -> GitcoordError:
    return answer_no(
        "unfinished",
        f"{copy.directory} is in the middle of a {begun}.",
        f"Finish it (`git {begun} --continue`) or abort it (`git {begun} --abort`), then submit again.",
    )
