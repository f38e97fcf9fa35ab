"""Arguments and options that several commands share."""

from typing import Annotated, Literal

import typer

from gitcoord.cli.completion import complete_level, complete_unit

OneUnit = Annotated[
    str,
    typer.Argument(
        metavar="TASK",
        autocompletion=complete_unit,
        help="The task's id, or a subtask's: 3.1.",
        show_default=False,
    ),
]
Level = Annotated[
    str | None,
    typer.Argument(
        metavar="LEVEL",
        autocompletion=complete_level,
        help="level-0 or 0 (default: the first level that has not landed).",
        show_default=False,
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would happen; change nothing.")]

Agent = Annotated[
    str | None,
    typer.Option(
        "--agent",
        metavar="COMMAND",
        help="The command that does a task; or claude, codex, gemini, aider, opencode.",
    ),
]
Check = Annotated[
    str | None,
    typer.Option("--check", metavar="COMMAND", help="The command that must succeed after the agent."),
]
Shell = Annotated[
    bool | None,
    typer.Option("--shell/--no-shell", help="Run agent and check in a shell.", show_default=False),
]
LandingCheck = Annotated[
    str | None,
    typer.Option(
        "--check", metavar="COMMAND", help="The command that must succeed on a tree before it lands."
    ),
]
NoCheck = Annotated[bool, typer.Option("--no-check", help="Land without the check in the settings.")]
Slots = Annotated[
    int | None, typer.Option("--slots", min=1, metavar="N", help="Maximum number of checks at once.")
]
WindowSize = Annotated[
    str | None,
    typer.Option("--window", metavar="N|auto", help="Number of branches to check ahead."),
]
ProveTrees = Annotated[
    Literal["each", "last"] | None,
    typer.Option(
        "--prove",
        help="Multi-PR: check each tree of the base, or only the last one of several landings.",
    ),
]
CheckTimeout = Annotated[
    str | None,
    typer.Option("--check-timeout", metavar="TIME", help="Time limit of one check, such as 30m."),
]
Flaky = Annotated[
    int | None,
    typer.Option(
        "--flaky", min=0, metavar="N", help="Repeat a failed check up to N times before blaming a task."
    ),
]
AllowRedBase = Annotated[
    bool,
    typer.Option("--allow-red-base", help="If the base fails, land work that fails in the same way."),
]
Recheck = Annotated[bool, typer.Option("--recheck", help="Repeat checks that failed before.")]
Rework = Annotated[
    int | None,
    typer.Option("--rework", min=0, metavar="N", help="Give a conflict back to the agent at most N times."),
]
AllowEmpty = Annotated[bool, typer.Option("--allow-empty", help="Accept a task without any change.")]
Stack = Annotated[bool, typer.Option("--stack", help="Start from the dependencies' branches, landed or not.")]
Now = Annotated[bool, typer.Option("--now", help="Ignore waves; dependencies still count.")]

Method = Annotated[
    Literal["merge", "squash", "rebase"] | None,
    typer.Option("--method", help="The method that merges a pull request."),
]
Forge = Annotated[
    Literal["auto", "github", "local"] | None,
    typer.Option("--forge", help="The service that has the pull requests."),
]
GitHubRepository = Annotated[
    str | None, typer.Option("--repository", metavar="OWNER/NAME", help="The repository on GitHub.")
]
DeleteBranches = Annotated[
    bool, typer.Option("--delete-branches", help="Delete the branches of landed work.")
]
SerializeOn = Annotated[
    Literal["conflict", "adjacent", "symbol", "overlap"] | None,
    typer.Option(
        "--serialize-on",
        help="When to put two tasks into different waves: a failing merge; also adjacent lines; "
        "also a function that both change; any shared path.",
    ),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option(
        "--ignore",
        metavar="GLOB",
        help="Paths whose overlap to ignore, as in .gitignore; may be repeated.",
    ),
]

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Pulls = Annotated[
    str | None,
    typer.Option("--pulls", metavar="NUMBER,…", help="These pull requests, without a task list."),
]
Label = Annotated[
    str | None, typer.Option("--label", metavar="NAME", help="The open pull requests with this label.")
]
Author = Annotated[
    str | None, typer.Option("--author", metavar="LOGIN", help="The open pull requests of this author.")
]
Branches = Annotated[
    list[str] | None,
    typer.Option("--branches", metavar="GLOB", help="Branches, such as 'agent/*'; may be repeated."),
]
