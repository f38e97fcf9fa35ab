"""Credentials for git over HTTPS: handed over in the environment, never in argv or configuration files."""

import base64
import os
from collections.abc import Mapping

from gitcoord.git.hosting import find_token, is_github, may_carry_token, parse_address


def git_auth_environment(remote_url: str, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment that lets git authenticate to `remote_url`; {} when it needs none.

    That is a header with the token, when the remote is GitHub over HTTPS, has no login of its own, and the
    environment holds a token for it.
    """
    address = parse_address(remote_url)
    if address is None or address.has_login or address.scheme not in ("http", "https"):
        return {}
    if not is_github(address, environ) or not may_carry_token(address, environ):
        return {}
    token = find_token(address.host, environ)
    if token is None:
        return {}
    login = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    key = f"http.{address.scheme}://{address.authority}/.extraHeader"
    # The empty value drops headers from configuration files: CI checkouts leave their own Authorization
    # header there, and GitHub answers 400 to two of them.
    return _appended(environ, [(key, ""), (key, f"Authorization: Basic {login}")])


def _appended(environ: Mapping[str, str], entries: list[tuple[str, str]]) -> dict[str, str]:
    """Git's configuration in environment variables, after what is there already."""
    count = environ.get("GIT_CONFIG_COUNT", "")
    first = int(count) if count.isdigit() else 0
    added = {"GIT_CONFIG_COUNT": str(first + len(entries))}
    for number, (key, value) in enumerate(entries, start=first):
        added[f"GIT_CONFIG_KEY_{number}"] = key
        added[f"GIT_CONFIG_VALUE_{number}"] = value
    return added
