"""A host that makes a mistake: a merge whose tree is not what merging gives."""

import re
from typing import TYPE_CHECKING

from tests.support.github.repository import EmulatedRepository

if TYPE_CHECKING:
    from tests.support.github.emulator import GitHubEmulator

MISTAKE = "mistake-of-the-host.txt"
_PULL = re.compile(r"/repos/([^/]+/[^/]+)/pulls/(\d+)/")


def spoil(hub: "GitHubEmulator", path: str) -> None:
    """Spoils the next merge of the pull request that a request is about."""
    named = _PULL.match(path)
    repository = hub.find(named[1]) if named else None
    if named and repository is not None:
        repository.to_spoil.add(int(named[2]))


def spoiled(repository: EmulatedRepository, number: int, commit: str) -> str:
    """The commit, with a file that nobody wrote where this merge is to be spoiled."""
    if number not in repository.to_spoil:
        return commit
    return repository.git.with_file(commit, MISTAKE, f"pull request {number}\n")


def note_spoiled(repository: EmulatedRepository, number: int, commit: str) -> None:
    """Notes that the base has moved to `commit`, if that was to be spoiled."""
    if number in repository.to_spoil:
        repository.to_spoil.discard(number)
        repository.spoiled.append((number, commit))
