"""Opens the forge that the options, the settings or the remote's URL name."""

import os

from gitcoord.cli.context import Context
from gitcoord.errors import usage_error
from gitcoord.forge.pull_requests import Forge

FORGES = ("auto", "github", "local")


def open_forge(context: Context, *, requested: str | None = None, repository: str | None = None) -> Forge:
    """Opens this repository's forge. Raises `usage`, `no-token`, `unknown-repository` or forge errors."""
    kind = requested or context.settings.forge
    if kind not in FORGES:
        raise usage_error("usage", f"{kind!r} is not a forge.", f"Choose one of {', '.join(FORGES)}.")
    url = context.repository.remote_url
    named = repository or context.settings.repository
    if kind == "local" or (kind == "auto" and not is_github(url)):
        from gitcoord.forge.local import LocalForge

        return LocalForge(context.repository, context.shared)
    from gitcoord.cli.views.countdown import count_down
    from gitcoord.forge.github import open_github

    return open_github(
        url=url,
        repository=named,
        environ=context.environ,
        tell=count_down,
        base_tip=context.shared.tip_now,
    )


def is_github(url: str | None) -> bool:
    """Whether a remote's URL names a repository on GitHub."""
    from gitcoord.forge.github_repository_name import github_repository

    return url is not None and github_repository(url, os.environ) is not None
