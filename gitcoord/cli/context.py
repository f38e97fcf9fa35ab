"""What most commands begin with: the repository, its settings, the refs that everybody sees, the state."""

import os
from pathlib import Path

from gitcoord.errors import GitcoordError
from gitcoord.git.default_branch import find_base
from gitcoord.git.read_only import cannot_write, copied, is_writable
from gitcoord.git.remote_refs import SharedRefs
from gitcoord.git.repository import Repository, RepositoryPlace, locate
from gitcoord.settings import Settings
from gitcoord.settings_file import load_settings
from gitcoord.state.store import Store


class Context:
    """One command's world. `state_prefix` comes from `GITCOORD_STATE_PREFIX`, else from the settings."""

    def __init__(self, repository: Repository, settings: Settings) -> None:
        self.repository = repository
        self.settings = settings
        prefix = os.environ.get("GITCOORD_STATE_PREFIX") or settings.state_prefix
        self.shared = SharedRefs(repository, prefix)
        self.store = Store(repository, self.shared)

    def base(self, asked: str | None = None) -> str:
        """The branch that work lands on: `asked`, the settings', or what the repository suggests."""
        return find_base(self.shared, asked or self.settings.base)


def open_context(start: Path | None = None, *, reads: bool = False, restores: bool = False) -> Context:
    """The context of the current directory. Raises `no-repository`, `old-git` or `bad-settings`.

    A command that only `reads` works in a repository that cannot be written, too; all others raise
    `read-only` there. One that `restores` first takes back what killed attempts changed in the configuration:
    the remote may be missing there.
    """
    place = locate(start)
    if not is_writable(place):
        if not reads:
            raise cannot_write(place)
        place = copied(place)
    if restores:
        _restore(place)
    settings = load_settings(place.root)
    return Context(place.open(settings.remote, settings.rules.union), settings)


def _restore(place: RepositoryPlace) -> None:
    from gitcoord.cli.views.notices import killed_sentence
    from gitcoord.cli.views.output import say
    from gitcoord.worker.attempt.shared_config import put_back_of_the_dead

    for attempt, keys in put_back_of_the_dead(place.git, place.common_dir):
        say(killed_sentence(attempt, keys))


def maybe_context(start: Path | None = None, *, reads: bool = False) -> Context | None:
    """The context, or None outside a git repository."""
    try:
        return open_context(start, reads=reads)
    except GitcoordError as error:
        if error.code == "no-repository":
            return None
        raise
