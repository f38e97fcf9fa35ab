"""A host that merges a rollback wrong."""

from tests.support.github.emulator import GitHubEmulator
from tests.support.github.repository import EmulatedRepository


def spoil_rollbacks(hub: GitHubEmulator, app: EmulatedRepository) -> None:
    """Spoils the first merge of a rollback: by a client, a person, auto-merge or the queue."""

    def spoil() -> None:
        if not app.spoiled:
            pulls = [*app.pulls.values()]
            app.to_spoil.update(pull.number for pull in pulls if "rollback" in pull.head)

    spoil()
    hub.when(r"POST .*/pulls$", spoil, when="after")
