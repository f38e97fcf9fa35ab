"""`gitcoord git-credential`: signs git in to GitHub when another program calls git."""

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
    action: Annotated[str, typer.Argument(help="The action that git asks for; only `get` gets an answer.")],
) -> None:
    """Answer git's request for a login, with the GitHub App or token that gitcoord would use there.

    Reads the request from stdin, in the format of git's credential protocol. Answers for GitHub only.
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
