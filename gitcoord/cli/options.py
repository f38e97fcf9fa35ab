"""Arguments and options that several commands have, worded once."""

from typing import Annotated, Literal

import typer

from gitcoord.cli.completion import complete_kind, complete_level, complete_unit

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
        help="level-0 or 0; default: the first level that has not landed.",
        show_default=False,
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, change nothing.")]

Agent = Annotated[
    str | None,
    typer.Option(
        "--agent",
        metavar="COMMAND",
        help="The command that does a task; or claude, codex, gemini, aider, opencode.",
    ),
]
Check = Annotated[
    str | None, typer.Option("--check", metavar="COMMAND", help="The command that has to succeed then.")
]
Shell = Annotated[
    bool | None,
    typer.Option("--shell/--no-shell", help="Let a shell read both commands.", show_default=False),
]
LandingCheck = Annotated[
    str | None,
    typer.Option("--check", metavar="COMMAND", help="What has to succeed before the base becomes a tree."),
]
NoCheck = Annotated[bool, typer.Option("--no-check", help="Land without the check of the settings.")]
Slots = Annotated[
    int | None, typer.Option("--slots", min=1, metavar="N", help="How many checks run at once.")
]
WindowSize = Annotated[
    str | None,
    typer.Option("--window", metavar="N|auto", help="How many branches ahead are checked."),
]
ProveTrees = Annotated[
    Literal["each", "last"] | None,
    typer.Option(
        "--prove",
        help="Multi-PR: what has to pass, each tree that the base becomes or the last of a row only.",
    ),
]
CheckTimeout = Annotated[
    str | None, typer.Option("--check-timeout", metavar="TIME", help="What one check may take, such as 30m.")
]
Flaky = Annotated[
    int | None,
    typer.Option("--flaky", min=0, metavar="N", help="Check a failure so often again before blaming a task."),
]
AllowRedBase = Annotated[
    bool,
    typer.Option("--allow-red-base", help="Where the base fails, land what fails in the same way."),
]
Recheck = Annotated[bool, typer.Option("--recheck", help="Check again what is known to fail.")]
Rework = Annotated[
    int | None,
    typer.Option("--rework", min=0, metavar="N", help="How often a conflict goes back to the agent."),
]
AllowEmpty = Annotated[bool, typer.Option("--allow-empty", help="A task may be complete without any change.")]
Tasks = Annotated[
    str | None, typer.Option("--tasks", metavar="PATH", help="The task list, for plan and details.")
]
ListOrigin = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="KIND[:PATH]",
        autocompletion=complete_kind,
        help="The task list: taskmaster, spec-kit, kiro, openspec, beads, backlog, markdown, yaml, csv.",
    ),
]
Tag = Annotated[str | None, typer.Option("--tag", metavar="TAG", help="The tag of the list.")]
Stack = Annotated[bool, typer.Option("--stack", help="Start from the dependencies' branches, landed or not.")]
Now = Annotated[bool, typer.Option("--now", help="Ignore waves; dependencies still count.")]

Method = Annotated[
    Literal["merge", "squash", "rebase"] | None,
    typer.Option("--method", help="How a pull request is merged."),
]
Forge = Annotated[
    Literal["auto", "github", "local"] | None,
    typer.Option("--forge", help="Where the pull requests live."),
]
GitHubRepository = Annotated[
    str | None, typer.Option("--repository", metavar="OWNER/NAME", help="The repository on GitHub.")
]
DeleteBranches = Annotated[
    bool, typer.Option("--delete-branches", help="Delete the branches of what has landed.")
]
SerializeOn = Annotated[
    Literal["conflict", "adjacent", "symbol", "overlap"] | None,
    typer.Option(
        "--serialize-on",
        help="What keeps two tasks out of one wave: a failing merge; lines next to each other too; "
        "a function that both change too; any shared path.",
    ),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option(
        "--ignore",
        metavar="GLOB",
        help="Paths whose overlap does not count, as in .gitignore; may be repeated.",
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
