"""The agent and the check of one attempt: told what to do, run, and how they ended put into words."""

import os
import shlex
import signal
import time
from collections.abc import Mapping

from gitcoord.errors import GitcoordError
from gitcoord.events import Outcome
from gitcoord.git.run import nowhere_above
from gitcoord.git.working_copy import WorkingCopy
from gitcoord.running.engines.memory import said_why
from gitcoord.running.engines.port import key_of, mark_of
from gitcoord.running.leases import superseded
from gitcoord.running.processes import end, marked
from gitcoord.running.worker.agent import Command, CommandEnd, run_command
from gitcoord.running.worker.agent_words import AgentWords, agent_words
from gitcoord.running.worker.brief import make_brief
from gitcoord.running.worker.changed import changed_paths
from gitcoord.running.worker.closing import close, limit_of
from gitcoord.running.worker.environment import agent_environment, prompt_file
from gitcoord.running.worker.exchange import open_exchange
from gitcoord.running.worker.git_trace import GitTrace
from gitcoord.running.worker.given import ProvidedFiles
from gitcoord.running.worker.idle import Idle, idle_limit
from gitcoord.running.worker.place import run_directory
from gitcoord.running.worker.presence import worker_at
from gitcoord.running.worker.presets import AgentPreset, find_preset, preset_words
from gitcoord.running.worker.prompt import ConflictBrief
from gitcoord.running.worker.seat import AttemptResult, Seat, without_room
from gitcoord.running.worker.shared_config import SharedConfig
from gitcoord.running.worker.template import wrapped_prompt
from gitcoord.sentences import some
from gitcoord.state.lasting import LastingRefs
from gitcoord.state.progress import PENDING

_LOOK_EVERY = 60.0
_LONGEST_LINE = 200
_LAST = 4000
_NOTHING: Mapping[str, str] = {}
_SPEAKING: dict[int, Outcome] = {75: "again", 65: "wrong"}


def end_older(seat: Seat) -> None:
    """Ends whatever older attempts of the unit have left on this machine, frozen processes too."""
    run = run_directory(seat.desk.repository.common_dir, seat.desk.plan.generation)
    older = {key_of(seat.unit.id, known.number) for known in seat.before.attempts} - {seat.key}
    if not older:
        return
    for key in older:
        process = worker_at(run / key)
        if process is not None:
            process.kill()
    marks = {mark_of(run, key) for key in older}
    if count := end(lambda: marked(marks.__contains__), seat.order.grace):
        seat.log.say(f"ended {_processes(count)} of earlier attempts")


def run_agent(seat: Seat, clash: ConflictBrief | None) -> AttemptResult | None:
    """Runs the agent; None when it says that its work is done."""
    open_exchange(seat.directory)
    return _with_words(seat, _run(seat, seat.order.agent, "the agent", clash))


def run_check(seat: Seat, what: str = "") -> AttemptResult | None:
    """Runs the check command, if there is one; None when nothing is wrong."""
    if not seat.order.check:
        return None
    changed = seat.place / "changed"
    paths = changed_paths(seat.desk, WorkingCopy(seat.desk.repository, seat.directory))
    seat.place.mkdir(parents=True, exist_ok=True)
    changed.write_bytes(b"".join(os.fsencode(f"{path}\n") for path in paths))
    return _run(seat, seat.order.check, f"the check{what}", None, {"GITCOORD_CHANGED_FILE": str(changed)})


def run_setup(seat: Seat) -> AttemptResult | None:
    """Runs the project's setup in the checkout; None when nothing is wrong."""
    return _run(seat, seat.settings.run.setup, "the setup", None)


def write_prompt(seat: Seat, clash: ConflictBrief | None) -> None:
    """Writes the file that the agent is told its task in."""
    order = seat.order
    brief = make_brief(
        seat.desk,
        seat.unit,
        seat.described.task,
        clash=clash,
        last=None if seat.how.fresh else seat.before.attempt,
        check=order.check,
        commits=order.commit_leftovers,
        beside=order.beside,
    )
    # An agent may have removed what lies in the git directory.
    seat.place.mkdir(parents=True, exist_ok=True)
    facts = {"base": seat.desk.plan.base, "level": seat.desk.plan.level_of(seat.unit.task.id).name}
    text = wrapped_prompt(brief, seat.template, facts)
    prompt_file(seat.place).write_text(text, encoding="utf-8", errors="replace")


def command_words(command: str, *, shell: bool) -> list[str]:
    """The command as its words; raises ValueError when it has an open quote."""
    return ["sh", "-c", command] if shell else shlex.split(command)


def _run(
    seat: Seat, text: str, who: str, clash: ConflictBrief | None, also: Mapping[str, str] = _NOTHING
) -> AttemptResult | None:
    repository = seat.desk.repository
    config = SharedConfig(repository.git, repository.common_dir, seat.place)
    traced = GitTrace(seat.place)
    lasting = LastingRefs(seat.desk.shared, seat.desk.plan.base)
    lasting.put_back()
    preset = find_preset(text) if who == "the agent" else None
    command = _command(seat, text, who, preset, traced.environment | dict(also), rework=clash is not None)
    again = " once more, with a conflict" if clash else ""
    seat.log.say(f"{who} begins{again}{f': {shlex.join(command.argv)}' if preset else ''}")
    before, began, moment = seat.log.written, time.monotonic(), time.time()
    idle = Idle(idle_limit(seat.settings.run), seat.log, WorkingCopy(repository, seat.directory))
    finish = run_command(
        command,
        seat.log,
        stop=seat.stop,
        until=seat.until,
        grace=seat.order.grace,
        look=lambda: idle.look() or _unwanted(seat),
        every=idle.every(_LOOK_EVERY),
    )
    seat.reworks.spend(time.monotonic() - began)
    if finish.left_behind:
        seat.log.say(f"{who} left {_processes(finish.left_behind)} behind, ended now")
    _put_back(seat, config, traced, lasting)
    said = seat.log.written - before
    if who == "the agent" and finish.why == "by itself":
        limit = limit_of(seat, finish.code, seat.log.tail(min(_LAST, said)), since=moment)
        if limit is not None:
            return close(seat, limit, finish.code)
    if finish.well:
        return None
    if idle.over and seat.stop.asked is None:
        return AttemptResult(outcome="timeout", reason=f"{who} was ended: {idle.why()}", code=finish.code)
    return _result(seat, who, finish, said=said)


def _command(
    seat: Seat, text: str, who: str, preset: AgentPreset | None, also: Mapping[str, str], *, rework: bool
) -> Command:
    """What is run for `text`, with all that its environment has; `also` goes before that of a preset."""
    repository, file = seat.desk.repository, prompt_file(seat.place)
    run = run_directory(repository.common_dir, seat.desk.plan.generation)
    if preset is None:
        words = command_words(text, shell=seat.order.shell)
    else:
        words = preset_words(text, preset, file, seat.order.check)
    provided = ProvidedFiles(WorkingCopy(repository, seat.directory))
    return Command(
        argv=words,
        directory=seat.directory,
        environment=agent_environment(
            seat.desk,
            seat.unit,
            attempt=seat.attempt,
            directory=seat.place,
            checkout=seat.directory,
            mark=mark_of(run, seat.key),
            slot=seat.slot,
            token_budget=seat.order.token_budget,
            rework=rework,
        )
        | nowhere_above(seat.directory)
        | dict(preset.environment if preset else {})
        | provided.exclude(repository.git, seat.place / "exclude")
        | dict(also),
        input=file if who == "the agent" and (preset is None or preset.stdin) else None,
    )


def _put_back(seat: Seat, config: SharedConfig, traced: GitTrace, lasting: LastingRefs) -> None:
    """What all checkouts share is as it was again, as far as a command of this attempt changed it."""
    by = f"attempt {seat.attempt} at {seat.unit.id}"
    if locks := config.unlock():
        seat.log.say(f"{by} left locks in the repository, removed now: {', '.join(locks)}")
    processes = traced.take()
    own, others = config.put_back(processes)
    seat.outside.saw(processes, own, others)
    if own:
        seat.log.say(f"{by} changed the repository's configuration; it is as it was again: {', '.join(own)}")
    if others:
        seat.log.say(
            f"the repository's configuration was changed meanwhile, and stays so: {', '.join(others)}"
        )
    if config.hides and (shown := WorkingCopy(seat.desk.repository, seat.directory).show_hidden()):
        seat.log.say(f"it told git to take files for unchanged; git looks at them again: {some(shown)}")
    if seat.desk.shared.remote is None:
        # What a remote holds is not put back; one that is away now is waited for at the hand-in.
        seat.desk.shared.refresh()
    if back := lasting.put_back():
        seat.log.say(f"deleted while it ran, and put back as they were: {', '.join(back)}")


def _with_words(seat: Seat, result: AttemptResult | None) -> AttemptResult | None:
    """The result of an agent's turn (None: it ended with 0), after what it wrote about that.

    What it wrote counts where its exit code says nothing but that it failed or not. A `done` is no proof.
    """
    said = agent_words(seat.directory)
    if said is None:
        return result
    seat.log.say(f"the agent says: {said}")
    if said.word == "done" or (result is not None and not _may_change(result, said)):
        return result
    code = None if result is None else result.code
    return AttemptResult(outcome=said.word, reason=f"the agent says: {said.sentence or said.word}", code=code)


def _may_change(result: AttemptResult, said: AgentWords) -> bool:
    by_itself = result.code is not None and result.code > 0 and not result.keep and not result.again_at
    return by_itself and result.outcome in ("failed", said.word)


def _result(seat: Seat, who: str, finish: CommandEnd, said: int) -> AttemptResult:
    ended = f"{who} was ended"
    if finish.killed:
        ended += f" with KILL ({_processes(finish.killed)} did not heed TERM)"
    if finish.why == "timeout":
        return AttemptResult(outcome="timeout", reason=f"{ended} after {seat.order.seconds:g} seconds")
    if finish.why == "stopped" and not said_why(seat.place):
        asked = (
            f"{seat.stop.asked.name} came" if seat.stop.asked else "it was cancelled, or a newer one began"
        )
        return AttemptResult(outcome="cancelled", reason=f"{ended}: {asked}")
    if why := said_why(seat.place):
        return AttemptResult(outcome="failed", reason=f"{ended}: {why}", code=finish.code)
    if finish.why == "not started":
        return AttemptResult(outcome="failed", reason=finish.problem)
    outcome: Outcome = "failed" if who != "the agent" else _SPEAKING.get(finish.code, "failed")
    how = f"was killed by {_signal(-finish.code)}" if finish.code < 0 else f"ended with code {finish.code}"
    reason = f"{who} {how}{_last_line(seat, said)}"
    full = without_room(seat, reason, finish.code)
    return full or AttemptResult(outcome=outcome, reason=reason, code=finish.code)


def _processes(count: int) -> str:
    return f"{count} process{'' if count == 1 else 'es'}"


def _signal(number: int) -> str:
    try:
        known = signal.Signals(number)
    except ValueError:
        return f"signal {number}"
    return f"{known.name} ({signal.strsignal(number)})"


def _last_line(seat: Seat, written: int) -> str:
    """The last of the bytes that were written since the command began: nobody else's words."""
    lines = [line.strip() for line in seat.log.tail(min(_LAST, written)).splitlines()]
    said = [line for line in lines if line and not line.startswith("[gitcoord]")]
    return f": {said[-1][:_LONGEST_LINE]}" if said else ""


def _unwanted(seat: Seat) -> bool:
    """Whether somebody cancelled the unit, or a newer attempt has begun, on whatever machine."""
    store = seat.desk.store
    try:
        store.refresh()
        mine = store.progress().get(seat.unit.id, PENDING)
    except GitcoordError:
        return False  # it will be found out at the end
    return mine.cancelled or superseded(seat.attempt)(mine)
