"""Options of the commands that show adopted heads."""

from typing import Annotated

import typer

Adopted = Annotated[
    bool, typer.Option("--adopted", help="Pull requests and branches that `gitcoord land` has adopted.")
]
AdoptedBase = Annotated[
    str | None, typer.Option("--base", metavar="BRANCH", help="With --adopted: what they land on.")
]
