"""Finds the GitHub repository that a remote's URL names. Pure, and does not load PyGithub."""

import os
import re
from collections.abc import Mapping

from gitcoord.errors import usage_error
from gitcoord.git.github_remotes import is_github, parse_address

_FULL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9._-]+")


def github_repository(remote_url: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """Returns the OWNER/NAME of a remote's URL; None if the remote is not on GitHub."""
    address = parse_address(remote_url)
    if address is None or not is_github(address, environ):
        return None
    name = address.path.strip("/").removesuffix(".git")
    return name if _is_full_name(name) else None


def choose_repository(
    url: str | None, repository: str | None, environ: Mapping[str, str] = os.environ
) -> str:
    """Returns the repository: the requested one, the remote's, or that of GITHUB_REPOSITORY.

    Raises `bad-repository` or `unknown-repository` (exit 2).
    """
    if repository is not None:
        if not _is_full_name(repository):
            raise usage_error(
                "bad-repository",
                f"{repository!r} does not name a repository on GitHub.",
                "Write it as OWNER/NAME, for example `--repository acme/app`.",
            )
        return repository
    found = github_repository(url, environ) if url else None
    given = environ.get("GITHUB_REPOSITORY", "").strip()
    if found is None and _is_full_name(given):
        return given
    if found is None:
        raise usage_error(
            "unknown-repository",
            "The remote's URL does not say which repository on GitHub this is.",
            "Name it with `--repository OWNER/NAME` or in GITHUB_REPOSITORY.",
        )
    return found


def _is_full_name(name: str) -> bool:
    return _FULL_NAME.fullmatch(name) is not None and name.rpartition("/")[2] not in (".", "..")
