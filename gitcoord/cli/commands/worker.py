"""`gitcoord worker`: one unit of work, the same by hand, under `run`, and on other machines."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated

import typer

from gitcoord.cli.app import app
from gitcoord.cli.options import (
    Agent,
    AllowEmpty,
    Check,
    DryRun,
    Now,
    OneUnit,
    Rework,
    Shell,
    Stack,
    Tag,
    Tasks,
)

if TYPE_CHECKING:
    from gitcoord.settings import Settings
    from gitcoord.worker.attempt.request import WorkerOrder

_EPILOG = """\b
Examples:
  gitcoord worker 3 --agent claude
  gitcoord worker 3.1 --attempt 2 --agent ./agent.sh --check 'make test'
  gitcoord worker 3 --shell --agent 'claude -p < "$GITCOORD_PROMPT_FILE"'
  gitcoord worker 3 --json   with the agent of [run] in the settings

\b
The agent finds its task in $GITCOORD_PROMPT_FILE, which is also its standard
input, and in GITCOORD_TASK_ID, _SUBTASK, _TASK_TITLE, _BRANCH, _BASE, _LEVEL,
_WAVE, _ATTEMPT, _SLOT, _REWORK (1: to resolve a conflict) and _TOKEN_BUDGET;
GITCOORD_CLASHES_FILE appears when its work begins to conflict. It may write
the tokens that it used into $GITCOORD_TOKENS_FILE. It ends with 0 when it is
done, 75 to be tried again ($GITCOORD_AGAIN_AT_FILE: not before that time,
because the account is at its limit), 65 when the task itself is wrong; or
writes `again: WHY` or `wrong: WHY` into $GITCOORD_RESULT_FILE. The check has
the paths that the branch changes in $GITCOORD_CHANGED_FILE.

\b
Exit codes: 0 submitted, 1 failed, 75 try again, 65 the task is wrong,
124 out of time, 143 cancelled.
"""

_Attempt = Annotated[
    int | None,
    typer.Option("--attempt", min=1, metavar="N", help="The attempt's number; default: the next."),
]
_Timeout = Annotated[
    str | None,
    typer.Option("--timeout", metavar="TIME", help="How long it may take: 45m, 2h, none."),
]
_Grace = Annotated[
    float | None,
    typer.Option("--grace", min=0, metavar="SECONDS", help="From TERM to KILL."),
]
_Fresh = Annotated[
    bool, typer.Option("--fresh", help="Give up what an earlier attempt left, and begin anew.")
]
_NoCommit = Annotated[
    bool, typer.Option("--no-commit", help="Do not commit what the agent leaves uncommitted.")
]
_TokenBudget = Annotated[
    int | None, typer.Option("--token-budget", min=1, metavar="N", help="Told to the agent.")
]
_Engine = Annotated[str, typer.Option("--engine", metavar="NAME", help="What executes this, for the record.")]
_Slots = Annotated[
    int | None,
    typer.Option("--slots", min=1, metavar="N", help="How many there are to choose $GITCOORD_SLOT from."),
]
_Beside = Annotated[
    list[str] | None,
    typer.Option("--beside", metavar="TASK", help="Somebody is at this one, too; may be repeated."),
]
_Waited = Annotated[
    list[str] | None,
    typer.Option("--waited", metavar="NAME=SECONDS", help="What held it back, for the record."),
]
_Wait = Annotated[
    str | None,
    typer.Option(
        "--wait",
        metavar="TIME",
        help="How long to wait while another worker holds the task: 2h, none for as long as it takes. "
        "One that gives no sign of life is taken over after its lease.",
    ),
]
_PassEnvironment = Annotated[
    list[str] | None,
    typer.Option("--pass-environment", metavar="NAME", help="A login that the agent gets; may be repeated."),
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
    """Do TASK from claim to result: checkout, agent, check, commit, submit; everything recorded in git.

    Needs a plan, the clone and its remote, and no coordinator. An attempt is claimed by one worker alone, and
    a newer attempt shuts it out. Log and prompt lie in the git directory: `gitcoord logs TASK`.
    """
    import msgspec

    from gitcoord.cli.run_options import known_agent
    from gitcoord.cli.task_routing import the_place_of
    from gitcoord.cli.views.notices import say_notice
    from gitcoord.cli.views.output import emit_json, say
    from gitcoord.tasks.model import TaskId
    from gitcoord.worker.attempt.request import WorkerOrder
    from gitcoord.worker.attempt.run_attempt import work
    from gitcoord.worker.attempt.signals import listening

    context = the_place_of(task, restores=not dry_run).context
    context.repository.require_history()
    run = context.settings.run
    order = WorkerOrder(
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
        wait=_patience(wait),
    )
    _check_commands(order)
    order = msgspec.structs.replace(order, agent=known_agent(context, agent, shell=order.shell))
    settings = _with_passed(context.settings, pass_environment or ())
    with listening() as stop:
        done = work(
            context.repository,
            context.shared,
            context.store,
            settings,
            order,
            stop,
            dry_run=dry_run,
            tell=say_notice,
        )
    if as_json:
        emit_json("worker", done)
    say(done.reason if dry_run else _sentence(done.task, done.attempt, done.outcome, done.reason))
    return done.code


def _sentence(task: str, attempt: int | None, outcome: str, reason: str) -> str:
    if not outcome:
        return f"task {task} was not begun: {reason}"
    why = f": {reason}" if reason else ""
    return f"task {task}, attempt {attempt}: {'submitted' if outcome == 'ok' else outcome}{why}"


def _limit(text: str) -> float | None:
    from gitcoord.cli.time_options import limit

    return limit(text)


def _patience(text: str | None) -> float:
    """Seconds to wait for another worker; with `none` for as long as it holds the task."""
    from gitcoord.cli.time_options import seconds

    return float("inf") if text == "none" else seconds(text)


def _with_passed(settings: "Settings", names: Collection[str]) -> "Settings":
    """The settings with more variables that agents get to see."""
    import msgspec

    passed = (*settings.run.pass_environment, *names)
    return msgspec.structs.replace(
        settings, run=msgspec.structs.replace(settings.run, pass_environment=passed)
    )


def _waits(told: list[str]) -> dict[str, float]:
    from gitcoord.errors import usage_error

    waits = {}
    for one in told:
        name, _, seconds = one.partition("=")
        try:
            waits[name] = float(seconds)
        except ValueError:
            raise usage_error("usage", f"--waited {one!r} is no NAME=SECONDS.") from None
    return waits


def _check_commands(order: "WorkerOrder") -> None:
    from gitcoord.errors import usage_error
    from gitcoord.worker.attempt.run_commands import command_words

    for name, command in (("agent", order.agent), ("check", order.check)):
        try:
            words = command_words(command, shell=order.shell)
        except ValueError as error:
            raise usage_error("usage", f"The {name} command {command!r} cannot be read: {error}.") from None
        if name == "agent" and not words:
            raise usage_error(
                "no-agent",
                "There is no agent to do the task.",
                "Name its command with `--agent 'COMMAND'`, or as `agent` in [run] in the settings.",
            )
