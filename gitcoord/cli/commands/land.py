"""`gitcoord land`: lands existing pull requests, branches and worktrees, without a task list."""

from typing import Annotated, Literal

import typer

from gitcoord.cli.app import app
from gitcoord.cli.options import (
    AllowRedBase,
    Author,
    Branches,
    CheckTimeout,
    DeleteBranches,
    Flaky,
    Forge,
    GitHubRepository,
    Ignore,
    Label,
    LandingCheck,
    Method,
    NoCheck,
    ProveTrees,
    Recheck,
    SerializeOn,
    Shell,
    Slots,
    WindowSize,
    Yes,
)

_EPILOG = """\b
Examples:
  gitcoord land 12 15 19     # these pull requests
  gitcoord land acme/api#12  # in another repository of the settings
  gitcoord land --label agents --check 'make test'
  gitcoord land --author copilot --method squash --yes
  gitcoord land --branches 'agent/*' --dry-run
  gitcoord land --worktrees  # branches of linked worktrees
"""

_Pulls = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NUMBER]...", help="Pull requests: 12, #12 or OWNER/REPO#12.", show_default=False
    ),
]
_Worktrees = Annotated[
    bool, typer.Option("--worktrees", help="The branches of this clone's linked worktrees.")
]
_Base = Annotated[
    str | None,
    typer.Option(
        "--base",
        metavar="BRANCH",
        help="The branch to land on (default: `base` in the settings, else the pull requests' base).",
    ),
]
_Strategy = Annotated[
    Literal["single-pr", "multi-pr"],
    typer.Option(help="single-pr: one pull request for all; multi-pr: one for each."),
]
_Wait = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Time to wait for checks and reviews, such as 30m or 1h."),
]
_Auto = Annotated[
    bool,
    typer.Option("--auto", help="Enable auto-merge for pull requests that wait for checks or reviews."),
]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Show every step, change nothing.")]
_Json = Annotated[bool, typer.Option("--json", help="One gitcoord.landing/1 document on stdout.")]


@app.command("land", epilog=_EPILOG)
def land(
    pulls: _Pulls = None,
    label: Label = None,
    author: Author = None,
    branches: Branches = None,
    worktrees: _Worktrees = False,
    base: _Base = None,
    strategy: _Strategy = "multi-pr",
    method: Method = None,
    wait: _Wait = None,
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
    yes: Yes = False,
    dry_run: _DryRun = False,
    as_json: _Json = False,
) -> None:
    """Land existing pull requests, branches or worktrees, in an order that works.

    Needs no task list. Does not edit titles and descriptions of other people's pull requests, and deletes
    branches only with --delete-branches. Defers a head that conflicts, and gives the reason in a comment. A
    head lands after the heads that it contains, and after #12 if its pull request says "depends on #12".

    Exit code 1 if something that you named was left out, was deferred or still waits: run the command again
    to continue. Else 0, also if you do not confirm, and after a --dry-run that found something to land.
    """
    from gitcoord.adoption.model import AdoptionRequest
    from gitcoord.cli.across.pull_places import named_repository, open_named
    from gitcoord.cli.landing.adopted import find_heads, pull_numbers, require_some
    from gitcoord.cli.landing.check_options import CheckArguments, make_check_options
    from gitcoord.cli.landing.heads_landing import HeadsLanding
    from gitcoord.cli.landing.merge_options import LandingArguments, make_options
    from gitcoord.cli.open_forge import open_forge

    name, numbers = named_repository(pulls or ())
    request = AdoptionRequest(
        pulls=pull_numbers(numbers),
        label=label,
        author=author,
        branches=tuple(branches or ()),
        worktrees=worktrees,
        base=base,
    )
    require_some(request)
    context = open_named(name, reads=dry_run)
    context.repository.require_history()
    asked_check = CheckArguments(
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
        auto=auto,
        # A head that waits for its owner does not hold back the others.
        partial=strategy == "single-pr",
        delete_branches=delete_branches,
        serialize_on=serialize_on,
        ignore=tuple(ignore or ()),
    )
    check_options = make_check_options(context.settings, asked_check, auto=auto)
    options = make_options(arguments, context.settings, strategy, check_options)
    if not dry_run:
        context.repository.require_signer()
    opened = open_forge(context, requested=forge, repository=repository)
    adoption, store = find_heads(context, opened, request)
    landing = HeadsLanding(context, adoption, store, opened, options, as_json=as_json)
    landing.run(yes=yes, dry_run=dry_run, slots=slots, recheck=recheck, no_check=no_check)
