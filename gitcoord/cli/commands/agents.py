"""`gitcoord agents install`: writes the rules by which a project's agents start and submit tasks."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gitcoord.cli.app import app
from gitcoord.cli.options import DryRun

if TYPE_CHECKING:
    from gitcoord.cli.setup.hook_files import Change

_EPILOG = """\b
Examples:
  gitcoord agents install claude  # .claude/skills/gitcoord/SKILL.md
  gitcoord agents install codex   # a part of AGENTS.md; the rest stays
  gitcoord agents install generic --uninstall
"""

agents = typer.Typer(
    name="agents",
    help="Tell coding agents how to start and submit tasks here.",
    short_help="Tell agents how to work on tasks here.",
    rich_markup_mode=None,
)
app.add_typer(agents)


@agents.callback(invoke_without_command=True)
def _alone(context: typer.Context) -> None:
    """Tell coding agents how to start and submit tasks here."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@agents.command("install", epilog=_EPILOG)
def install(
    program: Annotated[
        Literal["claude", "codex", "generic"], typer.Argument(help="The program that follows the rules.")
    ],
    uninstall: Annotated[bool, typer.Option("--uninstall", help="Remove the rules.")] = False,
    dry_run: DryRun = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One gitcoord.agents/1 document on stdout.")
    ] = False,
) -> None:
    """Write rules into the file that the program reads: how to find, start and submit a task.

    The rest of the file stays as it is.
    """
    from gitcoord.cli.context import open_context
    from gitcoord.cli.setup.agent_rules import rules_change
    from gitcoord.cli.views.output import clean, emit, emit_json
    from gitcoord.errors import usage_error

    repository = open_context(reads=dry_run, several=True).repository
    try:
        change = rules_change(program, repository.require_working_tree(), uninstall=uninstall)
        changed = change.before != change.after
        if changed and not dry_run:
            change.make()
    except (OSError, UnicodeDecodeError) as error:
        raise usage_error(
            "bad-hooks-file", f"The rules cannot be written: {error}.", "Correct the file."
        ) from error
    if as_json:
        emit_json(
            "agents", {"program": program, "file": str(change.path), "changed": changed, "dry_run": dry_run}
        )
    elif not changed:
        emit(clean(f"{change.path} is already up to date."))
    else:
        emit(clean(f"{change.path} {_done(change, uninstall=uninstall, dry_run=dry_run)}."))


def _done(change: "Change", *, uninstall: bool, dry_run: bool) -> str:
    if dry_run:
        return "would change"
    if change.after is None:
        return "is removed"
    gone = "no longer has gitcoord's rules"
    return gone if uninstall else "has the rules. Commit it: workers get the file from the base"
