"""Runs the setup, the agent and the check of one attempt."""

import os
import shlex
import time
from collections.abc import Mapping

from gitcoord.engines.processes import in_directory
from gitcoord.errors import GitcoordError
from gitcoord.git.worktree import WorkingCopy
from gitcoord.state.task_history import PENDING
from gitcoord.worker.attempt.agent_presets import find_preset
from gitcoord.worker.attempt.attempt_context import AttemptContext, AttemptResult
from gitcoord.worker.attempt.changed_paths import changed_paths
from gitcoord.worker.attempt.closed_account import close, limit_of
from gitcoord.worker.attempt.command_process import run_command
from gitcoord.worker.attempt.command_result import LAST, command_result, processes, with_agent_words
from gitcoord.worker.attempt.exchange_files import open_exchange
from gitcoord.worker.attempt.idle import Idle, idle_limit
from gitcoord.worker.attempt.make_command import make_command
from gitcoord.worker.attempt.prompt.markdown import ConflictBrief
from gitcoord.worker.attempt.shared_state import SharedState
from gitcoord.worker.leases import superseded

_LOOK_EVERY = 60.0
_NOTHING: Mapping[str, str] = {}


def run_agent(context: AttemptContext, clash: ConflictBrief | None) -> AttemptResult | None:
    """Runs the agent; returns None if it reports that its work is done."""
    open_exchange(context.directory)
    return with_agent_words(context, _run(context, context.order.agent, "the agent", clash))


def run_check(context: AttemptContext, what: str = "") -> AttemptResult | None:
    """Runs the check, if there is one; returns None if it passes."""
    if not context.order.check:
        return None
    changed = context.place / "changed"
    paths = changed_paths(
        context.task_context, WorkingCopy(context.task_context.repository, context.directory)
    )
    listed = b"".join(os.fsencode(f"{path}\n") for path in paths)
    in_directory(context.place, lambda: changed.write_bytes(listed))
    return _run(
        context, context.order.check, f"the check{what}", None, {"GITCOORD_CHANGED_FILE": str(changed)}
    )


def run_setup(context: AttemptContext) -> AttemptResult | None:
    """Runs the project's setup in the checkout; returns None if it succeeds."""
    return _run(context, context.settings.run.setup, "the setup", None)


def _run(
    context: AttemptContext,
    text: str,
    who: str,
    clash: ConflictBrief | None,
    also: Mapping[str, str] = _NOTHING,
) -> AttemptResult | None:
    repository = context.task_context.repository
    shared = SharedState(context)
    preset = find_preset(text) if who == "the agent" else None
    command = make_command(
        context, text, who, preset, {**shared.environment, **also}, rework=clash is not None
    )
    again = " once more, with a conflict" if clash else ""
    context.log.say(f"{who} begins{again}{f': {shlex.join(command.argv)}' if preset else ''}")
    before, began, moment = context.log.written, time.monotonic(), time.time()
    idle = Idle(idle_limit(context.settings.run), context.log, WorkingCopy(repository, context.directory))
    finish = run_command(
        command,
        context.log,
        stop=context.stop,
        until=context.until,
        grace=context.order.grace,
        look=lambda: idle.look() or _unwanted(context),
        every=idle.every(_LOOK_EVERY),
    )
    context.reworks.spend(time.monotonic() - began)
    if finish.left_behind:
        context.log.say(f"ended {processes(finish.left_behind)} that {who} left behind")
    shared.restore()
    said = context.log.written - before
    if who == "the agent" and finish.why == "by itself":
        limit = limit_of(context, finish.code, context.log.tail(min(LAST, said)), since=moment)
        if limit is not None:
            return close(context, limit, finish.code)
    if finish.succeeded:
        return None
    if idle.over and context.stop.requested is None:
        return AttemptResult(outcome="timeout", reason=f"{who} was ended: {idle.why()}", code=finish.code)
    return command_result(context, who, finish, said=said)


def _unwanted(context: AttemptContext) -> bool:
    """Whether the unit was cancelled, or a newer attempt has begun, on any machine."""
    store = context.task_context.store
    try:
        store.refresh()
        mine = store.progress().get(context.unit.id, PENDING)
    except GitcoordError:
        return False  # checked again at the end of the attempt
    return mine.cancelled or superseded(context.attempt)(mine)
