"""`gitcoord run`: runs the plan's tasks in parallel, and lands them."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gitcoord.cli.app import app
from gitcoord.cli.options import Agent, AllowEmpty, Check, DeleteBranches, Forge, Method, Rework, Shell, Slots
from gitcoord.cli.planning.list_options import ListOrigin, Tag, Tasks

if TYPE_CHECKING:
    from gitcoord.cli.running.clone_run import CloneRun
    from gitcoord.run.run_report import RunEnd

_EPILOG = """\b
Examples:
  gitcoord run --agent codex --check 'make test' --land
  gitcoord run --shell --agent 'claude -p < "$GITCOORD_PROMPT_FILE"' --land
  gitcoord run --agent ./agent.sh --check 'make test' --max-parallel 6
  gitcoord run --agent ./agent.sh --pipeline     # on unlanded dependencies
  gitcoord run --agent codex --speculate --land  # redone where needed
  gitcoord run --agent ./agent.sh --dry-run      # what would run
  gitcoord run --agent ./agent.sh --yes --json   # for a program

\b
Press Ctrl-C once to start no more tasks and wait for the running ones; twice
to stop those too. If the run is killed, its agents continue, and the next
`gitcoord run` takes them over.
"""
_MaxParallel = Annotated[
    str | None,
    typer.Option("--max-parallel", metavar="N|auto", help="Maximum number of workers (default: the plan's)."),
]

_Pipeline = Annotated[
    bool, typer.Option("--pipeline", help="Start when dependencies are submitted, on their branches.")
]
_Speculate = Annotated[
    bool,
    typer.Option("--speculate", help="As --pipeline; redo work whose dependencies landed as other commits."),
]
_Barrier = Annotated[
    bool, typer.Option("--barrier", help="Finish each level and wave before the next starts.")
]
_Stagger = Annotated[
    str | None, typer.Option("--stagger", metavar="TIME", help="Time between two starts, such as 2m.")
]
_TokenBudget = Annotated[
    int | None,
    typer.Option("--token-budget", min=1, metavar="N", help="Tokens for all running tasks together."),
]
_Overlap = Annotated[
    Literal["wait", "warn"] | None,
    typer.Option(help="Let a task that clashes with a running one wait, or only warn."),
]
_IndependentOnly = Annotated[
    bool,
    typer.Option(
        "--independent-only", help="Run tasks in parallel only if their declared paths never overlap."
    ),
]
_Land = Annotated[
    bool, typer.Option("--land", help="Land each level as soon as possible, while the others continue.")
]
_Retries = Annotated[
    int | None,
    typer.Option("--retries", min=0, metavar="N", help="Retry a failed task at most N times."),
]
_Timeout = Annotated[
    str | None,
    typer.Option("--timeout", metavar="TIME", help="Time limit of one attempt: 45m, none."),
]
_Wait = Annotated[
    str | None,
    typer.Option("--wait", metavar="TIME", help="Time to wait if only other users can continue."),
]
_LandCheck = Annotated[
    bool,
    typer.Option(
        "--land-check/--no-land-check",
        help="Also run the check on each tree before the base moves to it.",
    ),
]
_Engine = Annotated[
    Literal["local", "ssh", "kubernetes", "slurm", "dask", "argo"] | None,
    typer.Option("--engine", help="Where attempts run."),
]
_Hosts = Annotated[
    str | None,
    typer.Option(
        "--hosts",
        metavar="HOST[:N],…",
        help="Over SSH: the hosts, and the maximum number of attempts at once on each.",
    ),
]
_Scheduler = Annotated[
    str | None,
    typer.Option("--scheduler", metavar="ADDRESS", help="On Dask: the scheduler, as tcp://HOST:8786."),
]
_WorkflowTemplate = Annotated[
    str | None,
    typer.Option("--template", metavar="NAME", help="On Argo: your WorkflowTemplate for an attempt."),
]
_Parameters = Annotated[
    list[str] | None,
    typer.Option("--param", metavar="NAME=VALUE", help="On Argo: passed to the template; may be repeated."),
]
_Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would run; start nothing.")]
_Json = Annotated[bool, typer.Option("--json", help="One gitcoord.run/1 document on stdout.")]


@app.command("run", epilog=_EPILOG)
def run(
    agent: Agent = None,
    check: Check = None,
    shell: Shell = None,
    max_parallel: _MaxParallel = None,
    pipeline: _Pipeline = False,
    speculate: _Speculate = False,
    barrier: _Barrier = False,
    stagger: _Stagger = None,
    token_budget: _TokenBudget = None,
    overlap: _Overlap = None,
    independent_only: _IndependentOnly = False,
    land: _Land = False,
    land_check: _LandCheck = True,
    slots: Slots = None,
    delete_branches: DeleteBranches = False,
    method: Method = None,
    forge: Forge = None,
    retries: _Retries = None,
    rework: Rework = None,
    allow_empty: AllowEmpty = False,
    timeout: _Timeout = None,
    wait: _Wait = None,
    tasks: Tasks = None,
    origin: ListOrigin = None,
    tag: Tag = None,
    engine: _Engine = None,
    hosts: _Hosts = None,
    scheduler: _Scheduler = None,
    template: _WorkflowTemplate = None,
    parameters: _Parameters = None,
    yes: _Yes = False,
    dry_run: _DryRun = False,
    as_json: _Json = False,
) -> None:
    """Run the plan: start a worker for each task or subtask that is ready, in parallel, until all are done.

    A task starts as soon as its own dependencies have landed. Without a saved plan, makes and saves one. A
    failed task stops only its dependents; after `same-failures` equal failures in a row, nothing more starts.

    Exit code 0 if everything is submitted (with --land: in the base), 130 if the run was stopped, else 1.
    Exit code 0 also after a --dry-run, and if you do not confirm.
    """
    from gitcoord.cli.running.open_engine import engine_choice
    from gitcoord.cli.running.run_options import RunRequest
    from gitcoord.cli.running.run_setup import set_up
    from gitcoord.errors import Exit, GitcoordError

    request = RunRequest(
        agent=agent,
        check=check,
        shell=shell,
        max_parallel=max_parallel,
        pipeline=pipeline,
        speculate=speculate,
        barrier=barrier,
        stagger=stagger,
        token_budget=token_budget,
        overlap=overlap,
        independent_only=independent_only,
        land=land,
        land_check=land_check,
        slots=slots,
        delete_branches=delete_branches,
        method=method,
        forge=forge,
        retries=retries,
        rework=rework,
        allow_empty=allow_empty,
        timeout=timeout,
        wait=wait,
        tasks=tasks,
        origin=origin,
        tag=tag,
        engine=engine_choice(engine, hosts, scheduler, template, parameters),
    )
    try:
        clone_run = set_up(request)
    except GitcoordError as error:
        if error.code != "several-repositories":
            raise
        from gitcoord.cli.running.run_across import run_across

        run_across(request, yes=yes, dry_run=dry_run, as_json=as_json)
        return
    if not _approved(clone_run, yes=yes, dry_run=dry_run, as_json=as_json):
        return
    end = _run(clone_run)
    _show(clone_run, end, as_json=as_json)
    if land:
        clone_run.sync_list()
    if end.stopped:
        raise typer.Exit(Exit.INTERRUPTED)
    if not end.complete(landing=land):
        raise typer.Exit(1)


def _approved(clone_run: "CloneRun", *, yes: bool, dry_run: bool, as_json: bool) -> bool:
    """Shows what would run, and asks for a confirmation if one is needed; returns whether to run."""
    import sys

    from gitcoord.cli.views.notices import logs_sentence
    from gitcoord.cli.views.output import emit_json, say, show
    from gitcoord.cli.views.run import approval_view
    from gitcoord.cli.views.run_hints import run_hints
    from gitcoord.errors import usage_error
    from gitcoord.run.run_preview import make_approval

    view = clone_run.first_view()
    asked = make_approval(view, clone_run.capacity(view), clone_run.options.policy, lands=clone_run.lands)
    if dry_run and as_json:
        emit_json("run-preview", asked)
        return False
    view_parts = approval_view(asked, overlap=clone_run.options.policy.overlap, check=clone_run.check)
    show(*view_parts, stderr=not dry_run)
    if dry_run:
        old = clone_run.old_logs(view)
        if old.places:
            say(logs_sentence("A run would remove", len(old.places), old.size, old.left))
        return False
    for hint in run_hints(view, lands=clone_run.lands, pipeline=clone_run.options.policy.pipeline):
        say(hint)
    if yes or (asked.idle and not clone_run.options.wait):
        return True
    if not sys.stdin.isatty():
        raise usage_error(
            "not-approved", "This run needs a confirmation, and there is no terminal.", "Add `--yes`."
        )
    if not typer.confirm("Run this?", default=True, err=True):
        say("Started nothing.")
        return False
    return True


def _run(clone_run: "CloneRun") -> "RunEnd":
    from gitcoord.cli.views.dashboard.dashboard import Dashboard

    with Dashboard() as dashboard:
        return clone_run.run(dashboard)


def _show(clone_run: "CloneRun", end: "RunEnd", *, as_json: bool) -> None:
    from gitcoord.cli.views.landing import ONLY_TEXT
    from gitcoord.cli.views.output import emit_json, say, show
    from gitcoord.cli.views.run import end_view

    if as_json:
        emit_json("run", end)
    else:
        show(*end_view(end, landing=clone_run.lands))
    if clone_run.proves_only_text and end.of("landed"):
        say(ONLY_TEXT)
