"""The typer application: every command's module registers itself here.

Command modules import nothing heavy at their top, so that `--help` stays cheap.
"""

from importlib import import_module
from typing import Annotated

import typer

from gitcoord import __version__

app = typer.Typer(
    name="gitcoord",
    help="Plan parallel tasks, put every worker on the right branch, find real conflicts, land the work.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

COMMANDS: tuple[str, ...] = (
    "plan",
    "run",
    "pause",
    "retry",
    "checkout",
    "submit",
    "check_conflicts",
    "check_file",
    "merge_level",
    "rollback",
    "status",
    "log_command",
    "report",
    "worker",
    "logs",
    "cancel",
    "doctor",
)
"""The modules beside this one that hold a command each, in the order of the help."""


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"gitcoord {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Runs before every command; it has nothing to do."""


for _name in COMMANDS:
    import_module(f"gitcoord.cli.{_name}")
