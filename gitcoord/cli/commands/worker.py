"""`gitcoord worker`: runs one unit of work, for a user or for `gitcoord run`, on any machine."""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Annotated

import typer

from gitcoord.cli.app import app, not_nan
from gitcoord.cli.options import Agent, AllowEmpty, Check, DryRun, Now, OneUnit, Rework, Shell, Stack
from gitcoord.cli.planning.list_options import Tag, Tasks

if TYPE_CHECKING:
    from gitcoord.cli.across.task_routing import TaskPlace
    from gitcoord.cli.context import Context
    from gitcoord.settings import RunSettings, Settings
    from gitcoord.worker.attempt.request import WorkerOrder
    from gitcoord.worker.attempt.worker_end import WorkerEnd

_EPILOG = """\b
Examples:
  gitcoord worker 3 --agent claude
  gitcoord worker 3.1 --attempt 2 --agent ./agent.sh --check 'make test'
  gitcoord worker 3 --shell --agent 'claude -p < "$GITCOORD_PROMPT_FILE"'
  gitcoord worker 3 --json  # with the agent of [run] in the settings

\b
The agent finds its task in $GITCOORD_PROMPT_FILE, which is also its standard
input, and in GITCOORD_TASK_ID, _SUBTASK, _TASK_TITLE, _BRANCH, _BASE, _LEVEL,
_WAVE, _ATTEMPT, _SLOT, _REWORK (1: to resolve a conflict) and _TOKEN_BUDGET.
The file $GITCOORD_CLASHES_FILE appears when the work begins to conflict. The
agent may write the tokens that it used into $GITCOORD_TOKENS_FILE. It exits
with 0 when it is done, 75 to be retried ($GITCOORD_AGAIN_AT_FILE: not before
that time, because the account is at its limit), 65 if the task itself is
wrong; or it writes `again: WHY` or `wrong: WHY` into $GITCOORD_RESULT_FILE.
The check finds the paths that the branch changes in $GITCOORD_CHANGED_FILE.

\b
Exit codes: 0 submitted, or nothing left to do; 1 failed or in conflict;
75 try again later; 65 the task is wrong; 124 out of time; 143 cancelled.
"""

_Attempt = Annotated[
    int | None,
    typer.Option("--attempt", min=1, metavar="N", help="The attempt's number (default: the next)."),
]
_Timeout = Annotated[
    str | None,
    typer.Option("--timeout", metavar="TIME", help="Time limit: 45m, 2h, none."),
]
_Grace = Annotated[
    float | None,
    typer.Option(
        "--grace", min=0, max=86_400, callback=not_nan, metavar="SECONDS", help="Time from TERM to KILL."
    ),
]
_Fresh = Annotated[
    bool, typer.Option("--fresh", help="Discard the work of earlier attempts and start again.")
]
_NoCommit = Annotated[
    bool, typer.Option("--no-commit", help="Do not commit the agent's uncommitted changes.")
]
_TokenBudget = Annotated[
    int | None,
    typer.Option("--token-budget", min=1, metavar="N", help="The token budget to pass to the agent."),
]
_Engine = Annotated[str, typer.Option("--engine", metavar="NAME", help="The engine's name, for the journal.")]
_Slots = Annotated[
    int | None,
    typer.Option("--slots", min=1, metavar="N", help="The number of slots to choose $GITCOORD_SLOT from."),
]
_Beside = Annotated[
    list[str] | None,
    typer.Option("--beside", metavar="TASK", help="Another task that runs now; may be repeated."),
]
_Waited = Annotated[
    list[str] | None,
    typer.Option(
        "--waited", metavar="NAME=SECONDS", help="Why and how long the task waited (for the journal)."
    ),
]
_Wait = Annotated[
    str | None,
    typer.Option(
        "--wait",
        metavar="TIME",
        help="Time to wait while another worker holds the task: 2h, or none for no limit. "
        "If that worker is silent, takes the task over after its lease.",
    ),
]
_PassEnvironment = Annotated[
    list[str] | None,
    typer.Option("--pass-environment", metavar="NAME", help="A variable for the agent; may be repeated."),
]
_Json = Annotated[bool, typer.Option("--json", help="One gitcoord.worker/1 document on stdout.")]


@app.command("worker", epilog=_EPILOG)
def worker(
    task: OneUnit,
    attempt: _Attempt = None,
    agent: Agent = None,
    check: Check = None,
    shell: Shell = None,
    tasks: Tasks = None,
    tag: Tag = None,
    timeout: _Timeout = None,
    grace: _Grace = None,
    rework: Rework = None,
    stack: Stack = False,
    now: Now = False,
    fresh: _Fresh = False,
    no_commit: _NoCommit = False,
    allow_empty: AllowEmpty = False,
    token_budget: _TokenBudget = None,
    engine: _Engine = "local",
    slots: _Slots = None,
    beside: _Beside = None,
    waited: _Waited = None,
    wait: _Wait = None,
    pass_environment: _PassEnvironment = None,
    dry_run: DryRun = False,
    as_json: _Json = False,
) -> int:
    """Run TASK from claim to result: checkout, agent, check, commit, submit. Records every step in git.

    Needs a plan, the clone and its remote, but no coordinator. Only one worker can claim an attempt, and a
    newer attempt locks the older one out. The log and the prompt are in the git directory: `gitcoord logs
    TASK`. For a task of several repositories, works in one repository after the other, until one fails.
    """
    from gitcoord.cli.across.each_repository import together
    from gitcoord.cli.across.task_routing import places_of
    from gitcoord.cli.views.output import emit_json, say
    from gitcoord.errors import in_repository
    from gitcoord.tasks.model import TaskId
    from gitcoord.worker.attempt.request import WorkerOrder

    def ordered(run: "RunSettings") -> WorkerOrder:
        return WorkerOrder(
            unit=TaskId(task),
            attempt=attempt,
            agent=run.agent if agent is None else agent,
            check=run.check if check is None else check,
            shell=run.shell if shell is None else shell,
            tasks=tasks,
            tag=tag,
            seconds=_limit(run.timeout if timeout is None else timeout),
            grace=run.grace if grace is None else grace,
            rework=run.rework if rework is None else rework,
            stack=stack,
            now=now,
            fresh=fresh,
            commit_leftovers=run.commit_leftovers and not no_commit,
            allow_empty=run.allow_empty or allow_empty,
            token_budget=token_budget,
            engine=engine,
            slots=slots,
            beside=tuple(map(TaskId, beside or ())),
            waited=_waits(waited or []),
            wait=_wait_seconds(wait),
        )

    ends: list[tuple[TaskPlace, WorkerEnd]] = []
    for place in places_of(task, restores=not dry_run):
        with in_repository(place.name):
            done = _work_in(place.context, ordered, agent, pass_environment or (), dry_run=dry_run)
        ends.append((place, done))
        line = done.reason if dry_run else _sentence(done.task, done.attempt, done.outcome, done.reason)
        say(place.says(line))
        if done.code != 0:
            break
    if as_json:
        emit_json("worker", together(ends))
    return ends[-1][1].code


def _work_in(
    context: "Context",
    ordered: "Callable[[RunSettings], WorkerOrder]",
    agent: str | None,
    passed: Collection[str],
    *,
    dry_run: bool,
) -> "WorkerEnd":
    """Runs the task in one repository; the command line overrides the repository's settings."""
    import msgspec

    from gitcoord.cli.running.run_options import known_agent
    from gitcoord.cli.views.notices import say_notice
    from gitcoord.worker.attempt.signals import listening
    from gitcoord.worker.attempt.work import work

    context.repository.require_history()
    order = ordered(context.settings.run)
    _check_commands(order)
    order = msgspec.structs.replace(order, agent=known_agent(context, agent, shell=order.shell))
    settings = _with_passed(context.settings, passed)
    with listening() as stop:
        return work(
            context.repository,
            context.shared,
            context.store,
            settings,
            order,
            stop,
            dry_run=dry_run,
            tell=say_notice,
        )


def _sentence(task: str, attempt: int | None, outcome: str, reason: str) -> str:
    if not outcome:
        return f"task {task} was not started: {reason}"
    why = f": {reason}" if reason else ""
    return f"task {task}, attempt {attempt}: {'submitted' if outcome == 'ok' else outcome}{why}"


def _limit(text: str) -> float | None:
    from gitcoord.cli.time_options import limit

    return limit(text)


def _wait_seconds(text: str | None) -> float:
    """Returns the seconds to wait for another worker; `none` means no limit."""
    from gitcoord.cli.time_options import seconds

    return float("inf") if text == "none" else seconds(text)


def _with_passed(settings: "Settings", names: Collection[str]) -> "Settings":
    """Returns the settings with `names` added to the variables that agents get."""
    import msgspec

    passed = (*settings.run.pass_environment, *names)
    return msgspec.structs.replace(
        settings, run=msgspec.structs.replace(settings.run, pass_environment=passed)
    )


def _waits(texts: list[str]) -> dict[str, float]:
    from gitcoord.errors import usage_error

    waits = {}
    for text in texts:
        name, _, seconds = text.partition("=")
        try:
            waits[name] = float(seconds)
        except ValueError:
            raise usage_error("usage", f"--waited {text!r} is not NAME=SECONDS.") from None
    return waits


def _check_commands(order: "WorkerOrder") -> None:
    from gitcoord.errors import usage_error
    from gitcoord.worker.attempt.command_process import command_words

    for name, command in (("agent", order.agent), ("check", order.check)):
        try:
            words = command_words(command, shell=order.shell)
        except ValueError as error:
            raise usage_error("usage", f"The {name} command {command!r} cannot be read: {error}.") from None
        if name == "agent" and not words:
            raise usage_error(
                "no-agent",
                "There is no agent for the task.",
                "Name its command with `--agent 'COMMAND'`, or as `agent` in [run] in the settings.",
            )
