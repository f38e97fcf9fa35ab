"""Removes or keeps a checkout when its attempt has ended."""

from gitcoord.worker.attempt.agent_checkout import clear_done, remove
from gitcoord.worker.attempt.attempt_context import AttemptContext, AttemptResult
from gitcoord.worker.attempt.kept_work import keep_before_removal


def clear_away(context: AttemptContext, result: AttemptResult) -> None:
    """Removes the checkout, unless the result or the setting `keep-checkout` keeps it, or work would be lost.

    Also removes the branch of a successful subtask, because the parent's branch contains it.
    """
    repository, unit = context.task_context.repository, context.unit
    wish = context.settings.run.keep_checkout
    kept = wish == "always" or (wish == "failed" and result.outcome != "ok")
    if result.outcome == "lost" or result.keep or kept:
        return
    if result.outcome == "ok":
        clear_done(repository, context.task_context.shared, unit, context.directory, result.head)
    elif keep_before_removal(context):
        remove(repository, context.directory)
