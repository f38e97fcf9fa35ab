"""Keeps an attempt's work that its branch does not have: uncommitted files, and commits elsewhere."""

import time
from collections.abc import Callable

from gitcoord.errors import GitcoordError
from gitcoord.git.worktree import WorkingCopy
from gitcoord.worker.attempt.attempt_context import AttemptContext, AttemptResult
from gitcoord.worker.attempt.checkout_repair import repair_branch
from gitcoord.worker.attempt.kept_commits import (
    keep_commits,
    keep_stashed,
    keep_unnamed,
    kept_ref,
    uncommitted_ref,
)
from gitcoord.worker.attempt.shared_state import put_back_of_other_attempts
from gitcoord.worker.attempt.uncommitted_work import keep_uncommitted


def keep_leftovers(context: AttemptContext, attempt: int) -> None:
    """Keeps uncommitted work of `attempt` in the checkout under a ref, and logs it. Raises `git-failed`."""
    repository = context.task_context.repository
    ref = uncommitted_ref(context.task_context.plan.generation, context.unit.id, attempt)
    found = keep_uncommitted(repository, context.directory, ref, context.settings.rules)
    whose = "this attempt" if attempt == context.attempt else f"attempt {attempt}"
    if found.ref and found.ref not in context.kept:
        context.kept.append(found.ref)
        context.log.say(f"uncommitted work of {whose} is kept: git stash show --patch {found.ref}")
    if found.aside is not None:
        context.log.say(f"files of {whose} that must not be committed are copied to {found.aside}")
    for note in found.notes:
        context.log.say(note)


def keep_commits_outside(context: AttemptContext, result: AttemptResult) -> str:
    """The ref with the commits that the agent left outside its branch; empty if there are none.

    Keeps uncommitted work, too, if the checkout of a failed attempt is about to be removed.
    """
    task_context, branch = context.task_context, context.unit.branch
    repository = task_context.repository
    ref = kept_ref(task_context.plan.generation, context.unit.id, context.attempt)
    # If somebody set the clock meanwhile, keep too many commits rather than too few.
    moment = min(context.since, time.time() - (time.monotonic() - context.began))
    found = _kept(context, lambda: keep_commits(repository, branch, context.directory, ref))
    unnamed = _kept(
        context,
        lambda: keep_unnamed(
            repository,
            context.directory,
            ref,
            attempt=context.place,
            start=context.start,
            moment=moment,
        ),
    )
    stashed = _kept(context, lambda: keep_stashed(repository, branch, ref, moment=moment))
    goes = context.settings.run.keep_checkout == "never" and not result.keep
    if goes and result.outcome not in ("ok", "lost"):
        keep_before_removal(context)
    if found or unnamed:
        context.log.say(f"commits that the agent left on no branch are kept: git log {found or unnamed}")
    if stashed:
        context.log.say(f"its entries in git's stash are kept, too: git stash show --patch {stashed}")
    return found or unnamed or stashed


def keep_before_removal(context: AttemptContext) -> bool:
    """Keeps uncommitted work of this attempt; returns False, and logs why, if the checkout must stay."""
    repository = context.task_context.repository
    copy = WorkingCopy(repository, context.directory)
    try:
        if mended := repair_branch(repository, copy, context.unit.branch, context.starts):
            context.log.say(mended)
        keep_leftovers(context, context.attempt)
    except GitcoordError as error:
        context.log.say(
            f"keeping {context.directory}: its uncommitted work cannot be saved elsewhere: {error}"
        )
        return False
    return True


def _kept(context: AttemptContext, keep: Callable[[], str]) -> str:
    """Returns the ref that `keep` returns; if git fails, logs that, so that other work can still be kept."""
    try:
        return keep()
    except GitcoordError as error:
        if put_back_of_other_attempts(context):
            return _kept(context, keep)
        context.log.say(f"cannot find out whether the agent left commits on no branch: {error}")
        return ""
