"""Reverts a command's changes to state that all checkouts share: refs, configuration, history, locks."""

from collections.abc import Collection, Mapping

from gitcoord.state.permanent_refs import LastingRefs
from gitcoord.worker.attempt.attempt_context import AttemptContext
from gitcoord.worker.attempt.full_history import SHALLOW, restore_history
from gitcoord.worker.attempt.git_trace import GitTrace
from gitcoord.worker.attempt.kept_commits import remember_log
from gitcoord.worker.attempt.moved_base import put_base_back
from gitcoord.worker.attempt.shared_config import FINDS_WORKTREE, SharedConfig, put_back_of_others


class SharedState:
    """The shared state of the repository before one command of an attempt.

    The constructor restores refs that were already deleted before the command.
    """

    def __init__(self, context: AttemptContext) -> None:
        self._context = context
        repository = context.task_context.repository
        self._config = SharedConfig(
            repository.git, repository.common_dir, context.place, context.task_context.plan.base
        )
        self._trace = GitTrace(context.place)
        self._refs = LastingRefs(context.task_context.shared, context.task_context.plan.base)
        self._refs.put_back()
        remember_log(repository, context.directory, context.place)

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment in which git traces its processes."""
        return self._trace.environment

    def restore(self) -> None:
        """Reverts the command's changes, after its processes have ended, and logs them."""
        context = self._context
        by = f"attempt {context.attempt} at {context.unit.id}"
        if locks := self._config.unlock():
            context.log.say(f"removed locks that {by} left in the repository: {', '.join(locks)}")
        repository, processes = context.task_context.repository, self._trace.read()
        own, others = self._config.put_back(processes)
        if restore_history(repository.git, repository.common_dir):
            context.log.say("a shallow fetch had cut off the repository's history; it was restored")
            if any(process.command == "fetch" for process in processes):
                context.outside.saw((), (SHALLOW,), ())
            else:
                context.outside.saw((), (), (SHALLOW,))
        context.outside.saw(processes, own, others)
        if own:
            context.log.say(f"{by} changed the repository's configuration; it was restored: {', '.join(own)}")
        if any(key in others for key in FINDS_WORKTREE):
            put_back_of_other_attempts(context, FINDS_WORKTREE)
            others = tuple(key for key in others if key not in FINDS_WORKTREE)
        if others:
            stay = "others changed the repository's configuration meanwhile; their changes stay"
            context.log.say(f"{stay}: {', '.join(others)}")
        if context.task_context.shared.remote is None:
            put_base_back(context, processes, self._refs.base_tip)
            # A remote is not contacted here: only the submit waits if it does not answer.
            context.task_context.shared.refresh()
        if back := self._refs.put_back():
            context.log.say(f"restored refs that were deleted while the command ran: {', '.join(back)}")
        self._config.delete()
        self._trace.delete()


def put_back_of_other_attempts(context: AttemptContext, only: Collection[str] = ()) -> bool:
    """Reverts the configuration that other running attempts changed, if it makes this one fail.

    With `only`, reverts just these keys. Returns False if there was nothing to revert: a failure then has
    another reason.
    """
    repository, found = context.task_context.repository, False
    for attempt, keys in put_back_of_others(repository.git, repository.common_dir, context.place, only):
        context.outside.saw((), (), keys)
        changed = f"attempt {attempt} changed the repository's configuration while it ran"
        context.log.say(f"{changed}; it was restored: {', '.join(keys)}")
        found = True
    return found
