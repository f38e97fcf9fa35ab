"""`gitcoord hooks install`: installs hooks that check whether another task changes a file."""

from typing import Annotated, Literal

import typer

from gitcoord.cli.app import app
from gitcoord.cli.options import DryRun

hooks = typer.Typer(
    name="hooks",
    help="Install hooks that check whether another task changes a file.",
    short_help="Install hooks that check whether another task changes a file.",
    rich_markup_mode=None,
)
app.add_typer(hooks)


@hooks.callback(invoke_without_command=True)
def _alone(context: typer.Context) -> None:
    """Install hooks that check whether another task changes a file."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


_EPILOG = """\b
Examples:
  gitcoord hooks install claude           # .claude/settings.json: each edit
  gitcoord hooks install codex --dry-run  # prints .codex/hooks.json
  gitcoord hooks install git              # pre-commit: before each commit
  gitcoord hooks install git --uninstall
"""


@hooks.command("install", epilog=_EPILOG)
def install(
    program: Annotated[
        Literal["claude", "codex", "git"],
        typer.Argument(metavar="PROGRAM", help="claude, codex or git.", show_default=False),
    ],
    uninstall: Annotated[bool, typer.Option("--uninstall", help="Remove the hook.")] = False,
    dry_run: DryRun = False,
    as_json: Annotated[bool, typer.Option("--json", help="One gitcoord.hooks/1 document on stdout.")] = False,
) -> None:
    """Make PROGRAM ask `gitcoord check-file` before each edit or commit in this repository.

    Keeps all other settings of PROGRAM. The hook blocks an edit or commit only if another task's branch
    changes one of the same files.
    """
    from gitcoord.cli.context import open_context
    from gitcoord.cli.setup.hook_files import others, planned_change
    from gitcoord.cli.views.output import emit, emit_json, say

    context = open_context(reads=dry_run, several=True)
    change = planned_change(context.repository, program, uninstall=uninstall)
    changed = change.before != change.after
    if changed and not dry_run:
        change.make()
    state = "absent" if uninstall else "installed"
    if dry_run and changed:
        state = "planned"
    if as_json:
        result = {"program": program, "path": str(change.path), "state": state, "changed": changed}
        emit_json("hooks", {**result, "content": change.after, "dry_run": dry_run})
    elif dry_run and changed and change.after is not None:
        emit(change.after.rstrip("\n"))
    say(_sentence(program, str(change.path), changed=changed, uninstall=uninstall, dry_run=dry_run))
    for command in others(change):
        say(f"warning: Another hook in {change.path} runs gitcoord too: {command} [two-hooks]")
    if program == "codex" and changed and not uninstall and not dry_run:
        say("Codex runs the hook only after you trust it: run /hooks in codex.")


def _sentence(program: str, path: str, *, changed: bool, uninstall: bool, dry_run: bool) -> str:
    if not changed:
        return f"{path} has no gitcoord hook." if uninstall else f"{path} already has the hook."
    if dry_run:
        return f"The hook would be {'removed from' if uninstall else 'added to'} {path}; nothing was changed."
    if uninstall:
        return f"Removed the hook from {path}."
    when = "each commit" if program == "git" else "each edit"
    shared = "" if program == "git" else " Commit it, so that workers' checkouts have it too."
    return f"{path}: {program} asks gitcoord before {when}.{shared}"
