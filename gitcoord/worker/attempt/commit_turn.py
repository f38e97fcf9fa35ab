"""The end of an agent's turn: repairs its checkout, and commits its work to the unit's branch."""

from gitcoord.errors import GitcoordError
from gitcoord.git.worktree import WorkingCopy
from gitcoord.text_lists import some
from gitcoord.worker.attempt.agent_checkout import unlock
from gitcoord.worker.attempt.attempt_context import AttemptContext, AttemptResult, without_room
from gitcoord.worker.attempt.checkout_repair import repair_branch, show_hidden_files
from gitcoord.worker.attempt.commit_message import commit_message
from gitcoord.worker.attempt.commit_work import CheckoutOutcome, commit_all_work
from gitcoord.worker.attempt.given_files import ProvidedFiles
from gitcoord.worker.attempt.shared_state import put_back_of_other_attempts
from gitcoord.worker.own_work import began_at
from gitcoord.worker.task_list_changes import list_note, put_back_in


def repair_checkout(context: AttemptContext, copy: WorkingCopy) -> AttemptResult | None:
    """Repairs the branch and removes stale locks; returns a failure if the checkout is not usable."""
    if mended := repair_branch(context.task_context.repository, copy, context.unit.branch, context.starts):
        context.log.say(mended)
    what = copy.damage()
    if not what:
        if left := unlock(context.task_context.repository, copy, context.unit.branch):
            context.log.say(f"removed git lock files that the agent left: {', '.join(left)}")
        if context.outside.hides:
            show_hidden_files(copy, context.log.say)
        return None
    reason = f"the agent damaged its checkout: {what}; everything it left stays in {context.directory}"
    return AttemptResult(outcome="failed", reason=reason, keep=True)


def commit_turn(context: AttemptContext, copy: WorkingCopy) -> AttemptResult | None:
    """Commits the work, without files that must not land; returns the failure if that is not possible."""
    try:
        left = _commit_all(context, copy)
        if left.keep and put_back_of_other_attempts(context):
            left = _commit_all(context, copy)
    except GitcoordError as error:
        full = without_room(context, error.message.rstrip("."))
        if full is None:
            raise
        return full
    for note in left.notes:
        context.log.say(note)
    if not left.problem and (carried := ProvidedFiles(copy).committed(copy.git, context.start, left.head)):
        reason = f"the agent committed files that `carry` copied in: {some(carried)}"
        return AttemptResult(
            outcome="failed", reason=f"{reason}; remove them from the commits", head=left.head
        )
    if not left.problem:
        since = began_at(context.task_context, left.head)
        dropped = (
            put_back_in(
                context.task_context.repository,
                copy,
                since,
                context.settings,
                context.task_context.plan.source,
            )
            if since
            else ()
        )
        for line in list_note(dropped):
            context.log.say(line)
        return None
    if left.keep and (full := without_room(context, left.problem)):
        return full
    return AttemptResult(
        outcome="conflict" if left.unresolved else "failed",
        reason=left.problem,
        head=left.head,
        keep=left.keep,
    )


def _commit_all(context: AttemptContext, copy: WorkingCopy) -> CheckoutOutcome:
    settings = context.settings.run
    return commit_all_work(
        context.task_context.repository,
        copy,
        context.unit,
        context.settings.rules,
        starts=context.starts,
        base=context.task_context.base_commit,
        message=commit_message(settings.commit_message, context.task_context.plan, context.unit),
        commit=context.order.commit_leftovers,
        take_nested=settings.nested_repositories == "add",
        hooks=settings.commit_hooks,
    )
