"""`gitcoord rollback`: reverts what levels landed."""

from typing import Annotated

import typer

from gitcoord.cli.app import app
from gitcoord.cli.completion import complete_level
from gitcoord.cli.options import DryRun, Forge, GitHubRepository, Method

_EPILOG = """\b
Examples:
  gitcoord rollback level-1 --dry-run        # what would be reverted
  gitcoord rollback level-1                  # one commit, or one merged PR
  gitcoord rollback level-0 --include-later  # later levels, too
  gitcoord rollback 1 --no-merge             # leave the PR to its reviewers
"""

_Levels = Annotated[
    list[str],
    typer.Argument(
        metavar="LEVEL...", autocompletion=complete_level, help="level-1 or 1.", show_default=False
    ),
]
_IncludeLater = Annotated[bool, typer.Option("--include-later", help="Also revert what later levels landed.")]
_Merge = Annotated[
    bool,
    typer.Option("--merge/--no-merge", help="Merge the pull request, or leave that to its reviewers."),
]
_Wait = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Time to wait for checks and reviews, such as 30m or 1h."),
]
_Json = Annotated[bool, typer.Option("--json", help="One gitcoord.rollback/1 document on stdout.")]


@app.command("rollback", epilog=_EPILOG)
def rollback(
    levels: _Levels,
    include_later: _IncludeLater = False,
    merge: _Merge = True,
    method: Method = None,
    wait: _Wait = None,
    forge: Forge = None,
    repository: GitHubRepository = None,
    dry_run: DryRun = False,
    as_json: _Json = False,
) -> None:
    """Revert what LEVEL landed, newest first, as one commit on the base or one pull request.

    Computes the result in memory first: if a revert conflicts, or later work builds on the level, the command
    changes nothing and ends with exit code 1. Afterwards the tasks count as not landed; `gitcoord checkout
    TASK` restores a task's work for another try.

    Exit code 1 also if no task of LEVEL has landed, or if the pull request could not be merged yet: run
    the command again to continue.
    """

    import msgspec

    from gitcoord.cli.context import acts_across, open_context
    from gitcoord.cli.landing.check_options import open_maker
    from gitcoord.cli.levels import find_level
    from gitcoord.cli.open_forge import open_forge
    from gitcoord.cli.time_options import seconds
    from gitcoord.cli.views.notices import say_notice
    from gitcoord.cli.views.output import emit_json
    from gitcoord.cli.views.rollback import show_rollback
    from gitcoord.landing.rollback.loop import Rollbacker
    from gitcoord.landing.rollback.model import RollbackContext

    context = open_context(several=True)
    if acts_across(context.settings):
        from gitcoord.cli.landing.land_across import roll_back_across

        others = _given(include_later, merge, method, wait, forge, repository)
        roll_back_across(context, levels, others, dry_run=dry_run, as_json=as_json)
        return
    context.repository.require_history()
    if not dry_run:
        context.repository.require_signer()
    context.store.refresh()
    plan = context.store.require_plan()
    rollback_context = RollbackContext(
        repository=context.repository,
        shared=context.shared,
        store=context.store,
        forge=open_forge(context, requested=forge, repository=repository),
        plan=plan,
        levels=tuple(find_level(plan, level, ()).number for level in levels),
        include_later=include_later,
        method=method or context.settings.method,
        merge=merge,
        wait=seconds(wait),
        rules=context.settings.rules,
    )
    if dry_run:
        report = Rollbacker(rollback_context, say_notice).rehearse()
    else:
        with open_maker(context) as maker:
            rollback_context = msgspec.structs.replace(rollback_context, maker=maker)
            report = Rollbacker(rollback_context, say_notice).roll_back()
    if as_json:
        emit_json("rollback", report)
    else:
        show_rollback(report, context.repository.git)
    if report.state == "waiting":
        raise typer.Exit(1)


def _given(include_later: bool, merge: bool, *others: str | None) -> tuple[str, ...]:
    """Returns the given options that apply only to a single repository."""
    names = ("--include-later", "--no-merge", "--method", "--wait", "--forge", "--repository")
    return tuple(
        name for name, value in zip(names, (include_later, not merge, *others), strict=True) if value
    )
