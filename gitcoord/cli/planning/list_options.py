"""Options that name the task list, for all commands."""

from typing import Annotated

import typer

from gitcoord.cli.completion import complete_kind

Tasks = Annotated[str | None, typer.Option("--tasks", metavar="PATH", help="The file of the task list.")]
ListOrigin = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="KIND[:PATH]",
        autocompletion=complete_kind,
        help="The list: taskmaster, spec-kit, kiro, openspec, beads, backlog, github, markdown, yaml, csv.",
    ),
]
Tag = Annotated[str | None, typer.Option("--tag", metavar="TAG", help="The tag of the list.")]
