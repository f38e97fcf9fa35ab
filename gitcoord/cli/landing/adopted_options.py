"""The options of commands that show adopted heads."""

from typing import Annotated

import typer

Adopted = Annotated[
    bool, typer.Option("--adopted", help="Show the pull requests and branches that `gitcoord land` adopted.")
]
AdoptedBase = Annotated[
    str | None, typer.Option("--base", metavar="BRANCH", help="With --adopted: the branch that they land on.")
]
