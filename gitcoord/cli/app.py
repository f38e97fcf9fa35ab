"""The typer application: every command's module registers itself here.

Command modules import nothing heavy at their top, so that `--help` stays fast.
"""

import os
from collections.abc import Collection
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup
from typer.main import get_command_from_info, get_group

from gitcoord import __version__
from gitcoord.errors import usage_error

if TYPE_CHECKING:
    from typer._click import Command, Context

COMMANDS = {
    "init": ("init", "Write a gitcoord.toml that suits this repository."),
    "plan": ("plan", "Plan a task list: levels, waves, branches."),
    "predict": ("predict", "Predict which tasks conflict, and in which files."),
    "hotspots": ("hotspots", "Find files in which past changes conflict, and suggest rules."),
    "show": ("show", "Show the saved plan."),
    "next": ("show", "Show what can start now."),
    "run": ("run", "Run the plan: a worker for each task that can start."),
    "pause": ("pause", "Pause the run: start no more tasks."),
    "resume": ("pause", "Resume a paused run."),
    "retry": ("retry", "Retry tasks that failed or were cancelled."),
    "checkout": ("checkout", "Switch to a task's branch; create it if needed."),
    "submit": ("submit", "Submit a task: its work is complete."),
    "check-conflicts": ("check_conflicts", "Find which branches of a level really conflict."),
    "check-file": ("check_file", "Say which other tasks touch a file, and in which lines."),
    "merge-level": ("merge_level", "Land a level: pull requests, in an order that works."),
    "land": ("land", "Land pull requests or branches without a task list."),
    "rollback": ("rollback", "Revert what a level landed."),
    "status": ("status", "Show the state of every task."),
    "log": ("log", "Show what happened, when, and who did it."),
    "report": ("report", "Show how much time running tasks in parallel saved."),
    "worker": ("worker", "Run one task from claim to result."),
    "prompt": ("prompt", "Show the prompt that a task's agent would get."),
    "logs": ("logs", "Show the output of a task's agent."),
    "cancel": ("cancel", "Stop work on tasks until they are retried."),
    "sync": ("sync", "Set the status of landed tasks in the task list."),
    "tidy": ("tidy", "Remove worktrees and branches whose work is in the base."),
    "doctor": ("doctor", "Check whether landing would work."),
    "engines": ("engines", "List where attempts can run, and what each engine needs."),
    "hooks": ("hooks", "Install hooks that check whether another task changes a file."),
    "agents": ("agents", "Tell agents how to work on tasks here."),
    "mcp": ("mcp", "Serve the commands to agents (Model Context Protocol)."),
    "config": ("config", "Show the settings in effect and their sources."),
    "schema": ("schema", "Print the JSON schema of a document."),
    "export": ("export", "Print the plan as a workflow of another engine."),
    "container-script": ("container_script", "Print the start script of worker containers."),
    "engine-host": ("engine_host", "Run attempts for a run on another machine."),
    "help": ("help", "Show the documentation by topic."),
    "git-credential": ("git_credential", "Answer git's request for a login to GitHub."),
}
"""Each command's module in `commands/` and its one-line help, in the order of `gitcoord --help`."""

_SYNONYMS = {
    "cancel": ("stop", "kill", "abort"),
    "checkout": ("start", "claim", "switch", "take"),
    "check-conflicts": ("conflicts", "check"),
    "merge-level": ("merge", "integrate"),
    "land": ("adopt", "queue"),
    "init": ("setup", "configure"),
    "sync": ("write-back", "set-status"),
    "tidy": ("clean", "prune", "gc", "reclaim"),
    "pause": ("stop", "hold"),
    "rollback": ("undo", "revert", "back-out"),
    "next": ("ready",),
    "predict": ("foresee", "forecast", "risk"),
    "show": ("list", "ls", "view"),
    "status": ("watch", "st"),
    "submit": ("done", "finish", "hand-in", "push"),
    "log": ("history",),
}
"""Other words that people try for a command."""


class Commands(TyperGroup):
    """The commands; imports each one only when it is used."""

    def list_commands(self, ctx: "Context") -> list[str]:
        """Returns all commands, and loads them: `--help` shows one line for each."""
        self._load(COMMANDS)
        return list(COMMANDS)

    def get_command(self, ctx: "Context", cmd_name: str) -> "Command | None":
        """Returns one command; imports only its module."""
        if cmd_name in COMMANDS:
            self._load([cmd_name])
        return super().get_command(ctx, cmd_name)

    def _load(self, names: Collection[str]) -> None:
        missing = [name for name in names if name not in self.commands]
        for name in missing:
            import_module(f"gitcoord.cli.commands.{COMMANDS[name][0]}")
        single = [info for info in app.registered_commands if len(missing) == 1 and info.name == missing[0]]
        if single:
            self.commands[missing[0]] = get_command_from_info(
                single[0],
                pretty_exceptions_short=app.pretty_exceptions_short,
                rich_markup_mode=app.rich_markup_mode,
            )
        elif missing:  # all commands, or one with subcommands
            self.commands.update(get_group(app).commands)
        for name in names:
            self.commands[name].short_help = COMMANDS[name][1]
            if "_GITCOORD_COMPLETE" in os.environ:
                _without_apostrophes(self.commands[name])

    def resolve_command(
        self, ctx: "Context", args: list[str]
    ) -> "tuple[str | None, Command | None, list[str]]":
        """Returns the command. If there is none, raises `usage` (exit 2) and suggests a similar one."""
        name = args[0]
        if name in COMMANDS or name.startswith("-"):
            return super().resolve_command(ctx, args)
        near = [command for command, words in _SYNONYMS.items() if name in words]
        near = near or get_close_matches(name, COMMANDS)
        question = f" Did you mean {' or '.join(near)}?" if near else ""
        raise usage_error("usage", f"There is no command {name}.{question}", "See `gitcoord --help`.")


def _without_apostrophes(command: "Command") -> None:
    """Replaces ' in help texts for the shell's completion: typer doubles ' for zsh, and zsh drops it."""
    command.short_help = (command.short_help or "").replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")
    for parameter in command.params:
        if text := getattr(parameter, "help", None):
            parameter.help = text.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")  # type: ignore[attr-defined]


app = typer.Typer(
    name="gitcoord",
    cls=Commands,
    help="Plan parallel tasks, give each worker a branch, find real conflicts, land the work.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def not_nan(value: float | None) -> float | None:
    """Refuses `nan` as the value of an option: no range check excludes it."""
    if value is not None and value != value:
        raise typer.BadParameter("nan is not a number.")
    return value


def _version(requested: bool) -> None:
    if requested:
        typer.echo(f"gitcoord {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    directory: Annotated[
        list[Path] | None,
        typer.Option("-C", metavar="DIR", help="Run as if started in DIR.", show_default=False),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Log git and GitHub calls to stderr.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version; with --json, what is installed.",
            callback=_version,
            is_eager=True,
        ),
    ] = False,
) -> None:
    """Handles the options that come before every command."""
    for place in directory or ():
        _change_to(place)
    if verbose:
        from gitcoord import trace

        trace.begin(to_stderr=True)


def _change_to(place: Path) -> None:
    try:
        os.chdir(place)
    except OSError as error:
        raise usage_error("usage", f"-C {place}: {error.strerror}.", "Give an existing directory.") from error
