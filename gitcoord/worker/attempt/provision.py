"""Prepares a checkout before its agent begins: copies the user's own files, and runs the project's setup."""

import hashlib
from collections.abc import Callable

from gitcoord.git.worktree import WorkingCopy
from gitcoord.text_lists import some
from gitcoord.worker.attempt.attempt_context import AttemptContext, AttemptResult
from gitcoord.worker.attempt.given_files import INCLUDE, carry_in, note_made

_DONE = "gitcoord-provided"


def provide(
    context: AttemptContext, copy: WorkingCopy, set_up: Callable[[], AttemptResult | None]
) -> AttemptResult | None:
    """Copies files and runs the setup, unless that was already done here with the same settings.

    Returns the attempt's result if the setup fails, else None.
    """
    run = context.settings.run
    place, root = copy.administration(), context.task_context.repository.root
    if place is None or not (run.carry or run.setup or (root and (root / INCLUDE).is_file())):
        return None
    wanted = hashlib.sha256("\0".join((run.setup, *run.carry)).encode("utf-8", "replace")).hexdigest()
    done = place / _DONE
    if done.is_file() and done.read_text(encoding="ascii") == wanted:
        return None
    carried, outside = carry_in(context.task_context.repository, copy, run.carry)
    if carried:
        context.log.say(f"carried in: {some(carried)}")
    if outside:
        context.log.say(f"not copied, because a link there leads out of the checkout: {some(outside)}")
    if run.setup:
        if failed := set_up():
            return failed
        if made := note_made(copy):
            context.log.say(f"the setup left untracked files, which are not committed: {some(made)}")
    done.write_text(wanted, encoding="ascii")
    return None
