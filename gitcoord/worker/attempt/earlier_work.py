"""Saves the work in a checkout that no branch has, before another turn or attempt begins in it."""

from collections.abc import Sequence
from datetime import datetime

from gitcoord.errors import GitcoordError
from gitcoord.git.git_cli import Oid
from gitcoord.git.worktree import WorkingCopy
from gitcoord.worker.attempt.agent_checkout import is_ready
from gitcoord.worker.attempt.attempt_context import AttemptContext
from gitcoord.worker.attempt.checkout_repair import repair, repair_branch, show_hidden_files
from gitcoord.worker.attempt.kept_commits import keep_also, keep_commits, keep_unnamed, kept_ref
from gitcoord.worker.attempt.kept_work import keep_leftovers
from gitcoord.worker.attempt.local_attempts import attempts_here
from gitcoord.worker.attempt.paths import attempt_directory


def save_earlier_work(context: AttemptContext) -> None:
    """Saves the work of earlier attempts, and repairs the checkout, before an agent gets it."""
    repository, earlier = context.task_context.repository, context.before.attempts
    copy = WorkingCopy(repository, context.directory)
    been = _save_what_nothing_names(context)
    for mended in (
        repair_branch(repository, copy, context.unit.branch, context.starts),
        repair(
            repository,
            context.directory,
            context.unit.branch,
            context.start,
            been=(*been, *context.starts[1:]),
        ),
    ):
        if mended:
            context.log.say(mended)
    if not context.directory.is_dir() and not earlier:
        return
    try:
        show_hidden_files(copy, context.log.say)
    except GitcoordError:
        if not _replace_damaged_index(copy):
            raise
        context.log.say("the index of the checkout was damaged, and was created again")
    if earlier:
        _save_commits(context, earlier[-1].number)
    # Files that a killed git was writing are not work.
    if is_ready(copy):
        keep_leftovers(context, _newest_here(context))


def save_own_work(context: AttemptContext) -> None:
    """Saves uncommitted work of this attempt, before another turn, or before its merge is aborted."""
    keep_leftovers(context, context.attempt)


def _replace_damaged_index(copy: WorkingCopy) -> bool:
    """Replaces the index of the checkout if git cannot read it."""
    place = copy.administration()
    if place is None or copy.git.run("ls-files", "-z", ok=()).code == 0:
        return False
    (place / "index").unlink(missing_ok=True)
    copy.git.run("reset", "--quiet", "--mixed", ok=(0, 1))
    return True


def _newest_here(context: AttemptContext) -> int:
    """The number of the newest earlier attempt with a directory here; without one, of the newest of all.

    Returns 0 if there was none. Another machine's attempts left nothing here.
    """
    task_context, earlier = context.task_context, context.before.attempts
    common_dir, generation = task_context.repository.common_dir, task_context.plan.generation
    here = [
        number
        for number in attempts_here(common_dir, generation, context.unit.id)
        if number < context.attempt
    ]
    return max(here, default=earlier[-1].number if earlier else 0)


def _save_commits(context: AttemptContext, attempt: int) -> None:
    repository = context.task_context.repository
    ref = kept_ref(context.task_context.plan.generation, context.unit.id, attempt)
    since = context.start if context.how.fresh else None
    kept = keep_commits(repository, context.unit.branch, context.directory, ref, since=since)
    shared = context.task_context.shared_tip
    if since and shared and not context.task_context.ancestry.contains(since, shared):
        keep_also(repository, ref, shared)
        kept = ref
    if kept:
        context.log.say(f"commits that attempt {attempt} left on no branch are kept: git log {kept}")


def _save_what_nothing_names(context: AttemptContext) -> Sequence[Oid]:
    """Keeps commits of the last attempt that no ref or log names; returns all commits kept for it."""
    earlier, directory, repository = (
        context.before.attempts,
        context.directory,
        context.task_context.repository,
    )
    newest = earlier[-1] if earlier else None
    if newest is None or newest.started is None:
        return ()
    # The last attempt ended normally and its checkout is gone: gitcoord removed it.
    if not directory.is_dir() and newest.ended is not None and newest.ended.outcome != "lost":
        return ()
    generation, started = context.task_context.plan.generation, newest.started
    ref = kept_ref(generation, context.unit.id, newest.number)
    place = attempt_directory(repository.common_dir, generation, context.unit.id, newest.number)
    moment = datetime.fromisoformat(started.at).timestamp()
    if kept := keep_unnamed(repository, directory, ref, attempt=place, start=started.base, moment=moment):
        context.log.say(f"commits that attempt {newest.number} left on no branch are kept: git log {kept}")
    # The ref may be a merge that joins several tips: these are its parents.
    return (repository.git.probe("rev-list", "--no-walk", ref, f"{ref}^@", "--") or "").split()
