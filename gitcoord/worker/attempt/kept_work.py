"""Keeps an attempt's work that its branch does not have: uncommitted files, and commits elsewhere."""

import time

from gitcoord.errors import GitcoordError
from gitcoord.worker.attempt.attempt_context import AttemptContext, AttemptResult
from gitcoord.worker.attempt.kept_commits import (
    keep_commits,
    keep_stashed,
    keep_unnamed,
    kept_ref,
    uncommitted_ref,
)
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
    task_context, ref = (
        context.task_context,
        kept_ref(context.task_context.plan.generation, context.unit.id, context.attempt),
    )
    goes = context.settings.run.keep_checkout == "never" and not result.keep
    try:
        if goes and result.outcome not in ("ok", "lost"):
            keep_leftovers(context, context.attempt)
        found = keep_commits(task_context.repository, context.unit.branch, context.directory, ref)
        # If somebody set the clock meanwhile, keep too many commits rather than too few.
        moment = min(context.since, time.time() - (time.monotonic() - context.began))
        unnamed = keep_unnamed(
            task_context.repository,
            context.directory,
            ref,
            attempt=context.place,
            start=context.start,
            moment=moment,
        )
        found = unnamed or found
        stashed = keep_stashed(task_context.repository, context.unit.branch, ref, moment=moment)
    except GitcoordError as error:
        context.log.say(f"cannot find out whether the agent left commits on no branch: {error}")
        return ""
    if found:
        context.log.say(f"commits that the agent left on no branch are kept: git log {found}")
    if stashed:
        context.log.say(f"its entries in git's stash are kept, too: git stash show --patch {stashed}")
    return found or stashed
