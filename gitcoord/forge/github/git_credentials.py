"""Git's credential protocol for a GitHub App: `python -m gitcoord.forge.github.git_credentials get`.

Git calls it when GitHub asks for a login. It writes the token only into its pipe to git.
"""

import os
import sys
from collections.abc import Iterable, Mapping

from gitcoord.errors import GitcoordError
from gitcoord.forge.github.connect import connect
from gitcoord.forge.github_repository_name import choose_repository
from gitcoord.redact import redact


def answer(question: Iterable[str], environ: Mapping[str, str]) -> str:
    """Returns the login that git asks for."""
    wanted = dict(line.rstrip("\n").split("=", 1) for line in question if "=" in line)
    url = f"{wanted.get('protocol', '')}://{wanted.get('host', '')}/{wanted.get('path', '')}"
    full_name = choose_repository(url, None, environ)
    token = connect(url=url, full_name=full_name, environ=environ).auth.token
    return f"username=x-access-token\npassword={token}\n"


def main() -> int:
    """Runs the program; ignores every operation except `get`."""
    if sys.argv[1:] != ["get"]:
        return 0
    try:
        sys.stdout.write(answer(sys.stdin, os.environ))
    except GitcoordError as error:
        sys.stderr.write(f"gitcoord: {redact(error.message)}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
