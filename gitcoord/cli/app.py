"""The typer application: every command's module registers itself here.

Command modules import nothing heavy at their top, so that `--help` stays cheap.
"""

import os
from importlib import import_module
from pathlib import Path
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
    "show",
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
    "hooks",
    "config",
    "container_script",
    "help",
    "git_credential",
)
"""The modules beside this one that hold a command each, in the order of the help."""

_SUMMARIES = {
    "plan": "Plan a task list: levels, waves, branches.",
    "show": "Show the saved plan.",
    "next": "Show what can start now.",
    "run": "Run the plan: a worker for each task that can start.",
    "pause": "Let the run start nothing more.",
    "resume": "Let a paused run go on starting tasks.",
    "retry": "Let tasks be tried again that failed or were cancelled.",
    "checkout": "Go to a task's branch, made where its work begins.",
    "submit": "Hand a task in: its work is complete.",
    "check-conflicts": "Find which branches of a level really conflict.",
    "check-file": "Say which other tasks touch a file, and in what lines.",
    "merge-level": "Land a level: pull requests, in an order that works.",
    "rollback": "Take back what a level landed.",
    "status": "Show where every task stands.",
    "log": "Show what happened, when, and who did it.",
    "report": "Show what running tasks side by side brought.",
    "worker": "Do one task from its claim to its result.",
    "logs": "Show what the agent of a task printed.",
    "cancel": "End the work on tasks, and let nothing begin it again.",
    "doctor": "Examine whether landing would work, and change nothing.",
    "config": "Show the settings that hold, and where they are from.",
    "container-script": "Print the start script of worker containers.",
    "help": "Show the documents by topic.",
    "git-credential": "Answer git's question for a login to GitHub.",
}
"""One line for each command in the list of all, where a longer one would be cut at 80 columns."""


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"gitcoord {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    directory: Annotated[
        list[Path] | None,
        typer.Option("-C", metavar="DIR", help="Run as if started in DIR.", show_default=False),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Say on stderr what is asked of git and GitHub.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Runs before every command."""
    for place in directory or ():
        _change_to(place)
    if verbose:
        from gitcoord import trace

        trace.begin(to_stderr=True)


def _change_to(place: Path) -> None:
    from gitcoord.errors import usage_error

    try:
        os.chdir(place)
    except OSError as error:
        raise usage_error(
            "usage", f"-C {place}: {error.strerror}.", "Name a directory that there is."
        ) from error


for _name in COMMANDS:
    import_module(f"gitcoord.cli.{_name}")
for _command in app.registered_commands:
    _command.short_help = _SUMMARIES[_command.name or ""]
