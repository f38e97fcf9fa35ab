"""Finds the repository in a pull request's name: `OWNER/REPO#12`, or `api#12` (`api` as in the settings)."""

from collections.abc import Sequence

from gitcoord.cli.context import Context, acts_across, open_context
from gitcoord.errors import usage_error
from gitcoord.forge.github_repository_name import github_repository


def named_repository(words: Sequence[str]) -> tuple[str, list[str]]:
    """Returns the repository that the words name (empty: this one), and the words without it.

    Raises `several-repositories` (exit 2) if they name more than one.
    """
    parts = [part.strip().rpartition("#") for text in words for part in text.split(",")]
    names = {name for name, _, _ in parts}
    if not names - {""}:
        return "", list(words)
    if len(names) > 1:
        raise usage_error(
            "several-repositories",
            "`gitcoord land` lands pull requests of one repository at a time.",
            "Name those of one repository, then those of the next.",
        )
    return names.pop(), [number for _, _, number in parts]


def open_named(name: str, *, reads: bool) -> Context:
    """Opens the repository called `name` (empty: this one). Raises `no-such-repository` (exit 2)."""
    context = open_context(reads=reads, several=True)
    return _find(context, name) if name else context


def _find(home: Context, name: str) -> Context:
    contexts = {"home": home}
    if acts_across(home.settings):
        from gitcoord.cli.across.repositories import Repositories

        contexts = Repositories(home).contexts
    for known, context in contexts.items():
        if name == known or name.lower() == _full_name(context).lower():
            return context
    raise usage_error(
        "no-such-repository",
        f"There is no repository {name} here.",
        f"Known repositories: {', '.join(contexts)}. "
        "For a repository on GitHub, you can also write OWNER/REPO#12.",
    )


def _full_name(context: Context) -> str:
    url = context.repository.remote_url
    found = github_repository(url, context.environ) if url is not None else None
    return context.settings.repository or found or ""
