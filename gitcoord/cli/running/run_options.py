"""Turns the options of `gitcoord run` into the values that a run needs."""

from pathlib import Path
from typing import Literal

import msgspec

from gitcoord.cli.context import Context
from gitcoord.cli.landing.merge_options import LandingArguments, make_options
from gitcoord.cli.running.open_engine import EngineChoice
from gitcoord.cli.time_options import limit, seconds
from gitcoord.cli.views.event_json import event_words
from gitcoord.errors import usage_error
from gitcoord.forge.pull_requests import Method
from gitcoord.landing.model import Options
from gitcoord.landing.proof import CheckOptions
from gitcoord.planning.model import Plan
from gitcoord.run.effects import RunOptions
from gitcoord.run.retry_policy import AttemptLimits
from gitcoord.schedule.model import Policy
from gitcoord.settings import RunSettings, Settings
from gitcoord.state.accounts import account_of
from gitcoord.worker.attempt.request import WorkerOptions
from gitcoord.worker.attempt.resolve_agent import with_program


class RunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The options of `gitcoord run`; None means that the settings or the plan decide."""

    agent: str | None = None
    check: str | None = None
    shell: bool | None = None
    max_parallel: str | None = None
    pipeline: bool = False
    speculate: bool = False
    barrier: bool = False
    stagger: str | None = None
    token_budget: int | None = None
    overlap: Literal["wait", "warn"] | None = None
    independent_only: bool = False
    land: bool = False
    land_check: bool = True
    """Whether to run the check also on each tree that is about to land."""
    slots: int | None = None
    delete_branches: bool = False
    method: Method | None = None
    forge: str | None = None
    retries: int | None = None
    rework: int | None = None
    allow_empty: bool = False
    timeout: str | None = None
    wait: str | None = None
    tasks: str | None = None
    origin: str | None = None
    tag: str | None = None
    engine: EngineChoice = EngineChoice()


def known_agent(context: Context, requested: str | None, *, shell: bool) -> str:
    """Returns the agent's command, from the option or the settings, with the path of its program.

    Raises (exit 2) `no-agent` and `no-program`.
    """
    here = Path.cwd()
    directory = here if requested is not None else context.repository.root or here
    command = context.settings.run.agent if requested is None else requested
    return with_program(command, directory, context.shared, shell=shell)


def check_words(request: RunRequest, run: RunSettings) -> None:
    """Raises `usage` (exit 2) for options that are wrong or cannot be used together."""
    if request.barrier and (request.pipeline or request.speculate):
        early = "--speculate" if request.speculate else "--pipeline"
        raise usage_error("usage", f"{early} and --barrier contradict each other.", "Choose one of them.")
    if request.speculate and not request.land:
        raise usage_error(
            "usage", "--speculate needs --land.", "`--pipeline` alone starts work on submitted dependencies."
        )
    if request.delete_branches and not request.land:
        raise usage_error("usage", "--delete-branches needs --land.", "Nothing lands without it.")
    if (request.slots is not None or not request.land_check) and not request.land:
        option = "--slots" if request.slots is not None else "--no-land-check"
        raise usage_error("usage", f"{option} needs --land.", "Nothing lands without it.")
    event_words(run)
    slots(request.max_parallel, 1)
    limit(run.timeout if request.timeout is None else request.timeout)
    for text in (request.stagger or run.stagger or None, request.wait):
        seconds(text)


def landing_options(request: RunRequest, settings: Settings, plan: Plan, *, partial: bool) -> Options:
    """Returns the options with which a run lands a level; `partial`: land without the missing tasks."""
    landing = LandingArguments(
        method=request.method,
        partial=partial and plan.strategy == "single-pr",
        delete_branches=request.delete_branches,
    )
    return make_options(landing, settings, plan.strategy, landing_check(request, settings))


def landing_check(request: RunRequest, settings: Settings) -> CheckOptions | None:
    """Returns the check for landing: `check` in [landing], else the workers' check.

    Returns None without a check, or with --no-land-check.
    """
    from gitcoord.cli.landing.check_options import CheckArguments, make_check_options

    own = settings.run.check if request.check is None else request.check
    command = settings.landing.check or own
    if not request.land_check or not command:
        return None
    return make_check_options(settings, CheckArguments(command=command, shell=request.shell))


def slots(requested: str | None, planned: int) -> int | None:
    """Returns the number of slots; None lets the machine decide. Raises `usage` (exit 2)."""
    if requested == "auto":
        return None
    if requested is None:
        return planned
    if not (requested.isascii() and requested.isdigit() and 0 < len(requested) < 6 and int(requested) > 0):
        raise usage_error(
            "usage", f"--max-parallel {requested!r} is not a number.", "Give a number, or auto."
        )
    return int(requested)


def run_options(request: RunRequest, run: RunSettings, plan: Plan) -> RunOptions:
    """Returns the coordinator's options."""
    return RunOptions(
        policy=Policy(
            pipeline=request.pipeline or request.speculate,
            speculate=request.speculate,
            barrier=request.barrier,
            overlap=request.overlap or run.overlap,
            independent_only=request.independent_only,
            whole_waves=plan.strategy == "single-pr",
            lands=request.land,
        ),
        limits=AttemptLimits(
            retries=run.retries if request.retries is None else request.retries,
            rework=run.rework if request.rework is None else request.rework,
            same_failures=run.same_failures,
        ),
        token_budget=request.token_budget or plan.token_budget,
        wait=seconds(request.wait),
        account=account_of(run),
        log_ends=run.keep_log_ends,
    )


def worker_options(request: RunRequest, run: RunSettings, *, engine: str, slots: int | None) -> WorkerOptions:
    """Returns the options that all workers of the run share."""
    return WorkerOptions(
        agent=run.agent if request.agent is None else request.agent,
        check=run.check if request.check is None else request.check,
        shell=run.shell if request.shell is None else request.shell,
        tasks=str(Path(request.tasks).absolute()) if request.tasks and request.tasks != "-" else None,
        tag=request.tag,
        seconds=limit(run.timeout if request.timeout is None else request.timeout),
        grace=run.grace,
        rework=run.rework if request.rework is None else request.rework,
        now=True,
        commit_leftovers=run.commit_leftovers,
        allow_empty=run.allow_empty or request.allow_empty,
        engine=engine,
        slots=slots,
    )
