"""Passes credentials for HTTPS to git in the environment, never in argv or configuration files."""

import os
import shlex
import sys
from collections.abc import Mapping

from gitcoord.git.github_remotes import Address, find_token, is_github, may_carry_token, parse_address
from gitcoord.redact import register_secret

_APP_VARIABLE = "GITCOORD_APP_ID"
_CREDENTIALS = "gitcoord.forge.github.git_credentials"


def git_auth_environment(remote_url: str, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Returns the environment that lets git authenticate to `remote_url`; {} if it needs none.

    For GitHub over HTTPS (or HTTP, see `may_carry_token`) without a login in the URL, it configures a header
    with the token from the environment, or a credential helper if the environment names a GitHub App.
    """
    address = parse_address(remote_url)
    if address is None or address.has_login or address.scheme not in ("http", "https"):
        return {}
    if not is_github(address, environ) or not may_carry_token(address, environ):
        return {}
    if environ.get(_APP_VARIABLE, "").strip():
        return appended(environ, _asking_the_app(address, environ))
    token = find_token(address.host, environ)
    if token is None:
        return {}
    import base64  # imported here: only sign-in needs it

    register_secret(token)
    login = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    key = f"http.{address.scheme}://{address.authority}/.extraHeader"
    # The empty value drops headers from configuration files: CI checkouts leave their own Authorization
    # header there, and GitHub answers 400 to two of them.
    return appended(environ, [(key, ""), (key, f"Authorization: Basic {login}")])


def _asking_the_app(address: Address, environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Returns the configuration by which git gets a token of the GitHub App; it expires after an hour."""
    from gitcoord.git.credential_cache import cache_command

    place = f"{address.scheme}://{address.authority}"
    # `-P`: git runs it in the working tree, which may contain a package of the same name.
    program = f"{shlex.quote(sys.executable)} -X utf8 -P -m {_CREDENTIALS}"
    # Git also tells its helpers whether a login worked; do not start Python for that.
    helper = f'!f() {{ test "$1" = get || exit 0; exec {program} get; }}; f'
    return [
        (f"http.{place}/.extraHeader", ""),
        (f"credential.{place}.helper", ""),
        (f"credential.{place}.helper", cache_command(environ)),
        (f"credential.{place}.helper", helper),
        (f"credential.{place}.useHttpPath", "true"),
    ]


def appended(environ: Mapping[str, str], entries: list[tuple[str, str]]) -> dict[str, str]:
    """Returns the variables that append `entries` to the git configuration in `environ`."""
    count = environ.get("GIT_CONFIG_COUNT", "")
    first = int(count) if count.isdigit() else 0
    added = {"GIT_CONFIG_COUNT": str(first + len(entries))}
    for number, (key, value) in enumerate(entries, start=first):
        added[f"GIT_CONFIG_KEY_{number}"] = key
        added[f"GIT_CONFIG_VALUE_{number}"] = value
    return added
