"""`gitcoord check-conflicts`: finds which branches of a level conflict, and the waves that result."""

from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from gitcoord.cli.app import app, not_nan
from gitcoord.cli.completion import complete_task
from gitcoord.cli.options import (
    Author,
    Branches,
    CheckTimeout,
    Flaky,
    Forge,
    GitHubRepository,
    Ignore,
    Label,
    LandingCheck,
    Level,
    Pulls,
    Recheck,
    SerializeOn,
    Shell,
    Slots,
)

if TYPE_CHECKING:
    from gitcoord.cli.conflicts.level_check import CheckedLevel
    from gitcoord.cli.conflicts.level_inputs import CheckInputs, CheckRequest
    from gitcoord.cli.context import Context
    from gitcoord.cli.landing.check_options import CheckArguments
    from gitcoord.landing.proof import CheckOptions
    from gitcoord.planning.model import Plan

_EPILOG = """\b
Examples:
  gitcoord check-conflicts                      # the first unlanded level
  gitcoord check-conflicts level-0 --save       # save the waves in the plan
  gitcoord check-conflicts --explain            # the rule behind each pair
  gitcoord check-conflicts --what-if 7          # the order if 7 landed first
  gitcoord check-conflicts --check 'make test'  # branches that fail together
  gitcoord check-conflicts --watch              # again when a branch changes
  gitcoord check-conflicts --json               # for a program
  gitcoord check-conflicts 0 --serialize-on overlap --ignore '*.lock'
  gitcoord check-conflicts --pulls 12,15,19     # without a task list
  gitcoord check-conflicts --branches 'agent/*'
"""

_Explain = Annotated[bool, typer.Option("--explain", help="Say which rule decided for each pair.")]
_WhatIf = Annotated[
    str | None,
    typer.Option("--what-if", metavar="TASK", autocompletion=complete_task, help="Land this task first."),
]
_Without = Annotated[
    list[str] | None,
    typer.Option(
        "--without",
        metavar="TASK",
        autocompletion=complete_task,
        help="Leave this task out; may be repeated.",
    ),
]
_MaxParallel = Annotated[
    int | None,
    typer.Option(
        "--max-parallel", metavar="N", min=1, help="Maximum number of tasks in a wave (default: no limit)."
    ),
]
_Worktrees = Annotated[
    bool,
    typer.Option(
        "--worktrees",
        help="Include uncommitted work in this clone's worktrees. Without a plan, compare the worktrees.",
    ),
]
_Watch = Annotated[bool, typer.Option("--watch", help="Keep running; check again when a branch changes.")]
_Every = Annotated[
    float,
    typer.Option(
        "--every",
        metavar="SECONDS",
        min=0.1,
        max=86_400,
        callback=not_nan,
        help="Time between two checks of --watch.",
    ),
]
_Save = Annotated[bool, typer.Option("--save", help="Write the waves into the plan.")]
_Json = Annotated[
    bool,
    typer.Option(
        "--json", help="One gitcoord.conflicts/1 document on stdout; with --watch a line for each change."
    ),
]


@app.command("check-conflicts", epilog=_EPILOG)
def check_conflicts(
    level: Level = None,
    serialize_on: SerializeOn = None,
    ignore: Ignore = None,
    explain: _Explain = False,
    what_if: _WhatIf = None,
    without: _Without = None,
    max_parallel: _MaxParallel = None,
    check_command: LandingCheck = None,
    shell: Shell = None,
    slots: Slots = None,
    check_timeout: CheckTimeout = None,
    flaky: Flaky = None,
    recheck: Recheck = False,
    worktrees: _Worktrees = False,
    pulls: Pulls = None,
    label: Label = None,
    author: Author = None,
    branches: Branches = None,
    forge: Forge = None,
    repository: GitHubRepository = None,
    watch: _Watch = False,
    every: _Every = 5.0,
    save: _Save = False,
    as_json: _Json = False,
) -> None:
    """Find which branches of LEVEL really conflict, by merging them in memory.

    Exit code 0 if the level's branches can land as one wave and pass the check, if any; 1 if not. Changes
    neither the working tree nor a branch. An overlap in an ignored path does not split waves; a merge that
    fails there does, because landing would fail, too. With --check, also runs the check on the landing
    order, and names branches that merge cleanly but fail together.

    Without a task list, give pull requests, branches or worktrees.
    """
    from gitcoord.adoption.model import AdoptionRequest
    from gitcoord.cli.conflicts.conflicts_watch import watch_level
    from gitcoord.cli.conflicts.level_check import check
    from gitcoord.cli.conflicts.level_inputs import CheckRequest, read_inputs
    from gitcoord.cli.context import acts_across, open_context
    from gitcoord.cli.landing.adopted import means_heads, pull_numbers, read_heads
    from gitcoord.cli.landing.check_options import CheckArguments, make_check_options
    from gitcoord.cli.views.conflicts import document
    from gitcoord.cli.views.output import emit_json
    from gitcoord.errors import Exit

    live = worktrees or watch
    _check_combinations(bad_save=save and bool(without or live), bad_check=bool(check_command) and live)
    numbers, patterns = pull_numbers([pulls] if pulls else ()), tuple(branches or ())
    heads = AdoptionRequest(pulls=numbers, label=label, author=author, branches=patterns, worktrees=worktrees)
    context = open_context(reads=not save and check_command is None, several=True)
    command, timeout = check_command or "", check_timeout
    asked_check = CheckArguments(
        command=command, slots=slots, timeout=timeout, flaky=flaky, recheck=recheck, shell=shell
    )
    options = make_check_options(context.settings, asked_check)
    context.repository.require_history()
    request = CheckRequest(
        level=level,
        serialize_on=serialize_on,
        ignore=tuple(ignore or ()),
        first=what_if,
        without=tuple(without or ()),
        worktrees=worktrees,
        most=max_parallel,
    )
    if acts_across(context.settings):
        others = any((what_if, without, watch, check_command, heads != AdoptionRequest()))
        _check_everywhere(context, request, others=others, explain=explain, save=save, as_json=as_json)
    no_list = means_heads(context, heads, level=level, save=save, watch=watch)
    if watch:
        watch_level(context, request, every=every, as_json=as_json, explain=explain)
    if no_list:
        inputs = read_heads(context, heads, request, forge, repository)
    else:
        inputs = read_inputs(context, request)
    checked = check(context, request, inputs)
    if options is not None:
        checked = _proved(context, checked, inputs, options, asked_check)
    saved = save and _save(context, checked)
    if as_json:
        emit_json("conflicts", {**document(checked, request, options), "saved": saved})
    else:
        _show(checked, request, explain=explain, saved=saved if save else None)
    if not checked.lands:
        raise typer.Exit(Exit.NO)


def _check_everywhere(
    context: "Context", request: "CheckRequest", *, others: bool, explain: bool, save: bool, as_json: bool
) -> NoReturn:
    """Checks the level in each repository. `others`: whether options for a single repository were given."""
    from gitcoord.cli.conflicts.conflicts_across import check_everywhere
    from gitcoord.errors import Exit

    lands = check_everywhere(
        context,
        request,
        plain_options=not others,
        show=lambda checked, request: _show(checked, request, explain=explain, saved=None),
        save=_save if save else None,
        as_json=as_json,
    )
    raise typer.Exit(Exit.OK if lands else Exit.NO)


def _show(checked: "CheckedLevel", request: "CheckRequest", *, explain: bool, saved: bool | None) -> None:
    """Prints the report. `saved`: whether the plan changed; None without --save."""
    from gitcoord.cli.views.conflicts import report_parts
    from gitcoord.cli.views.output import say, show

    show(*report_parts(checked, request, explain=explain))
    if saved is not None:
        say("The waves are saved in the plan." if saved else "The plan already has these waves.")


def _check_combinations(*, bad_save: bool, bad_check: bool) -> None:
    """Raises `usage` (exit 2) if --save or --check was given with an option that it cannot be used with."""
    from gitcoord.errors import usage_error

    if bad_save:
        raise usage_error(
            "usage",
            "--save cannot be used with --without, --worktrees or --watch: the plan covers all branches, "
            "and committed work only.",
            "Check first, then save with a second call.",
        )
    if bad_check:
        raise usage_error(
            "usage",
            "--check cannot be used with --worktrees or --watch: the check runs on committed work.",
            "Leave them out.",
        )


def _proved(
    context: "Context",
    checked: "CheckedLevel",
    inputs: "CheckInputs",
    options: "CheckOptions",
    asked_check: "CheckArguments",
) -> "CheckedLevel":
    """Runs the check on the landing order; returns `checked` with the results."""
    import msgspec

    from gitcoord.cli.conflicts.level_proof import prove_level
    from gitcoord.cli.landing.check_options import open_checker, open_maker
    from gitcoord.cli.views.notices import say_notice

    slots, recheck = asked_check.slots, asked_check.recheck
    with (
        open_maker(context, options, slots) as maker,
        open_checker(context, options, say_notice, slots=slots, recheck=recheck, writes=False) as checker,
    ):
        proof = prove_level(context, checked, inputs, options, checker, maker, say_notice)
    return msgspec.structs.replace(checked, proof=proof)


def _save(context: "Context", checked: "CheckedLevel") -> bool:
    """Writes the report's waves into the newest plan. Returns False if the plan already had them.

    Raises `planned-anew` if the level's tasks changed since the check.
    """
    from gitcoord.conflicts.apply_waves import plan_with_waves
    from gitcoord.errors import GitcoordError
    from gitcoord.event_stamp import now, worker_name
    from gitcoord.events import WavesSaved

    level = checked.level
    changed = False

    def change(plan: "Plan") -> "Plan":
        nonlocal changed
        newest = next((one for one in plan.levels if one.number == level.number), None)
        if newest is None or set(newest.tasks) != set(level.tasks):
            raise GitcoordError(
                "planned-anew",
                f"The plan of {level.name} changed during the check, so its waves are not saved.",
                hint="Run the command again.",
            )
        after = plan_with_waves(plan, newest, checked.report)
        changed = after != plan
        return after

    def event(plan: "Plan") -> WavesSaved:
        waves = next(one.waves for one in plan.levels if one.number == level.number)
        return WavesSaved(at=now(), by=worker_name(), level=level.name, waves=waves)

    context.store.change_plan(change, event)
    return changed
