"""Making the `github` forge from a remote's URL and the environment."""

import os
from collections.abc import Mapping

from gitcoord.errors import GitcoordError, usage_error
from gitcoord.forge.github.forge import GitHubForge
from gitcoord.forge.github.gateway import Gateway, Pace
from gitcoord.forge.remote_url import choose_repository
from gitcoord.git.hosting import api_url, find_token, is_github, parse_address

PACE_VARIABLE = "GITCOORD_API_PACE"
"""Seconds between two writes; requests are a quarter of that apart. GitHub asks for 1, the default.

0 takes every pause out, those before repeated reads too: for tests against an emulated GitHub."""


def open_github(
    *, url: str | None, repository: str | None, environ: Mapping[str, str] = os.environ
) -> GitHubForge:
    """The forge of the repository that `repository`, the remote's `url` or GITHUB_REPOSITORY names.

    Makes one request, for the repository's present name. Raises `no-token` and whatever keeps GitHub from
    being asked.
    """
    full_name = choose_repository(url, repository, environ)
    address = parse_address(url) if url else None
    if address is not None and not is_github(address, environ):
        address = None
    root = api_url(address, environ)
    host = address.host if address is not None else _host(root)
    token = find_token(host, environ)
    if token is None:
        raise GitcoordError(
            "no-token",
            f"There is no token for {host} in the environment.",
            hint="Put one into GITHUB_TOKEN or GH_TOKEN, or use `--forge local` to work without GitHub.",
        )
    return GitHubForge(Gateway(api_url=root, token=token, pace=_pace(environ)), full_name)


def _host(root: str) -> str:
    address = parse_address(root)
    if address is None:
        raise usage_error(
            "bad-api-url",
            f"GITHUB_API_URL is not a web address: {root!r}.",
            "For GitHub Enterprise it looks like https://HOST/api/v3.",
        )
    return address.host


def _pace(environ: Mapping[str, str]) -> Pace:
    text = environ.get(PACE_VARIABLE, "").strip()
    if not text:
        return Pace()
    try:
        writes = float(text)
    except ValueError:
        writes = -1.0
    if not 0 <= writes <= 3600:
        raise usage_error(
            "bad-pace",
            f"{PACE_VARIABLE} is {text!r}.",
            "Set it to the seconds between two writes, such as 1.0.",
        )
    return Pace(requests=writes / 4, writes=writes)
