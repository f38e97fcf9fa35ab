"""`gitcoord git-credential`: signs git in to GitHub where gitcoord itself is not what calls git."""

from typing import Annotated

import typer

from gitcoord.cli.app import app

_EPILOG = """\b
Examples:
  git -c credential.useHttpPath=true \\
      -c credential.helper='!gitcoord git-credential' clone URL
"""


@app.command("git-credential", hidden=True, epilog=_EPILOG)
def git_credential(
    action: Annotated[str, typer.Argument(help="What git wants; anything but `get` is of no interest.")],
) -> None:
    """Answer git's question for a login, with the GitHub App or token that gitcoord would use there.

    The question is read from stdin, as git's credential protocol has it; other hosts get no answer.
    """
    import os
    import sys

    from gitcoord.forge.github.git_credentials import answer
    from gitcoord.git.github_remotes import is_github, may_carry_token, parse_address

    asked = sys.stdin.read().splitlines()
    wanted = dict(line.split("=", 1) for line in asked if "=" in line)
    address = parse_address(f"{wanted.get('protocol', '')}://{wanted.get('host', '')}/")
    if action != "get" or address is None:
        return
    if is_github(address, os.environ) and may_carry_token(address, os.environ):
        sys.stdout.write(answer(asked, os.environ))
