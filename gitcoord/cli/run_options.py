"""Turns the options of `gitcoord run` into its values; makes a plan if none is saved."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from gitcoord.cli.context import Context
from gitcoord.cli.merge_options import AskedLanding, make_options
from gitcoord.cli.open_engine import EngineChoice
from gitcoord.cli.plan_making import PlanProposal
from gitcoord.cli.time_options import limit, seconds
from gitcoord.cli.views.event_json import event_words
from gitcoord.errors import usage_error
from gitcoord.forge.pull_requests import Method
from gitcoord.landing.model import Options
from gitcoord.landing.proof import CheckOptions
from gitcoord.planning.model import Plan
from gitcoord.run.attempt_policy import AttemptLimits
from gitcoord.run.effects import RunOptions
from gitcoord.schedule.model import Policy, UnitStart
from gitcoord.settings import RunSettings, Settings
from gitcoord.state.accounts import account_of
from gitcoord.worker.attempt.request import WorkerOrder
from gitcoord.worker.attempt.resolve_agent import with_program


class RunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The options on the command line; None means that the settings decide."""

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


def known_agent(context: Context, asked: str | None, *, shell: bool) -> str:
    """Returns the agent's command, from the option or the settings, with the path of its program.

    Raises (exit 2) `no-agent` and `no-program`.
    """
    here = Path.cwd()
    directory = here if asked is not None else context.repository.root or here
    command = context.settings.run.agent if asked is None else asked
    return with_program(command, directory, context.shared, shell=shell)


def check_words(asked: RunRequest, run: RunSettings) -> None:
    """Raises `usage` (exit 2) for options that are wrong or cannot be used together."""
    if asked.barrier and (asked.pipeline or asked.speculate):
        early = "--speculate" if asked.speculate else "--pipeline"
        raise usage_error("usage", f"{early} and --barrier contradict each other.", "Choose one of them.")
    if asked.speculate and not asked.land:
        raise usage_error(
            "usage", "--speculate needs --land.", "`--pipeline` alone starts work on submitted dependencies."
        )
    if asked.delete_branches and not asked.land:
        raise usage_error("usage", "--delete-branches needs --land.", "Nothing lands without it.")
    if (asked.slots is not None or not asked.land_check) and not asked.land:
        option = "--slots" if asked.slots is not None else "--no-land-check"
        raise usage_error("usage", f"{option} needs --land.", "Nothing lands without it.")
    event_words(run)
    slots(asked.max_parallel, 1)
    limit(run.timeout if asked.timeout is None else asked.timeout)
    for text in (asked.stagger or run.stagger or None, asked.wait):
        seconds(text)


def landing_options(asked: RunRequest, settings: Settings, plan: Plan, *, partial: bool) -> Options:
    """Returns the options with which a run lands a level; `partial`: its missing tasks need a person."""
    landing = AskedLanding(
        method=asked.method,
        partial=partial and plan.strategy == "single-pr",
        delete_branches=asked.delete_branches,
    )
    return make_options(landing, settings, plan.strategy, landing_check(asked, settings))


def landing_check(asked: RunRequest, settings: Settings) -> CheckOptions | None:
    """Returns the check for landing: `check` in [landing], else the workers' check; None without one."""
    from gitcoord.cli.check_options import AskedCheck, make_check_options

    own = settings.run.check if asked.check is None else asked.check
    command = settings.landing.check or own
    if not asked.land_check or not command:
        return None
    return make_check_options(settings, AskedCheck(command=command, shell=asked.shell))


def make_missing_plan(context: Context, asked: RunRequest) -> PlanProposal:
    """Makes the plan of the task list, without saving it. The caller has fetched the shared refs."""
    from gitcoord.cli.issue_lists import issue_reader
    from gitcoord.cli.plan_making import PlanRequest as AskedPlan
    from gitcoord.cli.plan_making import make_plan
    from gitcoord.cli.views.output import warn
    from gitcoord.tasks.reader import read_task_list

    listed = read_task_list(
        root=context.repository.root,
        tasks=asked.tasks,
        origin=asked.origin,
        usual=context.settings.tasks.origin,
        in_order=context.settings.tasks.in_order,
        tag=asked.tag,
        read_issues=issue_reader(context),
    )
    number = asked.max_parallel if (asked.max_parallel or "").isdigit() else None
    wanted = AskedPlan(max_parallel=int(number) if number else None, token_budget=asked.token_budget)
    made = make_plan(context, listed, wanted)
    warn(made.plan.warnings[:10])
    return made


def slots(asked: str | None, planned: int) -> int | None:
    """Returns the number of slots; None lets the machine decide. Raises `usage` (exit 2)."""
    if asked == "auto":
        return None
    if asked is None:
        return planned
    if not (asked.isascii() and asked.isdigit() and 0 < len(asked) < 6 and int(asked) > 0):
        raise usage_error("usage", f"--max-parallel {asked!r} is not a number.", "Give a number, or auto.")
    return int(asked)


def run_options(asked: RunRequest, run: RunSettings, plan: Plan) -> RunOptions:
    """Returns the coordinator's options."""
    return RunOptions(
        policy=Policy(
            pipeline=asked.pipeline or asked.speculate,
            speculate=asked.speculate,
            barrier=asked.barrier,
            overlap=asked.overlap or run.overlap,
            independent_only=asked.independent_only,
            whole_waves=plan.strategy == "single-pr",
        ),
        limits=AttemptLimits(
            retries=run.retries if asked.retries is None else asked.retries,
            rework=run.rework if asked.rework is None else asked.rework,
            same_failures=run.same_failures,
        ),
        token_budget=asked.token_budget or plan.token_budget,
        wait=seconds(asked.wait),
        account=account_of(run),
        log_ends=run.keep_log_ends,
    )


def run_order(
    asked: RunRequest,
    run: RunSettings,
    start: UnitStart,
    number: int,
    *,
    engine: str,
    slots: int | None,
    tokens: int | None,
    waited: Mapping[str, float],
) -> WorkerOrder:
    """Returns the order for the worker of attempt `number` when `start` starts."""
    return WorkerOrder(
        unit=start.unit,
        attempt=number,
        agent=run.agent if asked.agent is None else asked.agent,
        check=run.check if asked.check is None else asked.check,
        shell=run.shell if asked.shell is None else asked.shell,
        tasks=str(Path(asked.tasks).absolute()) if asked.tasks and asked.tasks != "-" else None,
        tag=asked.tag,
        seconds=limit(run.timeout if asked.timeout is None else asked.timeout),
        grace=run.grace,
        rework=run.rework if asked.rework is None else asked.rework,
        stack=start.stacked,
        now=True,
        commit_leftovers=run.commit_leftovers,
        allow_empty=run.allow_empty or asked.allow_empty,
        token_budget=tokens,
        engine=engine,
        slots=slots,
        beside=start.beside,
        waited={name: spent for name, spent in waited.items() if spent >= 0.001},
    )
