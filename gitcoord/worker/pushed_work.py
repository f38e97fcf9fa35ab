"""Recognizes work that was pushed to the base directly: it counts as done, and nothing is left to land."""

import re

from gitcoord.evidence.proof_by_content import holds
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.remote_refs import HEADS
from gitcoord.git.worktree import WorkingCopy
from gitcoord.worker.task_context import TaskContext

_MAKING = {"commit", "cherry-pick", "revert", "am"}
"""The commands that make a commit, as git's reflog names them. A pull or a reset makes none."""


def is_pushed_work(context: TaskContext, head: Oid, copy: WorkingCopy | None) -> bool:
    """Whether `head`, which the base contains, has commits that were made for the task since it began.

    A branch that only merged the base is also in the base, but has only the work of others.
    """
    began = context.mine.began
    if began is None or context.ancestry.contains(began, head):
        return False
    made = _made_here(copy.git if copy else context.repository.git, context.task.branch, whole=_is_own(copy))
    known = context.ancestry.existing(made)
    newest = next((one for one in made if one in known and not context.ancestry.contains(began, one)), None)
    if newest is None:
        return False
    # A rebase before the push may have rewritten the commits.
    return context.ancestry.contains(head, newest) or holds(context.repository.git, [(head, newest)])[0]


def _is_own(copy: WorkingCopy | None) -> bool:
    """Whether the working copy is a linked worktree: all commits made there count as the task's."""
    if copy is None:
        return False
    own, shared = copy.git.lines("rev-parse", "--path-format=absolute", "--git-dir", "--git-common-dir")
    return own != shared


def _made_here(git: Git, branch: str, *, whole: bool) -> list[Oid]:
    """The commits that were made on the branch (`whole`: on any branch in this worktree), newest first."""
    made: list[Oid] = []
    for ref in (HEADS + branch, *(["HEAD"] if whole else [])):
        told = git.probe("log", "--walk-reflogs", "-z", "--format=%H%x1f%gs", ref, "--")
        steps = (step.partition("\x1f") for step in (told or "").split("\0") if step)
        made += [commit for commit, _, action in steps if re.split("[ :]", action, maxsplit=1)[0] in _MAKING]
    return made
