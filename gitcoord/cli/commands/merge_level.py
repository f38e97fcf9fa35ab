"""`gitcoord merge-level`: lands a level."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gitcoord.cli.app import app
from gitcoord.cli.options import (
    AllowRedBase,
    CheckTimeout,
    DeleteBranches,
    Flaky,
    Forge,
    GitHubRepository,
    Ignore,
    LandingCheck,
    Level,
    Method,
    NoCheck,
    ProveTrees,
    Recheck,
    SerializeOn,
    Shell,
    Slots,
    WindowSize,
)

if TYPE_CHECKING:
    from gitcoord.cli.context import Context
    from gitcoord.cli.landing.check_options import CheckArguments
    from gitcoord.cli.landing.merge_options import LandingArguments
    from gitcoord.landing.across.model import OnPartial
    from gitcoord.landing.context import LandingContext

_EPILOG = """\b
Examples:
  gitcoord merge-level                    # the first level not landed yet
  gitcoord merge-level level-0 --dry-run  # show every step, change nothing
  gitcoord merge-level 0 --strategy multi-pr --method squash --wait 30m
  gitcoord merge-level 0 --check 'make test' --slots 4
  gitcoord merge-level 0 --serialize-on overlap --ignore '*.lock' --json
"""

_Strategy = Annotated[Literal["single-pr", "multi-pr"] | None, typer.Option(help="Default: the plan's.")]
_Wait = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Time to wait for workers, checks and reviews, such as 30m or 1h."),
]
_Partial = Annotated[
    bool,
    typer.Option("--partial", help="Single-PR: land what is submitted, without the rest of the wave."),
]
_AllOrNothing = Annotated[
    bool, typer.Option("--all-or-nothing", help="Single-PR: stop when any task is deferred.")
]
_Auto = Annotated[
    bool,
    typer.Option("--auto", help="Enable auto-merge for pull requests that wait for checks or reviews."),
]
_OnPartial = Annotated[
    Literal["wait", "rollback"] | None,
    typer.Option(
        "--on-partial", help="Several repositories: what to do with a landed part if the rest cannot land."
    ),
]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Show every step, change nothing.")]
_Json = Annotated[bool, typer.Option("--json", help="One gitcoord.landing/1 document on stdout.")]


@app.command("merge-level", epilog=_EPILOG)
def merge_level(
    level: Level = None,
    strategy: _Strategy = None,
    method: Method = None,
    wait: _Wait = None,
    partial: _Partial = False,
    all_or_nothing: _AllOrNothing = False,
    auto: _Auto = False,
    check: LandingCheck = None,
    no_check: NoCheck = False,
    shell: Shell = None,
    slots: Slots = None,
    window: WindowSize = None,
    check_timeout: CheckTimeout = None,
    flaky: Flaky = None,
    prove: ProveTrees = None,
    allow_red_base: AllowRedBase = False,
    recheck: Recheck = False,
    delete_branches: DeleteBranches = False,
    serialize_on: SerializeOn = None,
    ignore: Ignore = None,
    forge: Forge = None,
    repository: GitHubRepository = None,
    on_partial: _OnPartial = None,
    dry_run: _DryRun = False,
    as_json: _Json = False,
) -> None:
    """Open the pull requests of LEVEL and merge them, one at a time, in an order that works.

    With a check, the base moves only to a tree on which that command succeeded: gitcoord checks combinations
    of branches in parallel before they land, and defers a task that makes the check fail.

    Exit code 0 if the whole level is in the base, and after a --dry-run; 1 if something was deferred or still
    waits. Run the command again to continue, even after it was killed.
    """
    from gitcoord.cli.context import acts_across, open_context
    from gitcoord.cli.landing.check_options import CheckArguments, make_check_options, with_checker
    from gitcoord.cli.landing.merge_options import LandingArguments, make_landing_context, make_options
    from gitcoord.cli.views.notices import say_notice
    from gitcoord.landing.defer_task import take_again
    from gitcoord.landing.reorder_by_conflicts import with_real_order

    context = open_context(reads=dry_run, several=True)
    words = CheckArguments(
        command=check,
        off=no_check,
        slots=slots,
        window=window,
        timeout=check_timeout,
        flaky=flaky,
        prove=prove,
        allow_red_base=allow_red_base,
        recheck=recheck,
        shell=shell,
    )
    arguments = LandingArguments(
        strategy=strategy,
        method=method,
        wait=wait,
        partial=partial,
        all_or_nothing=all_or_nothing,
        auto=auto,
        delete_branches=delete_branches,
        serialize_on=serialize_on,
        ignore=tuple(ignore or ()),
    )
    if acts_across(context.settings):
        rest = (level, on_partial, forge or repository)
        _land_across(context, arguments, words, rest, dry_run=dry_run, as_json=as_json)
        return
    _require_several(on_partial)
    context.repository.require_history()
    context.store.refresh()
    plan = context.store.require_plan()
    checks = make_check_options(context.settings, words, auto=auto)
    options = make_options(arguments, context.settings, plan.strategy, checks)
    _prepare(context, plan.base, unchecked=checks is None and not no_check, dry_run=dry_run)
    landing_context = make_landing_context(context, plan, level, options, forge=forge, repository=repository)
    landing_context = with_real_order(landing_context, save=not dry_run)
    if recheck and not dry_run:
        take_again(landing_context)
    if dry_run:
        _show_steps(landing_context, as_json=as_json)
        return
    with with_checker(landing_context, context, say_notice, slots=slots, recheck=recheck) as checked:
        _land(checked, context, as_json=as_json)


def _prepare(context: "Context", base: str, *, unchecked: bool, dry_run: bool) -> None:
    from gitcoord.cli.landing.base_settings import require_check_of

    if unchecked:
        require_check_of(context, base)
    if dry_run:
        return
    context.repository.require_signer()
    context.repository.read_in_process()


def _land_across(
    context: "Context",
    arguments: "LandingArguments",
    words: "CheckArguments",
    rest: "tuple[str | None, OnPartial | None, str | None]",
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    from gitcoord.cli.landing.across_options import AcrossRequest
    from gitcoord.cli.landing.land_across import land_across

    level, on_partial, one_forge = rest
    given = {
        "--partial": arguments.partial,
        "--all-or-nothing": arguments.all_or_nothing,
        "--auto": arguments.auto,
        "--forge or --repository": one_forge,
        "--window, --flaky, --prove, --recheck or --allow-red-base": any(
            (words.window, words.flaky, words.prove, words.recheck, words.allow_red_base)
        ),
    }
    request = AcrossRequest(
        level=level,
        on_partial=on_partial or "wait",
        strategy=arguments.strategy,
        method=arguments.method,
        wait=arguments.wait,
        delete_branches=arguments.delete_branches,
        serialize_on=arguments.serialize_on,
        ignore=arguments.ignore,
        check=words,
        others=tuple(name for name, wanted in given.items() if wanted),
        dry_run=dry_run,
        as_json=as_json,
    )
    land_across(context, request)


def _require_several(on_partial: str | None) -> None:
    from gitcoord.errors import usage_error

    if on_partial is not None:
        raise usage_error(
            "usage", "--on-partial needs several repositories.", "See `gitcoord help repositories`."
        )


def _show_steps(landing_context: "LandingContext", *, as_json: bool) -> None:
    from gitcoord.cli.views.output import clean, emit, emit_json
    from gitcoord.landing.dry_run import preview

    steps = preview(landing_context).steps
    if as_json:
        emit_json("landing-preview", {"level": landing_context.level.name, "steps": steps})
    else:
        for step in steps or [f"nothing to do for {landing_context.level.name}"]:
            emit(clean(step))


def _land(landing_context: "LandingContext", context: "Context", *, as_json: bool) -> None:
    from gitcoord.cli.planning.list_sync import sync_after_landing
    from gitcoord.cli.views.landing import ONLY_TEXT, show_report
    from gitcoord.cli.views.notices import say_notice
    from gitcoord.cli.views.output import emit_json, say
    from gitcoord.landing.loop import Lander
    from gitcoord.landing.prover import proves_last_only

    report = Lander(landing_context, say_notice).land()
    if as_json:
        emit_json("landing", report)
    else:
        show_report(report)
    if report.landed and landing_context.options.check is None:
        say(ONLY_TEXT)
    if report.landed and proves_last_only(landing_context):
        say("Only the last tree of each row of pull requests was checked, not the others (--prove last).")
    sync_after_landing(context)
    if not report.complete:
        raise typer.Exit(1)
