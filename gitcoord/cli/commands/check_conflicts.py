"""`gitcoord check-conflicts`: what the branches of a level do to each other, and the waves that follow."""

from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from gitcoord.cli.app import app
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
    from gitcoord.cli.check_options import AskedCheck
    from gitcoord.cli.context import Context
    from gitcoord.cli.level_check import CheckedLevel, CheckInputs, CheckRequest
    from gitcoord.landing.proof import CheckOptions
    from gitcoord.planning.model import Plan

_EPILOG = """\b
Examples:
  gitcoord check-conflicts                  the first level not landed yet
  gitcoord check-conflicts level-0 --save   write these waves into the plan
  gitcoord check-conflicts --explain        which rule decided for each pair
  gitcoord check-conflicts --what-if 7      the order if task 7 landed first
  gitcoord check-conflicts --check 'make test'   who fails together
  gitcoord check-conflicts --watch          stay, and look when a branch moves
  gitcoord check-conflicts --json           for a program
  gitcoord check-conflicts 0 --serialize-on overlap --ignore '*.lock'
  gitcoord check-conflicts --pulls 12,15,19         without a task list
  gitcoord check-conflicts --branches 'agent/*'
"""

_Explain = Annotated[bool, typer.Option("--explain", help="Say which rule decided for each pair.")]
_WhatIf = Annotated[
    str | None,
    typer.Option("--what-if", metavar="TASK", autocompletion=complete_task, help="Let this task land first."),
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
        "--max-parallel", metavar="N", min=1, help="At most so many tasks in a wave; default: any number."
    ),
]
_Worktrees = Annotated[
    bool,
    typer.Option(
        "--worktrees",
        help="Count uncommitted work in the worktrees of this clone; where no plan is saved, compare them.",
    ),
]
_Watch = Annotated[bool, typer.Option("--watch", help="Stay, and check again whenever a branch has moved.")]
_Every = Annotated[
    float, typer.Option("--every", metavar="SECONDS", min=0.1, help="How often --watch looks.")
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

    Exit code 0 when the whole level can land as one wave, 1 when it has to be split. Neither the
    working tree nor a branch is touched. Paths that are ignored do not keep tasks apart; a merge that
    fails in one is a conflict all the same, because landing would fail there. With --check the landing
    order is proved by that command, too, and what merges and fails together is named.

    Pull requests, branches and, where no plan is saved, worktrees are looked at without a task list.
    """
    from gitcoord.adoption.model import AdoptionRequest
    from gitcoord.cli.adopted import look_at_heads, means_heads, pull_numbers
    from gitcoord.cli.check_options import AskedCheck, make_check_options
    from gitcoord.cli.context import acts_across, open_context
    from gitcoord.cli.level_check import CheckRequest, check, look
    from gitcoord.cli.views.conflicts import document
    from gitcoord.cli.views.output import emit_json
    from gitcoord.errors import Exit

    _refuse(
        save=save and bool(without or worktrees or watch), check=bool(check_command) and (worktrees or watch)
    )
    numbers, patterns = pull_numbers([pulls] if pulls else ()), tuple(branches or ())
    heads = AdoptionRequest(pulls=numbers, label=label, author=author, branches=patterns, worktrees=worktrees)
    context = open_context(reads=not save and check_command is None, several=True)
    command, timeout = check_command or "", check_timeout
    words = AskedCheck(
        command=command, slots=slots, timeout=timeout, flaky=flaky, recheck=recheck, shell=shell
    )
    options = make_check_options(context.settings, words)
    context.repository.require_history()
    asked = CheckRequest(
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
        _check_everywhere(context, asked, others=others, explain=explain, save=save, as_json=as_json)
    of_heads = means_heads(context, heads, level=level, save=save, watch=watch)
    if watch:
        from gitcoord.cli.conflicts_watch import watch_level

        watch_level(context, asked, every=every, as_json=as_json, explain=explain)
    sight = look_at_heads(context, heads, asked, forge, repository) if of_heads else look(context, asked)
    checked = check(context, asked, sight)
    if options is not None:
        checked = _proved(context, checked, sight, options, words)
    saved = save and _save(context, checked)
    if as_json:
        emit_json("conflicts", {**document(checked, asked, options), "saved": saved})
    else:
        _show(checked, asked, explain=explain, saved=saved if save else None)
    if not checked.lands:
        raise typer.Exit(Exit.NO)


def _check_everywhere(
    context: "Context", asked: "CheckRequest", *, others: bool, explain: bool, save: bool, as_json: bool
) -> NoReturn:
    """The same over several repositories, in each by itself."""
    from gitcoord.cli.conflicts_across import check_everywhere
    from gitcoord.errors import Exit

    lands = check_everywhere(
        context,
        asked,
        plain_options=not others,
        show=lambda checked, asked: _show(checked, asked, explain=explain, saved=None),
        save=_save if save else None,
        as_json=as_json,
    )
    raise typer.Exit(Exit.OK if lands else Exit.NO)


def _show(checked: "CheckedLevel", asked: "CheckRequest", *, explain: bool, saved: bool | None) -> None:
    """The report for a person; `saved`: whether its waves were new to the plan, where they are saved."""
    from gitcoord.cli.views.conflicts import pictures
    from gitcoord.cli.views.output import say, show

    show(*pictures(checked, asked, explain=explain))
    if saved is not None:
        say("The waves are saved in the plan." if saved else "The plan has these waves already.")


def _refuse(*, save: bool, check: bool) -> None:
    """Raises `usage` for options that do not go together."""
    from gitcoord.errors import usage_error

    if save:
        raise usage_error(
            "usage",
            "--save goes with neither --without nor --worktrees nor --watch: the plan holds the branches.",
            "Check first, and save with a second call.",
        )
    if check:
        raise usage_error(
            "usage",
            "--check goes with neither --worktrees nor --watch: it is run on what the branches hold.",
            "Leave them out.",
        )


def _proved(
    context: "Context",
    checked: "CheckedLevel",
    sight: "CheckInputs",
    options: "CheckOptions",
    words: "AskedCheck",
) -> "CheckedLevel":
    """The same with what the check says of the landing order."""
    import msgspec

    from gitcoord.cli.check_options import open_checker
    from gitcoord.cli.level_proof import prove_level
    from gitcoord.cli.views.notices import say_notice

    with open_checker(
        context, options, say_notice, slots=words.slots, recheck=words.recheck, writes=False
    ) as checker:
        proof = prove_level(context, checked, sight, options, checker, say_notice)
    return msgspec.structs.replace(checked, proof=proof)


def _save(context: "Context", checked: "CheckedLevel") -> bool:
    """Writes the report's waves into the newest plan; False when it had them already."""
    from gitcoord.conflicts.apply_waves import plan_with_waves
    from gitcoord.errors import GitcoordError
    from gitcoord.events import WavesSaved
    from gitcoord.state.journal import now, worker_name

    level = checked.level
    changed = False

    def change(plan: "Plan") -> "Plan":
        nonlocal changed
        newest = next((one for one in plan.levels if one.number == level.number), None)
        if newest is None or set(newest.tasks) != set(level.tasks):
            raise GitcoordError(
                "planned-anew",
                f"{level.name} was planned anew while it was checked, so its waves are not saved.",
                hint="Run the command again.",
            )
        after = plan_with_waves(plan, newest, checked.report)
        changed = after != plan
        return after

    def told(plan: "Plan") -> WavesSaved:
        waves = next(one.waves for one in plan.levels if one.number == level.number)
        return WavesSaved(at=now(), by=worker_name(), level=level.name, waves=waves)

    context.store.change_plan(change, told)
    return changed
