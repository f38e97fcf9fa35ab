"""Runs the setup, the agent and the check of one attempt, and turns their ends into results."""

import os
import shlex
import signal
import time
from collections.abc import Mapping

from gitcoord.engines.engine import key_of, mark_of
from gitcoord.engines.memory_limit import end_reason
from gitcoord.engines.processes import end, in_directory, marked
from gitcoord.errors import GitcoordError
from gitcoord.events import Outcome
from gitcoord.git.git_cli import nowhere_above
from gitcoord.git.worktree import WorkingCopy
from gitcoord.state.permanent_refs import LastingRefs
from gitcoord.state.task_history import PENDING
from gitcoord.worker.attempt.agent_presets import AgentPreset, find_preset, preset_words
from gitcoord.worker.attempt.agent_result import AgentWords, agent_words
from gitcoord.worker.attempt.attempt_context import AttemptContext, AttemptResult, without_room
from gitcoord.worker.attempt.changed_paths import changed_paths
from gitcoord.worker.attempt.closed_account import close, limit_of
from gitcoord.worker.attempt.command_process import Command, CommandEnd, run_command
from gitcoord.worker.attempt.environment import agent_environment, prompt_file
from gitcoord.worker.attempt.exchange_files import open_exchange
from gitcoord.worker.attempt.full_history import SHALLOW, restore_history
from gitcoord.worker.attempt.git_trace import GitTrace
from gitcoord.worker.attempt.given_files import ProvidedFiles
from gitcoord.worker.attempt.idle import Idle, idle_limit
from gitcoord.worker.attempt.moved_base import put_base_back
from gitcoord.worker.attempt.paths import run_directory
from gitcoord.worker.attempt.pid_file import worker_at
from gitcoord.worker.attempt.prompt.facts import make_brief
from gitcoord.worker.attempt.prompt.markdown import ConflictBrief
from gitcoord.worker.attempt.prompt.template import wrapped_prompt
from gitcoord.worker.attempt.shared_config import SharedConfig
from gitcoord.worker.leases import superseded

_LOOK_EVERY = 60.0
_LONGEST_LINE = 200
_LAST = 4000
_NOTHING: Mapping[str, str] = {}
_SPEAKING: dict[int, Outcome] = {75: "again", 65: "wrong"}


def end_older(context: AttemptContext) -> None:
    """Ends all processes that older attempts at the unit left on this machine, including frozen ones."""
    run = run_directory(context.task_context.repository.common_dir, context.task_context.plan.generation)
    older = {key_of(context.unit.id, known.number) for known in context.before.attempts} - {context.key}
    if not older:
        return
    for key in older:
        process = worker_at(run / key)
        if process is not None:
            process.kill()
    marks = {mark_of(run, key) for key in older}
    if count := end(lambda: marked(marks.__contains__), context.order.grace):
        context.log.say(f"ended {_processes(count)} of earlier attempts")


def run_agent(context: AttemptContext, clash: ConflictBrief | None) -> AttemptResult | None:
    """Runs the agent; returns None if it reports that its work is done."""
    open_exchange(context.directory)
    return _with_words(context, _run(context, context.order.agent, "the agent", clash))


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


def write_prompt(context: AttemptContext, clash: ConflictBrief | None) -> None:
    """Writes the prompt file of the agent."""
    order = context.order
    brief = make_brief(
        context.task_context,
        context.unit,
        context.described.task,
        clash=clash,
        last=None if context.how.fresh else context.before.attempt,
        check=order.check,
        commits=order.commit_leftovers,
        beside=order.beside,
    )
    facts = {
        "base": context.task_context.plan.base,
        "level": context.task_context.plan.level_of(context.unit.task.id).name,
    }
    text = wrapped_prompt(brief, context.template, facts)
    written = text.encode("utf-8", "replace")
    # An agent may have removed the attempt's directory.
    in_directory(context.place, lambda: prompt_file(context.place).write_bytes(written))


def command_words(command: str, *, shell: bool) -> list[str]:
    """Splits the command into words; raises ValueError for an open quote."""
    return ["sh", "-c", command] if shell else shlex.split(command)


def _run(
    context: AttemptContext,
    text: str,
    who: str,
    clash: ConflictBrief | None,
    also: Mapping[str, str] = _NOTHING,
) -> AttemptResult | None:
    repository = context.task_context.repository
    config = SharedConfig(
        repository.git, repository.common_dir, context.place, context.task_context.plan.base
    )
    traced = GitTrace(context.place)
    lasting = LastingRefs(context.task_context.shared, context.task_context.plan.base)
    lasting.put_back()
    preset = find_preset(text) if who == "the agent" else None
    command = _command(context, text, who, preset, traced.environment | dict(also), rework=clash is not None)
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
        context.log.say(f"{who} left {_processes(finish.left_behind)} behind, ended now")
    _put_back(context, config, traced, lasting)
    said = context.log.written - before
    if who == "the agent" and finish.why == "by itself":
        limit = limit_of(context, finish.code, context.log.tail(min(_LAST, said)), since=moment)
        if limit is not None:
            return close(context, limit, finish.code)
    if finish.succeeded:
        return None
    if idle.over and context.stop.requested is None:
        return AttemptResult(outcome="timeout", reason=f"{who} was ended: {idle.why()}", code=finish.code)
    return _result(context, who, finish, said=said)


def _command(
    context: AttemptContext,
    text: str,
    who: str,
    preset: AgentPreset | None,
    also: Mapping[str, str],
    *,
    rework: bool,
) -> Command:
    """Makes the command for `text` with its environment; `also` overrides that of a preset."""
    repository, file = context.task_context.repository, prompt_file(context.place)
    run = run_directory(repository.common_dir, context.task_context.plan.generation)
    if preset is None:
        words = command_words(text, shell=context.order.shell)
    else:
        words = preset_words(text, preset, file, context.order.check)
    provided = ProvidedFiles(WorkingCopy(repository, context.directory))
    return Command(
        argv=words,
        directory=context.directory,
        environment=agent_environment(
            context.task_context,
            context.unit,
            attempt=context.attempt,
            directory=context.place,
            checkout=context.directory,
            mark=mark_of(run, context.key),
            slot=context.slot,
            token_budget=context.order.token_budget,
            rework=rework,
        )
        | nowhere_above(context.directory)
        | dict(preset.environment if preset else {})
        | provided.exclude(repository.git, context.place / "exclude")
        | dict(also),
        input=file if who == "the agent" and (preset is None or preset.stdin) else None,
    )


def _put_back(context: AttemptContext, config: SharedConfig, traced: GitTrace, lasting: LastingRefs) -> None:
    """Reverts changes of this attempt's command to what all checkouts share: configuration, refs, locks."""
    by = f"attempt {context.attempt} at {context.unit.id}"
    if locks := config.unlock():
        context.log.say(f"{by} left locks in the repository, removed now: {', '.join(locks)}")
    repository, processes = context.task_context.repository, traced.read()
    own, others = config.put_back(processes)
    if restore_history(repository.git, repository.common_dir):
        context.log.say("a shallow fetch had cut off the repository's history; it was restored")
        if any(process.command == "fetch" for process in processes):
            context.outside.saw((), (SHALLOW,), ())
        else:
            context.outside.saw((), (), (SHALLOW,))
    context.outside.saw(processes, own, others)
    if own:
        context.log.say(f"{by} changed the repository's configuration; it was restored: {', '.join(own)}")
    if others:
        stays = "the repository's configuration was changed meanwhile by others, and stays so"
        context.log.say(f"{stays}: {', '.join(others)}")
    if context.task_context.shared.remote is None:
        put_base_back(context, processes, lasting.base_tip)
        # Do not contact the remote here: only the submit waits if it does not answer.
        context.task_context.shared.refresh()
    if back := lasting.put_back():
        context.log.say(f"deleted while it ran, and restored: {', '.join(back)}")
    config.delete()
    traced.delete()


def _with_words(context: AttemptContext, result: AttemptResult | None) -> AttemptResult | None:
    """The result of an agent's turn (None: exit code 0), corrected by its result file.

    The file counts only if the exit code says no more than success or failure. A `done` there does
    not turn a failing exit code into success.
    """
    said = agent_words(context.directory)
    if said is None:
        return result
    context.log.say(f"the agent says: {said}")
    if said.word == "done" or (result is not None and not _may_change(result, said)):
        return result
    code = None if result is None else result.code
    return AttemptResult(outcome=said.word, reason=f"the agent says: {said.sentence or said.word}", code=code)


def _may_change(result: AttemptResult, said: AgentWords) -> bool:
    by_itself = result.code is not None and result.code > 0 and not result.keep and not result.again_at
    return by_itself and result.outcome in ("failed", said.word)


def _result(context: AttemptContext, who: str, finish: CommandEnd, said: int) -> AttemptResult:
    ended = f"{who} was ended"
    if finish.killed:
        ended += f" with KILL ({_processes(finish.killed)} did not heed TERM)"
    if finish.why == "timeout":
        return AttemptResult(outcome="timeout", reason=f"{ended} after {context.order.seconds:g} s")
    if finish.why == "stopped" and not end_reason(context.place):
        asked = (
            f"{context.stop.requested.name} came"
            if context.stop.requested
            else "it was cancelled, or a newer one began"
        )
        return AttemptResult(outcome="cancelled", reason=f"{ended}: {asked}")
    if why := end_reason(context.place):
        return AttemptResult(outcome="failed", reason=f"{ended}: {why}", code=finish.code)
    if finish.why == "not started":
        return AttemptResult(outcome="failed", reason=finish.problem)
    outcome: Outcome = "failed" if who != "the agent" else _SPEAKING.get(finish.code, "failed")
    how = f"was killed by {_signal(-finish.code)}" if finish.code < 0 else f"ended with code {finish.code}"
    reason = f"{who} {how}{_last_line(context, said)}"
    full = without_room(context, reason, finish.code)
    return full or AttemptResult(outcome=outcome, reason=reason, code=finish.code)


def _processes(count: int) -> str:
    return f"{count} process{'' if count == 1 else 'es'}"


def _signal(number: int) -> str:
    try:
        known = signal.Signals(number)
    except ValueError:
        return f"signal {number}"
    return f"{known.name} ({signal.strsignal(number)})"


def _last_line(context: AttemptContext, written: int) -> str:
    """The last line that the command itself printed."""
    lines = [line.strip() for line in context.log.tail(min(_LAST, written)).splitlines()]
    said = [line for line in lines if line and not line.startswith("[gitcoord]")]
    return f": {said[-1][:_LONGEST_LINE]}" if said else ""


def _unwanted(context: AttemptContext) -> bool:
    """Whether the unit was cancelled, or a newer attempt has begun, on any machine."""
    store = context.task_context.store
    try:
        store.refresh()
        mine = store.progress().get(context.unit.id, PENDING)
    except GitcoordError:
        return False  # checked again at the end of the attempt
    return mine.cancelled or superseded(context.attempt)(mine)
