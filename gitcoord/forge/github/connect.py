"""Makes the `github` forge from a remote's URL and the environment."""

import os
import time
from collections.abc import Mapping

from github import Auth

from gitcoord.errors import usage_error
from gitcoord.forge.github.client import Gateway
from gitcoord.forge.github.credentials import sign_in
from gitcoord.forge.github.forge import GitHubForge
from gitcoord.forge.github.guarded_merge import BaseTip, unknown_tip
from gitcoord.forge.github.rate_limit import LONGEST, Countdown, RateLimitPatience
from gitcoord.forge.github.transport import RequestPace
from gitcoord.forge.github_repository_name import choose_repository
from gitcoord.git.github_remotes import api_url, is_github, parse_address

PACE_VARIABLE = "GITCOORD_API_PACE"
"""The environment variable that sets the seconds between two writes (default 1, as GitHub asks).

The pause between other requests is a quarter of that. 0 removes all pauses, also those before retries of
reads: for tests against an emulated GitHub.
"""
PATIENCE_VARIABLE = "GITCOORD_API_PATIENCE"
"""The environment variable that sets the longest wait of one request for rate limits, in seconds."""


def open_github(
    *,
    url: str | None,
    repository: str | None,
    environ: Mapping[str, str] = os.environ,
    tell: Countdown | None = None,
    base_tip: BaseTip = unknown_tip,
) -> GitHubForge:
    """Returns the forge of the repository named by `repository`, the remote's `url` or GITHUB_REPOSITORY.

    Makes one request, for the repository's current name. Calls `tell` for every wait for a rate limit, and
    `base_tip` right before each merge. Raises `no-token`, and any error of the connection.
    """
    full_name = choose_repository(url, repository, environ)
    gateway = connect(url=url, full_name=full_name, environ=environ, tell=tell)
    return GitHubForge(gateway, full_name, base_tip)


def connect(
    *, url: str | None, full_name: str, environ: Mapping[str, str], tell: Countdown | None = None
) -> Gateway:
    """Returns a signed-in connection to the GitHub named by the remote's `url` or the environment."""
    address = parse_address(url) if url else None
    if address is not None and not is_github(address, environ):
        address = None
    root = api_url(address, environ)
    host = address.host if address is not None else _host(root)
    pace = _pace(environ)
    patience = RateLimitPatience(
        longest=_seconds(environ, PATIENCE_VARIABLE, LONGEST, "how many seconds to wait for a rate limit"),
        tell=tell,
        sleep=time.sleep if pace.writes > 0 else _no_pause,
    )

    def open_with(auth: Auth.Auth) -> Gateway:
        return Gateway(api_url=root, auth=auth, pace=pace, patience=patience)

    return open_with(sign_in(host=host, full_name=full_name, environ=environ, connect=open_with))


def _no_pause(seconds: float) -> None:
    """Does not sleep: for tests against an emulated GitHub, which count the seconds."""


def _host(root: str) -> str:
    address = parse_address(root)
    if address is None:
        raise usage_error(
            "bad-api-url",
            f"GITHUB_API_URL is not a web address: {root!r}.",
            "For GitHub Enterprise it looks like https://HOST/api/v3.",
        )
    return address.host


def _pace(environ: Mapping[str, str]) -> RequestPace:
    writes = _seconds(environ, PACE_VARIABLE, RequestPace().writes, "the seconds between two writes")
    return RequestPace(requests=writes / 4, writes=writes)


def _seconds(environ: Mapping[str, str], name: str, default: float, meaning: str) -> float:
    text = environ.get(name, "").strip()
    if not text:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 86400:
        raise usage_error("bad-pace", f"{name} is {text!r}.", f"Set it to {meaning}, such as 1.0.")
    return seconds
